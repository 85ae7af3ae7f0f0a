"""The embedded server's last checkpoint, made while the process still ends: it syncs each file of the database."""

from __future__ import annotations

import asyncio
import logging

import asyncpg

from app.kit.database_outages import CONNECTION_ERRORS
from app.kit.ending import Ending

log = logging.getLogger("tranche.postgres")


class EarlyCheckpoint:
    """Has what is dirty written and synced as soon as the process is asked to end, while steps and requests come to
    theirs; the server's own checkpoint when it stops finds little left. It took 1 to 1.5 s of the stop (300 files)."""

    def __init__(self, dsn: str, ending: Ending) -> None:
        self._dsn, self._ending = dsn, ending
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._checkpoint(), name="early checkpoint")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _checkpoint(self) -> None:
        await self._ending.asked.wait()
        try:
            connection = await asyncpg.connect(self._dsn, timeout=5)
            try:
                await connection.execute("checkpoint")
            finally:
                connection.terminate()
        except (*CONNECTION_ERRORS, OSError, asyncpg.PostgresError) as error:
            log.info("no checkpoint before the stop: %s", type(error).__name__)
