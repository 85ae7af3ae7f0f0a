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

from sqlalchemy import func, select

from app.auth.live import is_disabled
from app.batches.models import Batch, Job
from app.kit.db import Database
from app.kit.outage import Outage
from app.kit.service import Periodic
from app.runner.claimer import Claimer
from app.runner.identity import Identity
from app.runner.roll_call import INTERVAL, RollCall
from app.runner.waits import Wait
from app.runner.worker_repository import delete_workers, list_heard, write_heartbeat

log = logging.getLogger("tranche.heartbeat")
HARD_STOP_AFTER: Final = timedelta(seconds=30)
StopJobs = Callable[[Iterable[UUID], Iterable[UUID]], None]
"""Given batches, and single jobs."""
Waits = Callable[[], Mapping[str, Sequence[Wait]]]


class Heartbeat(Periodic):
    """Refreshes the worker's row every two seconds from the event loop: a blocked loop is a lost heartbeat.

    With each it looks at the others' rows (`roll_call`). `on_taken_for_dead`: our own row was removed, and our jobs are
    others' by now.
    """

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
        on_taken_for_dead: Callable[[], None],
    ) -> None:
        super().__init__()
        self._database, self._worker_id, self._claimer = database, worker_id, claimer
        self._stop_jobs, self._stop_waiting, self._waits = stop_jobs, stop_waiting, waits
        self._on_taken_for_dead = on_taken_for_dead
        self._identity = identity._asdict() if (identity := Identity.of_this_process()) else {}
        self._known = False
        self.roll_call = RollCall()

    async def start(self) -> None:
        await self._beat()
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        with suppress(Outage):
            async with self._database.transaction() as session:
                await delete_workers(session, [self._worker_id])

    async def turn(self) -> None:
        await self._beat()
        await self._stop_jobs_of_stopped()

    async def _stop_jobs_of_stopped(self) -> None:
        """Interrupt what only waits in batches that are paused, cancelled or of a disabled organisation.

        Half a minute after a cancel, interrupt all of it. Jobs that were cancelled by themselves likewise.
        """
        batch_ids = self._claimer.batches()
        if not batch_ids:
            return
        overdue = (Batch.status == "cancelling") & (Batch.cancelled_at < func.clock_timestamp() - HARD_STOP_AFTER)
        stopped = Batch.status.in_(("paused", "cancelling")) | is_disabled(Batch.organisation_id)
        query = select(Batch.id, overdue).where(Batch.id.in_(batch_ids), stopped)
        late = Job.cancel_requested_at < func.clock_timestamp() - HARD_STOP_AFTER
        cancelled = select(Job.id, late).where(Job.id.in_(self._claimer.jobs()), Job.cancel_requested_at.is_not(None))
        async with self._database.transaction() as session:
            found = [(row[0], row[1]) for row in await session.execute(query)]
            jobs = [(row[0], row[1]) for row in await session.execute(cancelled)]
        self._stop_waiting([batch_id for batch_id, _ in found], [job_id for job_id, _ in jobs])
        self._stop_jobs([one for one, is_overdue in found if is_overdue], [one for one, is_late in jobs if is_late])

    async def _beat(self) -> None:
        row = {"id": self._worker_id, "host": socket.gethostname(), "pid": os.getpid(), **self._identity}
        row |= {"slots": self._claimer.slots, "running": self._claimer.running, "waits": self._waits()}
        async with self._database.statements() as session:
            is_new = await write_heartbeat(session, row)
            others = await list_heard(session, besides=self._worker_id)
        self.roll_call.note(others)
        if is_new and self._known:
            self._on_taken_for_dead()
        self._known = True
