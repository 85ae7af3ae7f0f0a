"""A child that is forked while the process has neither threads nor a loop, and waits.

What its work imports, and leaves in memory, goes when it ends.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress


def fork(work: Callable[[int], object], close: Callable[[], object], *, child_reads: bool) -> tuple[int, int] | None:
    """A child that does `work` with its end of a pipe and exits with 0 if nothing was raised: its number and our end.

    `close` closes there what it has no use for. None: there is no room for a process.
    """
    source, sink = os.pipe()
    theirs, ours = (source, sink) if child_reads else (sink, source)
    try:
        pid = os.fork()
    except OSError:
        os.close(source)
        os.close(sink)
        return None
    if pid:
        os.close(theirs)
        return pid, ours
    code = 1
    try:
        close()
        os.close(ours)
        work(theirs)
        code = 0
    finally:
        os._exit(code)


class Forked:
    """Does `work` in a child, once, if it was begun in time and is asked to; without that nothing is done anywhere."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._child: tuple[int, int] | None = None

    def begin(self, close: Callable[[], object] = lambda: None) -> None:
        """Start the child; `close` closes there what it has no use for. It ends with this process unless it works."""
        self._child = fork(self._wait, close, child_reads=True)

    def _wait(self, source: int) -> None:
        if not os.read(source, 1):
            raise SystemExit  # nobody asked
        self._work()

    async def done(self) -> bool:
        """Have the work done. False: there was no child, or it failed, and whoever asks had better do it itself."""
        return await self._end(wanted=True)

    async def release(self) -> None:
        """Let the child go without having worked."""
        await self._end(wanted=False)

    async def _end(self, *, wanted: bool) -> bool:
        if self._child is None:
            return False
        (pid, sink), self._child = self._child, None
        with suppress(BrokenPipeError):
            os.write(sink, b"\n" if wanted else b"")
        os.close(sink)
        try:
            _, status = await asyncio.to_thread(os.waitpid, pid, 0)
        except asyncio.CancelledError:
            os.kill(pid, signal.SIGTERM)  # its thread still waits for it
            raise
        return status == 0
