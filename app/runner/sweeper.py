"""Finds what fell through: jobs of dead processes, work that nobody was notified of, quiet batches left open.

Every process runs it; a lock in the database lets one sweep at a time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.kit.db import Database
from app.kit.service import Periodic
from app.kit.words import quantity
from app.runner.engine import ENTRYPOINT, LOG_TABLE, QUEUE_TABLE

if TYPE_CHECKING:
    from app.runner.runner import Runner

log = logging.getLogger("tranche.sweeper")
INTERVAL: Final = 2.0
DEAD_AFTER: Final = "10 seconds"
"""Five missed heartbeats. While the server itself was away nobody could send one, so its start counts as one."""
STALE_AFTER: Final = "30 seconds"
"""Running jobs without a dispatch, and work without a notification, are left alone so long: it may be on its way."""
KEEP_ENGINE_LOG: Final = "1 hour"
LOCK_KEY: Final = 7_236_541_020

_WORKERS = f"""
select id, host, pid,
  greatest(seen_at, pg_postmaster_start_time()) < clock_timestamp() - interval '{DEAD_AFTER}' as silent
from workers"""
_JOBS_OF_WORKERS = f"""
select j.batch_id, j.id, j.attempt, j.step_position from jobs j join {QUEUE_TABLE} q on q.id = j.claimed_by
where j.status = 'running' and q.queue_manager_id = any($1::uuid[])"""
_ORPHANS = f"""
select j.batch_id, j.id, j.attempt, j.step_position from jobs j
where j.status = 'running' and j.updated_at < clock_timestamp() - interval '{STALE_AFTER}'
  and not exists (select from {QUEUE_TABLE} q where q.id = j.claimed_by)"""
_UNNOTIFIED = f"""
select b.id from batches b
where b.status in ('pending', 'processing') and b.updated_at < clock_timestamp() - $1::float8 * interval '1 second'
  and b.running_jobs < case when b.execution_mode = 'sequential' then 1 else b.max_parallel end
  and exists (select from jobs j where j.batch_id = b.id and j.status = 'pending' and j.run_at <= clock_timestamp())
  and not exists (select from {QUEUE_TABLE} q where q.entrypoint = '{ENTRYPOINT}' and q.status = 'queued'
    and q.payload = convert_to(b.id::text, 'UTF8'))
limit 500"""
_UNCLOSED = """
select id from batches where needs_summary and status in ('processing', 'paused', 'cancelling')
  and pending_jobs + running_jobs = 0 and updated_at < clock_timestamp() - interval '5 seconds' limit 100"""
_UNCANCELLED = "select id from batches where status = 'cancelling' and pending_jobs > 0 limit 100"
_PRUNE_LOG = f"delete from {LOG_TABLE} where created < clock_timestamp() - interval '{KEEP_ENGINE_LOG}'"


class Sweeper(Periodic):
    """Sweeps every two seconds, and once at the start with no patience for what an earlier process left behind."""

    interval, log = INTERVAL, log

    def __init__(self, database: Database, runner: Runner) -> None:
        super().__init__()
        self._database, self._runner = database, runner

    async def turn(self) -> None:
        await self.sweep()

    async def sweep(self, *, patience_seconds: float = 5.0) -> None:
        """One sweep, unless another process is at it."""
        async with self._database.transaction() as session:
            connection = await session.connection()

            async def fetch(query: str, *arguments: Any) -> list[Any]:
                return list((await connection.exec_driver_sql(query, arguments)).all())

            if not (await fetch("select pg_try_advisory_xact_lock($1)", LOCK_KEY))[0][0]:
                return
            dead = [row for row in await fetch(_WORKERS) if self._is_dead(*row)]
            rescued = await fetch(_JOBS_OF_WORKERS, [row[0] for row in dead]) if dead else []
            rescued += await fetch(_ORPHANS)
            unnotified = [row[0] for row in await fetch(_UNNOTIFIED, patience_seconds)]
            unclosed = [row[0] for row in await fetch(_UNCLOSED)]
            uncancelled = [row[0] for row in await fetch(_UNCANCELLED)]
            await connection.exec_driver_sql(_PRUNE_LOG)
        if rescued:
            processes = quantity(len(dead), "dead process", "dead processes")
            log.warning("put back %s of %s", quantity(len(rescued), "job"), processes)
        await asyncio.gather(*(self._runner.rescue(*row) for row in rescued))
        if unnotified:
            await self._runner.engine.notify(dict.fromkeys(unnotified, 0.0))
        for batch_id in uncancelled:
            await self._runner.cancel_pending(batch_id)
        for batch_id in unclosed:
            await self._runner.close(batch_id)
        if dead:
            await self._forget([row[0] for row in dead])

    def _is_dead(self, worker_id: Any, host: str, pid: int, silent: bool) -> bool:
        if worker_id == self._runner.worker_id:
            return False
        # On this machine there is no need to wait for missed heartbeats.
        here = host == socket.gethostname() and pid != os.getpid() and Path("/proc/self").exists()
        return silent or (here and not Path(f"/proc/{pid}").exists())

    async def _forget(self, worker_ids: list[Any]) -> None:
        async with self._database.transaction() as session:
            connection = await session.connection()
            await connection.exec_driver_sql("delete from workers where id = any($1::uuid[])", (worker_ids,))
