"""This process's row among the workers: refreshed while its loop turns, removed when it stops."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from app.runner.waits import Wait

log = logging.getLogger("tranche.heartbeat")
INTERVAL: Final = 2.0
HARD_STOP_AFTER: Final = timedelta(seconds=30)
StopJobs = Callable[[Iterable[UUID]], None]
Waits = Callable[[], Mapping[str, Sequence[Wait]]]


class Heartbeat(Periodic):
    """Refreshes the worker's row every two seconds from the event loop: a blocked loop is a lost heartbeat."""

    interval = first_wait = INTERVAL
    log = log

    def __init__(
        self,
        database: Database,
        worker_id: UUID,
        claimer: Claimer,
        stop_jobs: StopJobs,
        stop_waiting: StopJobs,
        waits: Waits,
    ) -> None:
        super().__init__()
        self._database, self._worker_id, self._claimer = database, worker_id, claimer
        self._stop_jobs, self._stop_waiting, self._waits = stop_jobs, stop_waiting, waits

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
        await self._stop_jobs_of_stopped()

    async def _stop_jobs_of_stopped(self) -> None:
        """Interrupt what only waits in batches that are paused or cancelled; all of it half a minute after a cancel."""
        batch_ids = self._claimer.batches()
        if not batch_ids:
            return
        overdue = (Batch.status == "cancelling") & (Batch.cancelled_at < func.clock_timestamp() - HARD_STOP_AFTER)
        query = select(Batch.id, overdue).where(Batch.id.in_(batch_ids), Batch.status.in_(("paused", "cancelling")))
        async with self._database.transaction() as session:
            found = [(row[0], row[1]) for row in await session.execute(query)]
        self._stop_waiting([batch_id for batch_id, _ in found])
        self._stop_jobs([batch_id for batch_id, is_overdue in found if is_overdue])

    async def _beat(self) -> None:
        async with self._database.transaction() as session:
            values = {"running": self._claimer.running, "waits": self._waits(), "seen_at": func.clock_timestamp()}
            known = await session.execute(update(Worker).where(Worker.id == self._worker_id).values(values))
            if not getattr(known, "rowcount", 0):
                fixed = {"id": self._worker_id, "host": socket.gethostname(), "pid": os.getpid()}
                row = insert(Worker).values(**fixed, slots=self._claimer.slots, running=self._claimer.running)
                await session.execute(row.on_conflict_do_nothing())
