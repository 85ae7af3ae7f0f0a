"""This process's row among the workers: refreshed while its loop turns, removed when it stops."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from app.batches.models import Batch
from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN
from app.kit.service import Periodic
from app.runner.claimer import Claimer
from app.runner.models import Worker

log = logging.getLogger("tranche.heartbeat")
INTERVAL: Final = 2.0
HARD_STOP_AFTER: Final = timedelta(seconds=30)
StopJobs = Callable[[Iterable[UUID]], None]


class Heartbeat(Periodic):
    """Refreshes the worker's row every two seconds from the event loop: a blocked loop is a lost heartbeat."""

    interval = first_wait = INTERVAL
    log = log

    def __init__(self, database: Database, worker_id: UUID, claimer: Claimer, stop_jobs: StopJobs) -> None:
        super().__init__()
        self._database, self._worker_id, self._claimer, self._stop_jobs = database, worker_id, claimer, stop_jobs

    async def start(self) -> None:
        await self._beat()
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        with suppress(SQLAlchemyError, *DATABASE_DOWN):
            async with self._database.transaction() as session:
                await session.execute(delete(Worker).where(Worker.id == self._worker_id))

    async def turn(self) -> None:
        await self._beat()
        await self._stop_overdue()

    async def _stop_overdue(self) -> None:
        """Interrupt steps that still run half a minute after their batch was cancelled."""
        if batch_ids := self._claimer.batches():
            overdue = Batch.cancelled_at < func.clock_timestamp() - HARD_STOP_AFTER
            query = select(Batch.id).where(Batch.id.in_(batch_ids), Batch.status == "cancelling", overdue)
            async with self._database.transaction() as session:
                self._stop_jobs((await session.execute(query)).scalars().all())

    async def _beat(self) -> None:
        async with self._database.transaction() as session:
            values = {"running": self._claimer.running, "seen_at": func.clock_timestamp()}
            known = await session.execute(update(Worker).where(Worker.id == self._worker_id).values(values))
            if not getattr(known, "rowcount", 0):
                fixed = {"id": self._worker_id, "host": socket.gethostname(), "pid": os.getpid()}
                row = insert(Worker).values(**fixed, slots=self._claimer.slots, running=self._claimer.running)
                await session.execute(row.on_conflict_do_nothing())
