"""Where suspects run: a process that runs nothing else, and whose end its parent sees.

Jobs that ran when two workers died may have killed them. They run here, so that they take no others with them. When
this process dies under them, and the one that started it lives on, the death was of their own making (decision 0034).
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from app.kit.ids import new_id

log = logging.getLogger("tranche.quarantine")
MODULE: Final = "app.commands.quarantine"
DOUBT: Final = 1.0
"""Seconds before its death is put down to its jobs: whoever kills all of them may kill this one first."""
PAUSE: Final = 1.0
"""Seconds before another is started after one that died."""
STOP_SECONDS: Final = 4.0
Died = Callable[[UUID], Awaitable[None]]


class Quarantine:
    """Starts the process when it is woken, and calls `died` with its worker's id when it ended by itself.

    `settings`: those that this process was started with, by name.
    """

    def __init__(self, settings: Callable[[], dict[str, Any]], died: Died) -> None:
        self._settings, self._died = settings, died
        self._wanted = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There are suspects to run."""
        self._wanted.set()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="quarantine")

    async def stop(self) -> None:
        """End the process, which puts back what it runs."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])
        if process := self._process:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self._run_once()
            except Exception:
                log.exception("the process for suspects could not be started")
            await asyncio.sleep(PAUSE)

    async def _run_once(self) -> None:
        worker_id = new_id()
        command = (sys.executable, "-m", MODULE)
        process = self._process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
        assert process.stdin
        # The line stays open: when it breaks, this process is gone, and so is the other.
        process.stdin.write(json.dumps({"worker_id": str(worker_id), "settings": self._settings()}).encode() + b"\n")
        code = await process.wait()
        self._process = None
        if code:
            log.warning("the process for suspects died (%s)", code)
            await asyncio.sleep(DOUBT)
            await self._died(worker_id)
