"""Finds what fell through: jobs of dead processes, work that nobody was notified of, quiet batches left open.

Every process runs it; a lock in the database lets one sweep at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import or_

from app.kit.availability import outlast, patience, unseen
from app.kit.db import Database
from app.kit.isolation import each
from app.kit.lookout import UNSEEN, any_row
from app.kit.rows import read_row
from app.kit.service import Periodic
from app.kit.words import quantity
from app.runner import metrics
from app.runner.engine import ENTRYPOINT, LOG_TABLE, QUEUE_TABLE, SUSPECTS, take_over
from app.runner.functions import CRASHES_OF_SUSPECTS
from app.runner.identity import Identity
from app.runner.roll_call import RollCall
from app.runner.transitions import HELD_JOB_COLUMNS, HeldJob
from app.runner.worker_repository import Heard, delete_workers, list_heard

log = logging.getLogger("tranche.sweeper")
HEARTBEAT_DUE: Final = 2.5
"""Seconds after which a worker's next heartbeat is missing. Until then it is taken for alive, whatever else is seen."""
STALE_AFTER: Final = timedelta(seconds=30)
"""What was claimed by a process that is no worker is left alone so long: its first heartbeat may be on its way."""
PATIENCE: Final = "5 seconds"
"""A batch that changed so lately is left alone: whoever changed it notifies for it or closes it."""
KEEP_ENGINE_LOG: Final = "1 hour"
LOCK_KEY: Final = 7_236_541_020


def _unchanged_for(column: str, interval: str) -> str:
    """SQL: nothing was written there for so long. A moment that is as far ahead is of a clock that was put back."""
    return f"({column} < clock_timestamp() - {interval} or {column} > clock_timestamp() + {interval})"


_PATIENT = f"interval '{PATIENCE}'"
_LOST_JOBS = f"""
select {HELD_JOB_COLUMNS}, w.id as worker_id from jobs j
left join {QUEUE_TABLE} q on q.id = j.claimed_by left join workers w on w.id = q.queue_manager_id
where j.status = 'running' and (w.id = any($1::uuid[])
  or w.id is null and {_unchanged_for("j.updated_at", "$2::interval")})"""
_OF_NOBODY = f"""
select 1 from jobs j
left join {QUEUE_TABLE} q on q.id = j.claimed_by left join workers w on w.id = q.queue_manager_id
where j.status = 'running' and w.id is null
  and {_unchanged_for("j.updated_at", f"interval '{STALE_AFTER.total_seconds()} seconds'")}"""
_DUE = f"""
select b.id from batches b join organisations o on o.id = b.organisation_id and o.disabled_at is null
where b.status in ('pending', 'processing') and {_unchanged_for("b.updated_at", _PATIENT)}
  and b.running_jobs < case when b.execution_mode = 'sequential' then 1 else b.max_parallel end
  and exists (select from jobs j where j.batch_id = b.id and j.status = 'pending' and j.run_at <= clock_timestamp()
    and j.crash_count {{crashes}} {CRASHES_OF_SUSPECTS})
  and not exists (select from {QUEUE_TABLE} q where q.entrypoint = '{{entrypoint}}' and q.status in ({{statuses}})
    and (q.status = 'picked' or q.execute_after < clock_timestamp() + {_PATIENT})
    and q.payload = convert_to(b.id::text, 'UTF8'))
limit 500"""
_UNNOTIFIED = _DUE.format(crashes="<", entrypoint=ENTRYPOINT, statuses="'queued'")
_UNNOTIFIED_SUSPECTS = _DUE.format(crashes=">=", entrypoint=SUSPECTS, statuses="'queued', 'picked'")
"""A group is taken under a dispatch that goes on until the batch has no suspects."""
_UNTAKEN = f"select 1 from {QUEUE_TABLE} where entrypoint = '{SUSPECTS}' and status = 'queued' limit 1"
_UNCLOSED = f"""
select id from batches where needs_summary and status in ('pending', 'processing', 'paused', 'cancelling')
  and pending_jobs + running_jobs = 0 and (sealed is distinct from false or status = 'cancelling')
  and {_unchanged_for("updated_at", _PATIENT)} limit 100"""
_UNCANCELLED = "select id from batches where status = 'cancelling' and pending_jobs > 0 limit 100"
_TRY_LOCK = f"select pg_try_advisory_xact_lock({LOCK_KEY}) as locked"
_PRUNE_LOG = f"delete from {LOG_TABLE} where created < clock_timestamp() - interval '{KEEP_ENGINE_LOG}'"


ANYTHING: Final = or_(
    *(any_row(query) for query in (_OF_NOBODY, _UNNOTIFIED, _UNNOTIFIED_SUSPECTS, _UNTAKEN, _UNCLOSED, _UNCANCELLED))
)
"""Whether a sweep would find anything but what silent workers hold."""


