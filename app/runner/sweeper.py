"""Finds what fell through: jobs of dead processes, work that nobody was notified of, quiet batches left open.

Every process runs it; a lock in the database lets one sweep at a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from app.kit.db import Database
from app.kit.rows import read_row
from app.kit.service import Periodic
from app.kit.words import quantity
from app.runner.engine import ENTRYPOINT, LOG_TABLE, QUEUE_TABLE
from app.runner.transitions import HELD_JOB_COLUMNS, HeldJob

log = logging.getLogger("tranche.sweeper")
INTERVAL: Final = 2.0
DEAD_AFTER: Final = "10 seconds"
"""Five missed heartbeats. While the server itself was away nobody could send one, so its start counts as one."""
STALE_AFTER: Final = "30 seconds"
"""Running jobs without a dispatch are left alone so long: theirs may be on its way."""
PATIENCE: Final = "5 seconds"
"""A batch that changed so lately is left alone: whoever changed it notifies for it or closes it."""
KEEP_ENGINE_LOG: Final = "1 hour"
LOCK_KEY: Final = 7_236_541_020

_WORKERS = f"""
select id, host, pid,
  greatest(seen_at, pg_postmaster_start_time()) < clock_timestamp() - interval '{DEAD_AFTER}' as silent
from workers"""
_JOBS_OF_WORKERS = f"""
select {HELD_JOB_COLUMNS} from jobs j join {QUEUE_TABLE} q on q.id = j.claimed_by
where j.status = 'running' and q.queue_manager_id = any($1::uuid[])"""
_ORPHANS = f"""
select {HELD_JOB_COLUMNS} from jobs j
where j.status = 'running' and j.updated_at < clock_timestamp() - interval '{STALE_AFTER}'
  and not exists (select from {QUEUE_TABLE} q where q.id = j.claimed_by)"""
_UNNOTIFIED = f"""
select b.id from batches b
where b.status in ('pending', 'processing') and b.updated_at < clock_timestamp() - interval '{PATIENCE}'
  and b.running_jobs < case when b.execution_mode = 'sequential' then 1 else b.max_parallel end
  and exists (select from jobs j where j.batch_id = b.id and j.status = 'pending' and j.run_at <= clock_timestamp())
  and not exists (select from {QUEUE_TABLE} q where q.entrypoint = '{ENTRYPOINT}' and q.status = 'queued'
    and q.payload = convert_to(b.id::text, 'UTF8'))
limit 500"""
_UNCLOSED = f"""
select id from batches where needs_summary and status in ('processing', 'paused', 'cancelling')
  and pending_jobs + running_jobs = 0 and updated_at < clock_timestamp() - interval '{PATIENCE}' limit 100"""
_UNCANCELLED = "select id from batches where status = 'cancelling' and pending_jobs > 0 limit 100"
_TRY_LOCK = f"select pg_try_advisory_xact_lock({LOCK_KEY}) as locked"
_PRUNE_LOG = f"delete from {LOG_TABLE} where created < clock_timestamp() - interval '{KEEP_ENGINE_LOG}'"


class Healer(Protocol):
    """What a sweep asks for where it finds something: the Runner."""

    async def rescue(self, job: HeldJob) -> None: ...

    def notify(self, batch_id: UUID) -> None: ...

    async def cancel_pending(self, batch_id: UUID) -> None: ...

    async def close(self, batch_id: UUID) -> None: ...


class Sweeper(Periodic):
    """Sweeps every two seconds, and at once when it starts, for what an earlier process left behind."""

    interval, log = INTERVAL, log

    def __init__(self, database: Database, worker_id: UUID, healer: Healer) -> None:
        super().__init__()
        self._database, self._worker_id, self._healer = database, worker_id, healer

    async def turn(self) -> None:
        """One sweep, unless another process is at it."""
        async with self._database.transaction() as session:
            connection = await session.connection()

            async def fetch(query: str, *arguments: Any) -> list[Any]:
                return list((await connection.exec_driver_sql(query, arguments)).all())

            if not (await fetch(_TRY_LOCK))[0].locked:
                return
            dead = [worker.id for worker in await fetch(_WORKERS) if self._is_dead(worker)]
            found = await fetch(_ORPHANS)
            if dead:
                found += await fetch(_JOBS_OF_WORKERS, dead)
            rescued = [read_row(HeldJob, job._mapping) for job in found]
            unnotified = [batch.id for batch in await fetch(_UNNOTIFIED)]
            unclosed = [batch.id for batch in await fetch(_UNCLOSED)]
            uncancelled = [batch.id for batch in await fetch(_UNCANCELLED)]
            await connection.exec_driver_sql(_PRUNE_LOG)
        if rescued:
            processes = quantity(len(dead), "dead process", "dead processes")
            log.warning("put back %s of %s", quantity(len(rescued), "job"), processes)
        await asyncio.gather(*(self._healer.rescue(job) for job in rescued))
        for batch_id in unnotified:
            self._healer.notify(batch_id)
        for batch_id in uncancelled:
            await self._healer.cancel_pending(batch_id)
        for batch_id in unclosed:
            await self._healer.close(batch_id)
        if dead:
            await self._forget(dead)

    def _is_dead(self, worker: Any) -> bool:
        if worker.id == self._worker_id:
            return False
        # On this machine there is no need to wait for missed heartbeats.
        here = worker.host == socket.gethostname() and worker.pid != os.getpid() and Path("/proc/self").exists()
        return worker.silent or (here and not Path(f"/proc/{worker.pid}").exists())

    async def _forget(self, worker_ids: list[Any]) -> None:
        async with self._database.transaction() as session:
            connection = await session.connection()
            await connection.exec_driver_sql("delete from workers where id = any($1::uuid[])", (worker_ids,))
