"""The engine, PgQueuer: delivers dispatches, watches who is alive, and delivers again. No other file imports it.

An engine job is a *dispatch*: "there is work in batch B". One too many is harmless, it finds nothing and returns.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.core import buffers
from pgqueuer.core.buffers import TimedOverflowBuffer
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver, Driver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import QueueManagerId
from pgqueuer.models import Job as EngineJob
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db import Database
from app.kit.lookout import any_row

log = logging.getLogger("tranche.engine")
ENTRYPOINT: Final = "pull"
"""Kept from older versions: it is stored with each queued row, and rows outlive an upgrade."""
SUSPECTS: Final = "suspects"
"""Dispatches for jobs that are suspected of killing workers: only processes that run nothing else take them."""
HEARTBEAT = timedelta(seconds=30)
"""Releases before this one take dispatches that are silent for so long, so ours are not."""
NEVER = timedelta(days=36_500)
POLL = timedelta(seconds=30)
"""The engine's own look for dispatches that are overdue costs four queries; the lookout does it for all at once."""
RESTART_PAUSE = 0.5
PROCESSES_WOKEN: Final = 4
"""Dispatches for a batch with new work. One is taken by one process, which claims for all its slots; with several, idle
processes begin at once instead of at the end of a slice. Those that find nothing left cost a query each."""
SETTINGS = DBSettings(db_schema="engine")
QUEUE_TABLE: Final = SETTINGS.qualified.queue_table
LOG_TABLE: Final = SETTINGS.qualified.queue_table_log

ANY_OVERDUE: Final = any_row(f"""
select 1 from {QUEUE_TABLE} where status = 'queued' and execute_after < clock_timestamp() - interval '1 second'""")
"""Whether there are dispatches that should be handled by now: their notification was lost."""
_LOOK: Final = {"type": "table_changed_event", "channel": SETTINGS.channel, "table": SETTINGS.queue_table}

DispatchHandler = Callable[[int, UUID], Awaitable[None]]


class _SessionDriver:
    """Lets the engine write inside a transaction of ours.

    Through `exec_driver_sql` on the session's own connection: taking the raw connection before SQLAlchemy sent its
    BEGIN would make the dispatch survive a rollback.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        connection = await self._session.connection()
        result = await connection.exec_driver_sql(query, args)
        return [dict(row) for row in result.mappings()]


class _PoolDriver(AsyncpgPoolDriver):
    """The engine's driver, with its notifications held back until it listens.

    The engine starts its health check before its LISTEN; when the check's NOTIFY wins that race it is never heard, and
    the engine takes itself for deaf ten seconds later (seen under load).
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        super().__init__(pool)
        self._listening = asyncio.Event()
        self._hear: NotifyCallback | None = None

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await super().add_listener(channel, callback)
        self._hear = callback
        self._listening.set()

    async def __aexit__(self, *_: object) -> None:
        """Nothing is put back: whoever made the pool ends it.

        The engine's own resets the connection that listened. One that was lost by then is the pool's again, and the
        error read as if the database were away.
        """

    def look(self) -> None:
        """Have the engine look for dispatches, as if it had been notified."""
        if self._hear:
            sent_at = datetime.now(UTC).isoformat()
            self._hear(json.dumps(_LOOK | {"operation": "insert", "sent_at": sent_at}))

    async def notify(self, channel: str, payload: str) -> None:
        await self._listening.wait()
        await super().notify(channel, payload)


_TAKE: Final = f"""
with taken as (
  delete from {QUEUE_TABLE} q where q.status = 'picked'
    and (q.queue_manager_id = any($1::uuid[])
      or q.updated not between now() - $2::interval and now() + $2::interval
        and not exists (select from workers w where w.id = q.queue_manager_id))
  returning q.entrypoint, convert_from(q.payload, 'UTF8') as batch_id
)
select distinct entrypoint, batch_id from taken"""
_TAKE_BACK: Final = f"""
with lost as (
  delete from {QUEUE_TABLE} q where q.status = 'picked' and q.queue_manager_id = $1 and q.id <> all($2::bigint[])
  returning convert_from(q.payload, 'UTF8') as batch_id
)
select distinct batch_id from lost"""


