"""The database: engine, sessions and transactions. This is the only file that commits."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final
from weakref import WeakSet

import asyncpg
from sqlalchemy import MetaData, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.kit.availability import Availability, Trouble
from app.kit.database_outages import CONNECTION_ERRORS, is_momentary, trouble_of
from app.kit.errors import DatabaseUnavailable, InsufficientStorage
from app.kit.json_reading import load_jsonb
from app.kit.metrics import Samples
from app.kit.outage import Outage
from app.kit.pool_figures import MeasuredPool
from app.kit.pooler import is_pooled, refuse_startup_parameter
from app.kit.quick_reads import READING, give_back
from app.kit.silent_sockets import limit_silence
from app.kit.table_watch import watch_tables

log = logging.getLogger("tranche.database")
THE_DATABASE: Final = "the database"
"""What those wait for that wait for it."""
SENTENCES: Final[dict[Trouble, str]] = {
    "away": "The database does not answer.",
    "full": "The database's disk is full.",
    "read_only": "The database takes no writes.",
    "refused": "The database refuses the service.",
    "failing": "The database's disk reports errors.",
}
_SPILL: Final = "select count(*) from (select from generate_series(1, 300000) as n order by -n) as sorted"
"""Sorted on the server's disk, where it takes some megabytes: without room it fails, and it leaves nothing behind."""
PROBE_SECONDS: Final = 5.0
POOL_SECONDS: Final = 10.0
_NOT_REACHED: Final = "The database cannot be reached just now."


