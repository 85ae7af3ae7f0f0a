"""The engine, PgQueuer: delivers dispatches, watches who is alive, and delivers again. No other file imports it.

An engine job is a *dispatch*: "there is work in batch B". One too many is harmless, it finds nothing and returns.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver, Driver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import QueueManagerId
from pgqueuer.models import Job as EngineJob
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db import Database

log = logging.getLogger("tranche.engine")
ENTRYPOINT: Final = "pull"
"""Kept from older versions: it is stored with each queued row, and rows outlive an upgrade."""
HEARTBEAT = timedelta(seconds=30)
POLL = timedelta(seconds=2)
RESTART_PAUSE = 0.5
PROCESSES_WOKEN: Final = 4
"""Dispatches for a batch with new work. One is taken by one process, which claims for all its slots; with several, idle
processes begin at once instead of at the end of a slice. Those that find nothing left cost a query each."""
SETTINGS = DBSettings(db_schema="engine")
QUEUE_TABLE: Final = SETTINGS.qualified.queue_table
LOG_TABLE: Final = SETTINGS.qualified.queue_table_log

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

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await super().add_listener(channel, callback)
        self._listening.set()

    async def notify(self, channel: str, payload: str) -> None:
        await self._listening.wait()
        await super().notify(channel, payload)


def _queries(driver: Any) -> Queries:
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


async def _enqueue(queries: Queries, dispatches: list[tuple[UUID, float]]) -> None:
    if dispatches:
        await queries.enqueue(
            [ENTRYPOINT] * len(dispatches),
            [str(batch_id).encode() for batch_id, _ in dispatches],
            [0] * len(dispatches),
            [timedelta(seconds=delay) for _, delay in dispatches],
        )


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

    def __init__(self, database: Database, worker_id: UUID, handler: DispatchHandler) -> None:
        self._database, self._worker_id, self._handler = database, worker_id, handler
        self._stopping = asyncio.Event()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._pool = await self._database.connect_pool("tranche-engine", size=5)
        self._loop = asyncio.create_task(self._run(), name="engine")

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

    async def notify(self, delays: Mapping[UUID, float]) -> None:
        """Enqueue a dispatch for batches after so many seconds each, in a transaction of its own."""
        assert self._pool
        await _enqueue(_queries(AsyncpgPoolDriver(self._pool)), list(delays.items()))

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._run_once()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("the engine lost its connection: %s", error)
            if not self._stopping.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RESTART_PAUSE)

    async def _run_once(self) -> None:
        pool = await self._database.connect_pool("tranche-engine", size=4)
        driver: Driver = _PoolDriver(pool)
        queuer = PgQueuer(driver, channel=SETTINGS.channel, queries=_queries(driver))
        # The same name over restarts: a dispatch that this process still handles is recognised when it comes again.
        queuer.qm.queue_manager_id = QueueManagerId(self._worker_id)

        @queuer.entrypoint(ENTRYPOINT)
        async def dispatch(job: EngineJob) -> None:
            await self._handler(job.id, UUID((job.payload or b"").decode()))

        running = asyncio.create_task(
            queuer.run(dequeue_timeout=POLL, heartbeat_timeout=HEARTBEAT, shutdown_on_listener_failure=True)
        )
        stopped = asyncio.create_task(self._stopping.wait())
        over = asyncio.create_task(queuer.shutdown.wait())
        await asyncio.wait({running, stopped, over}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        over.cancel()
        queuer.shutdown.set()
        # run() waits for its dispatches without limit, so the next one starts beside it.
        ending = asyncio.create_task(self._end(running, pool))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    async def _end(self, running: asyncio.Task[None], pool: asyncpg.Pool[asyncpg.Record]) -> None:
        try:
            await running
        except Exception as error:
            log.warning("the engine ended: %s: %s", type(error).__name__, error)
        finally:
            pool.terminate()