class _QuietBuffer(TimedOverflowBuffer[Any]):
    """Flushes so long after something was added; the engine's own looks ten times a second whether anything was."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._added = asyncio.Event()

    async def add(self, item: Any) -> None:
        self._added.set()
        await super().add(item)

    async def periodic_flush(self) -> None:
        while not self.shutdown.is_set():
            added, stopped = (asyncio.create_task(event.wait()) for event in (self._added, self.shutdown))
            try:
                await asyncio.wait({added, stopped}, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({stopped}, timeout=self.timeout.total_seconds())
            finally:
                added.cancel()
                stopped.cancel()
            self._added.clear()
            if not self.shutdown.is_set():
                await self.flush()
            if self.events.qsize():
                self._added.set()  # the flush failed


class _QuietLog(_QuietBuffer, buffers.JobStatusLogBuffer): ...


class _QuietHeartbeats(_QuietBuffer, buffers.HeartbeatBuffer): ...


# The engine makes its buffers itself, and has no setting for how they wait.
vars(buffers).update(JobStatusLogBuffer=_QuietLog, HeartbeatBuffer=_QuietHeartbeats)


def _queries(driver: Any) -> Queries:
    return _Queries(
        driver,
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


async def _enqueue(queries: Queries, dispatches: list[tuple[UUID, float]], entrypoint: str = ENTRYPOINT) -> None:
    if dispatches:
        await queries.enqueue(
            [entrypoint] * len(dispatches),
            [str(batch_id).encode() for batch_id, _ in dispatches],
            [0] * len(dispatches),
            [timedelta(seconds=delay) for _, delay in dispatches],
        )


class _Queries(Queries):
    """The engine's statements, but a dispatch that was delivered is never delivered again for being silent.

    The database may have been away, or its clock put forward: who is dead is decided in one place, by the sweeper.
    """

    async def dequeue(self, *args: Any, **options: Any) -> list[EngineJob]:
        return await super().dequeue(*args, **(options | {"heartbeat_timeout": NEVER}))


async def take_over(session: AsyncSession, manager_ids: Sequence[UUID], silent_for: timedelta) -> None:
    """Queue anew what was delivered to these processes, or so long ago to a process that is no worker any more."""
    connection = await session.connection()
    taken = await connection.exec_driver_sql(_TAKE, (list(manager_ids), silent_for))
    for row in taken.all():
        await _enqueue(_queries(_SessionDriver(session)), [(UUID(row.batch_id), 0.0)], row.entrypoint)


class EngineNotifier:
    """Enqueues inside the caller's transaction: a dispatch is committed together with the work it announces."""

    async def notify(self, session: AsyncSession, batch_id: UUID, jobs: int) -> None:
        dispatches = [(batch_id, 0.0)] * min(jobs, PROCESSES_WOKEN)
        await _enqueue(_queries(_SessionDriver(session)), dispatches)