class Base(DeclarativeBase):
    """The one declarative base; constraint names are fixed so that errors and migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Database:
    """Connections to one PostgreSQL.

    `dsn` is a libpq address (`postgresql://...`); the pool holds at most `pool_size` connections. Once it is started,
    what is raised as the server is away, full or read-only is an Outage: DatabaseUnavailable or InsufficientStorage.
    """

    def __init__(self, dsn: str, *, pool_size: int = 10) -> None:
        self.dsn = dsn
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connect,
            poolclass=MeasuredPool,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's text would show the values of its statement
            pool_timeout=POOL_SECONDS,
            pool_use_lifo=True,
            json_deserializer=load_jsonb,
        )
        event.listen(self._engine.sync_engine.pool, "checkout", _refuse_closed)
        event.listen(self._engine.sync_engine, "handle_error", self._on_error)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False, autoflush=False)
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._single_statements = async_sessionmaker(self._single, expire_on_commit=False, autoflush=False)

        self.availability = Availability(THE_DATABASE, SENTENCES, self._probe)
        self._started = False
        self._open_ones: WeakSet[Any] = WeakSet()
        self._abandoned = False
        self.pooled: bool | None = None
        """Whether a pooler is in between, in session mode; None before the first connection."""

    async def check(self) -> None:
        """Raises an Outage while the server is known to take no writes, and while no connection can be had."""
        if trouble := self.availability.trouble:
            raise self._outage(trouble)
        with self._in_line():
            async with self._sessions() as session:
                await session.connection()

    async def start(self) -> None:
        """Prove that the server answers."""
        connection = await self.connect()
        await connection.close()
        self._started = True

    async def stop(self) -> None:
        self._started = False
        await self.availability.stop()
        await self._engine.dispose()

    def figures(self) -> Samples:
        """How the pool is just now."""
        pool = self._engine.pool
        return pool.figures() if isinstance(pool, MeasuredPool) else ()

    async def connect(self, name: str = "tranche") -> asyncpg.Connection[asyncpg.Record]:
        """A connection of its own outside the pool, for LISTEN and for the committer. Each statement commits itself.

        The first of all may raise PoolerRefused.
        """
        try:
            connection = await self._open(name)
            if self.pooled is None:
                try:
                    self.pooled = await is_pooled(connection, lambda: self._open(name))
                except BaseException:
                    connection.terminate()
                    raise
            return connection
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if not self._started:
                refuse_startup_parameter(error)
                raise
            raise self._unavailable(error, "away") from error

    async def _open(self, name: str) -> asyncpg.Connection[asyncpg.Record]:
        if self._abandoned:
            raise ConnectionError("The process ends, and the database does not answer.")
        settings = {"application_name": name, "jit": "off"}
        connection = await asyncpg.connect(self.dsn, timeout=10, server_settings=settings)
        limit_silence(connection._transport.get_extra_info("socket"))  # type: ignore[attr-defined]
        self._open_ones.add(connection)
        return connection

    async def answers(self, seconds: float) -> bool:
        """Whether a new connection can be had within so many seconds."""
        try:
            connection = await asyncpg.connect(self.dsn, timeout=seconds)
        except (*CONNECTION_ERRORS, OSError, asyncpg.PostgresError):
            return False
        connection.terminate()
        return True

    def abandon(self) -> None:
        """Cut every connection, for good: whoever waits on one is told that it is lost."""
        self._abandoned = True
        for connection in list(self._open_ones):
            connection.terminate()

    def note_outage(self, error: BaseException) -> bool:
        """Whether an error of a connection outside the pool only says that the server is not there; noted if so."""
        if isinstance(error, Outage):  # noted already
            return True
        if self._started and (trouble := trouble_of(error)):
            self.availability.report(error, trouble)
            return True
        return is_momentary(error)

    def _unavailable(self, error: BaseException, trouble: Trouble) -> Outage:
        self.availability.report(error, trouble)
        return self._outage(trouble)

    def _outage(self, trouble: Trouble) -> Outage:
        if trouble == "full":
            full = InsufficientStorage("There is no room on the database's disk. Nothing was stored.")
            return full.because_of(self.availability)
        return DatabaseUnavailable(_NOT_REACHED).because_of(self.availability)

    def _on_error(self, context: ExceptionContext) -> BaseException | None:
        """What SQLAlchemy is to raise in place of an error that it has met."""
        original = context.original_exception
        error = context.sqlalchemy_exception or original
        if not self._started or isinstance(original, Outage) or not isinstance(original, Exception):
            return None  # a task that is cancelled in the middle loses its connection, and must learn why
        return self._outage_of(error, original.__cause__ or original, disconnected=context.is_disconnect)

    def _outage_of(
        self, error: BaseException, cause: BaseException | None = None, *, disconnected: bool = False
    ) -> Outage | None:
        """What is to be raised in place of an error that only says that the server is not there."""
        if is_momentary(error):
            return DatabaseUnavailable(_NOT_REACHED).because_of(None)
        trouble = trouble_of(error) or ("away" if disconnected else None)
        return self._unavailable(cause or error, trouble) if trouble else None

    async def _probe(self, trouble: Trouble) -> None:
        """Raises while the server is away, has no room, or takes no writes."""
        async with asyncio.timeout(PROBE_SECONDS):
            connection = await asyncpg.connect(self.dsn, server_settings={"application_name": "tranche-probe"})
            try:
                if await connection.fetchval("show transaction_read_only") == "on":
                    raise asyncpg.ReadOnlySQLTransactionError("the server takes no writes")
                if trouble == "full":
                    await connection.execute("set work_mem = '64kB'")
                    await connection.execute(_SPILL)
            finally:
                connection.terminate()

    async def connect_pool(self, name: str, *, size: int) -> asyncpg.Pool[asyncpg.Record]:
        """A small pool of such connections, for those who send single statements."""

        async def keep(connection: object) -> None:
            """No reset between uses: nobody leaves anything behind, and it would be a round trip each time."""

        async def connect(*_: Any, **__: Any) -> asyncpg.Connection[asyncpg.Record]:
            return await self.connect(name)

        # None is kept open: a pool that keeps some logs each try to get them back while the server is away.
        return await asyncpg.create_pool(self.dsn, min_size=0, max_size=size, timeout=10, reset=keep, connect=connect)

    def watch(self, tables: Collection[str], began: Callable[[], None], ended: Callable[[], None]) -> None:
        """Call these around each change of the tables by a session of this process: see `kit/table_watch.py`."""
        watch_tables(self._engine.sync_engine, tables, began, ended)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends well, rolled back when it does not."""
        with self._in_line():
            async with self._sessions() as session, session.begin():
                yield session

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeout as error:
            log.warning("no connection was free for %s s", POOL_SECONDS)
            raise DatabaseUnavailable(_NOT_REACHED).because_of(None) from error

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncSession]:
        """For single statements that each commit themselves: a begin and a commit would be two round trips more."""
        with self._in_line():
            async with self._single_statements() as session:
                yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """The same for who only reads: what is read quickly (`kit/quick_reads.py`) are rows in place of entities."""
        with self._in_line():
            session = self._single_statements(info={READING: self._single.sync_engine})
            try:
                yield session
            finally:
                try:
                    if session.in_transaction():  # or else there is nothing to close
                        await asyncio.shield(session.close())
                finally:
                    give_back(session)


def after_commit(session: AsyncSession, call: Callable[[], None]) -> None:
    """Have something done once the session's transaction has been committed, and never if it is not."""
    event.listen(session.sync_session, "after_commit", lambda _: call(), once=True)


def _refuse_closed(connection: Any, *_: object) -> None:
    """Let the pool make a new connection for one that the server has closed.

    The driver learns of that by itself; asking the server each time would be a round trip before every transaction.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError("The server has closed this connection.")


@asynccontextmanager
async def advisory_lock(
    connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], key: int
) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Holds PostgreSQL's lock of this number, on a connection of its own, which is given."""
    connection = await connect()
    try:
        await connection.execute("select pg_advisory_lock($1)", key)
        yield connection
    finally:
        await connection.close()
