"""The end of a process whose database has fallen silent: no connection is said to be lost, so waits have no end."""

from __future__ import annotations

import asyncio
import logging

from app.kit.db import Database
from app.kit.ending import Ending

log = logging.getLogger("tranche.ending")
ENDING_SECONDS, ANSWER_SECONDS = 3.0, 2.0
"""After so long steps and requests have ended; a database that then lets nobody in for so long will not answer them."""


class LastResort:
    """A service: cuts the connections to the database when the process should have ended."""

    def __init__(self, database: Database, ending: Ending) -> None:
        self._database, self._ending = database, ending
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._cut(), name="last resort")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()

    async def _cut(self) -> None:
        await self._ending.asked.wait()
        await asyncio.sleep(ENDING_SECONDS)
        # Two different things to wait for, at the end of the process alone.
        while await self._database.answers(ANSWER_SECONDS):  # noqa: ASYNC110
            await asyncio.sleep(ENDING_SECONDS)
        log.warning("the database does not answer: what waits for it is left to the next start")
        self._database.abandon()
