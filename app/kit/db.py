"""The database: engine, sessions and transactions. This is the only file that commits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import MetaData, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase


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

    `dsn` is a libpq address (`postgresql://...`); the pool holds at most `pool_size` connections.
    """

    def __init__(self, dsn: str, *, pool_size: int = 10) -> None:
        self.dsn = dsn
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self.connect,
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's text would show the values of its statement
            pool_timeout=10,
            pool_use_lifo=True,
        )
        event.listen(self._engine.sync_engine.pool, "checkout", _refuse_closed)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False, autoflush=False)
        single = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        self._single_statements = async_sessionmaker(single, expire_on_commit=False, autoflush=False)

    async def start(self) -> None:
        """Prove that the server answers."""
        connection = await self.connect()
        await connection.close()

    async def stop(self) -> None:
        await self._engine.dispose()

    async def connect(self, name: str = "tranche") -> asyncpg.Connection[asyncpg.Record]:
        """A connection of its own outside the pool, for LISTEN and for the committer. Each statement commits itself."""
        return await asyncpg.connect(self.dsn, timeout=10, server_settings={"application_name": name, "jit": "off"})

    async def connect_pool(self, name: str, *, size: int) -> asyncpg.Pool[asyncpg.Record]:
        """A small pool of such connections, for those who send single statements."""

        async def keep(connection: object) -> None:
            """No reset between uses: nobody leaves anything behind, and it would be a round trip each time."""

        settings = {"application_name": name, "jit": "off"}
        return await asyncpg.create_pool(
            self.dsn, min_size=1, max_size=size, timeout=10, server_settings=settings, reset=keep
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends well, rolled back when it does not."""
        async with self._sessions() as session, session.begin():
            yield session

    @asynccontextmanager
    async def statements(self) -> AsyncIterator[AsyncSession]:
        """For single statements that each commit themselves: a begin and a commit would be two round trips more."""
        async with self._single_statements() as session:
            yield session


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