class Healer(Protocol):
    """What a sweep asks for where it finds something: the Runner."""

    async def rescue(self, job: HeldJob, peers: int, *, witnessed: bool = False) -> None: ...

    def notify(self, batch_id: UUID) -> None: ...

    def notify_of_suspects(self, batch_id: UUID) -> None: ...

    def run_suspects(self) -> None: ...

    async def cancel_pending(self, batch_id: UUID) -> None: ...

    async def close(self, batch_id: UUID) -> None: ...


class Sweeper(Periodic):
    """Sweeps when the lookout sees that there is something, when a worker's heartbeat is missing, and at once when it
    starts, for what an earlier process left behind."""

    interval, log = UNSEEN, log

    def __init__(self, database: Database, worker_id: UUID, roll_call: RollCall, healer: Healer) -> None:
        super().__init__()
        self._database, self._worker_id, self._roll_call, self._healer = database, worker_id, roll_call, healer
        self._is_first = True
        roll_call.on_missing, roll_call.is_gone = self.wake, self._is_gone
        self._identity = Identity.of_this_process()

    async def turn(self) -> None:
        """One sweep, unless another process is at it."""
        async with self._database.transaction() as session:
            connection = await session.connection()

            async def fetch(query: str, *arguments: Any) -> list[Any]:
                return list((await connection.exec_driver_sql(query, arguments)).all())

            if not (await fetch(_TRY_LOCK))[0].locked:
                return
            dead = [worker.id for worker in await list_heard(session, besides=self._worker_id) if self._is_dead(worker)]
            lost = await fetch(_LOST_JOBS, dead, STALE_AFTER)
            unnotified = [batch.id for batch in await fetch(_UNNOTIFIED)]
            unnotified_suspects = [batch.id for batch in await fetch(_UNNOTIFIED_SUSPECTS)]
            untaken = await fetch(_UNTAKEN)
            unclosed = [batch.id for batch in await fetch(_UNCLOSED)]
            uncancelled = [batch.id for batch in await fetch(_UNCANCELLED)]
            await connection.exec_driver_sql(_PRUNE_LOG)
        if lost:
            processes = quantity(len(dead), "dead process", "dead processes")
            log.warning("put back %s of %s", quantity(len(lost), "job"), processes)
        await self._rescue(lost)
        if dead or lost or self._is_first:
            await self._bury(dead)
            self._is_first = False
        metrics.UNNOTIFIED.inc(len(unnotified) + len(unnotified_suspects))
        for batch_id in unnotified_suspects:
            self._healer.notify_of_suspects(batch_id)
        if untaken:
            self._healer.run_suspects()
        for batch_id in unnotified:
            self._healer.notify(batch_id)
        await each(uncancelled, self._healer.cancel_pending, log, lambda batch_id: f"cancelling batch {batch_id}")
        await each(unclosed, self._healer.close, log, lambda batch_id: f"closing batch {batch_id}")

    async def _rescue(self, lost: Sequence[Any], *, witnessed: bool = False) -> None:
        peers = Counter(job.worker_id for job in lost)
        jobs = [(read_row(HeldJob, job._mapping), peers[job.worker_id]) for job in lost]

        async def rescue(one: tuple[HeldJob, int]) -> None:
            await self._healer.rescue(*one, witnessed=witnessed)

        # At once, as their rows are written in groups.
        await asyncio.gather(*(each([one], rescue, log, lambda one: f"rescuing job {one[0].job_id}") for one in jobs))

    async def bury_suspects(self, worker_id: UUID) -> None:
        """Put back what the process for suspects ran, which this process has seen die."""
        with patience(unseen):
            await outlast(partial(self._bury_suspects, worker_id))

    async def _bury_suspects(self, worker_id: UUID) -> None:
        async with self._database.transaction() as session:
            connection = await session.connection()
            lost = (await connection.exec_driver_sql(_LOST_JOBS, ([worker_id], STALE_AFTER))).all()
        await self._rescue([job for job in lost if job.worker_id == worker_id], witnessed=True)
        await self._bury([worker_id])

    def _is_dead(self, worker: Heard) -> bool:
        if self._roll_call.is_silent(worker):
            return True
        # Where the kernel or the database shows it there is no need to wait for more than one missed heartbeat.
        if not (self._is_gone(worker) or self._roll_call.is_cut_off(worker)):
            return False
        if worker.age < HEARTBEAT_DUE:
            asyncio.get_running_loop().call_later(HEARTBEAT_DUE - max(worker.age, 0), self.wake)
        return worker.age >= HEARTBEAT_DUE

    def _is_gone(self, worker: Heard) -> bool:
        return bool(self._identity and worker.identity and self._identity.is_gone(worker.identity))

    async def _bury(self, dead: Sequence[UUID]) -> None:
        """Others take the dispatches of the dead, whose jobs are pending again, and their rows go."""
        async with self._database.transaction() as session:
            await take_over(session, dead, STALE_AFTER)
            await delete_workers(session, dead)