async def install(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Make or upgrade the engine's own tables, in a schema of their own, by its own installer."""
    queries = _queries(AsyncpgDriver(connection))
    if await queries.schema_is_installed():
        await queries.upgrade()
    else:
        await queries.install()


class Engine:
    """Delivers dispatches to `handler(dispatch id, batch id)` until stopped, over lost connections."""

    def __init__(
        self, database: Database, worker_id: UUID, handler: DispatchHandler, entrypoint: str = ENTRYPOINT
    ) -> None:
        self._database, self._worker_id, self._handler = database, worker_id, handler
        self._entrypoint = entrypoint
        self._stopping = asyncio.Event()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._driver: _PoolDriver | None = None
        self._loop: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._handled: set[int] = set()

    async def start(self) -> None:
        logging.getLogger("pgqueuer").addFilter(self._is_news)
        self._pool = await self._database.connect_pool("tranche-engine", size=5)
        self._loop = asyncio.create_task(self._run(), name="engine")

    def look(self) -> None:
        """Look for dispatches now."""
        if self._driver:
            self._driver.look()

    def stop_dispatching(self) -> None:
        """Take no more dispatches; those under way go on."""
        self._stopping.set()

    async def stop(self) -> None:
        """Wait for the dispatches under way: whoever handles them must have let go by now."""
        self._stopping.set()
        if self._loop:
            await self._loop
        if self._ending:
            await asyncio.wait(self._ending, timeout=2)
        if self._pool:
            self._pool.terminate()
        logging.getLogger("pgqueuer").removeFilter(self._is_news)

    def _is_news(self, record: logging.LogRecord) -> bool:
        """Whether a line of the engine says more than that the database is away."""
        error = record.exc_info[1] if record.exc_info else None
        return not (error and self._database.note_outage(error)) and not self._database.availability.trouble

    async def notify(self, delays: Mapping[UUID, float]) -> None:
        """Enqueue a dispatch for batches after so many seconds each, in a transaction of its own."""
        await self._notify(delays, ENTRYPOINT)

    async def notify_of_suspects(self, delays: Mapping[UUID, float]) -> None:
        """The same for those who run suspects."""
        await self._notify(delays, SUSPECTS)

    async def _notify(self, delays: Mapping[UUID, float], entrypoint: str) -> None:
        assert self._pool
        await _enqueue(_queries(AsyncpgPoolDriver(self._pool)), list(delays.items()), entrypoint)

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._run_once()
            except Exception as error:
                if not self._database.note_outage(error):
                    log.exception("the engine starts anew after an error")
            if not self._stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RESTART_PAUSE)

    async def _run_once(self) -> None:
        await self._take_back()
        pool = await self._database.connect_pool("tranche-engine", size=4)
        self._driver = _PoolDriver(pool)
        driver: Driver = self._driver
        # Its front, `PgQueuer`, asks each second for schedules, which we have none of.
        manager = QueueManager(_queries(driver), channel=SETTINGS.channel)
        # The same name over restarts: what runs under its dispatches is still its own.
        manager.queue_manager_id = QueueManagerId(self._worker_id)

        @manager.entrypoint(self._entrypoint)
        async def dispatch(job: EngineJob) -> None:
            self._handled.add(job.id)
            try:
                await self._handler(job.id, UUID((job.payload or b"").decode()))
            finally:
                self._handled.discard(job.id)

        running = asyncio.create_task(
            manager.run(dequeue_timeout=POLL, heartbeat_timeout=HEARTBEAT, shutdown_on_listener_failure=True)
        )
        stopped = asyncio.create_task(self._stopping.wait())
        over = asyncio.create_task(manager.shutdown.wait())
        await asyncio.wait({running, stopped, over}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        over.cancel()
        manager.shutdown.set()
        # run() waits for its dispatches without limit, so the next one starts beside it.
        ending = asyncio.create_task(self._end(running, pool))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _take_back(self) -> None:
        """Queue anew what was delivered to this process with an answer that a lost connection swallowed."""
        async with self._database.transaction() as session:
            connection = await session.connection()
            lost = await connection.exec_driver_sql(_TAKE_BACK, (self._worker_id, list(self._handled)))
            again = [(UUID(batch_id), 0.0) for (batch_id,) in lost.all()]
            await _enqueue(_queries(_SessionDriver(session)), again, self._entrypoint)

    async def _end(self, running: asyncio.Task[None], pool: asyncpg.Pool[asyncpg.Record]) -> None:
        try:
            await running
        except Exception as error:
            if not self._database.note_outage(error):
                log.exception("the engine ended")
        finally:
            pool.terminate()
