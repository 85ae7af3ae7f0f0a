"""Brings a database's schema to a revision, one process at a time, without waiting long for locks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

LOCK_KEY = 7_236_541_019
"""Advisory lock of this service's migrations; any number of its own does."""
LOCK_TIMEOUT = "5s"
"""A migration that waits longer for a table would hold up every request behind it: an upgrade must not."""


def _scripts() -> Path:
    here = Path(__file__).resolve().parent.parent
    installed, checkout = here / "migrations", here.parent / "alembic"
    return installed if installed.exists() else checkout


def head() -> str:
    """The newest revision this code knows: its files are named by revision, and revisions count up."""
    return max(path.name.partition("_")[0] for path in _scripts().glob("versions/[0-9]*_*.py"))


Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]


@asynccontextmanager
async def migration_lock(connect: Connect) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """One process at a time changes the schema: several may start at once on a fresh database."""
    connection = await connect()
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK_KEY)
        yield connection
    finally:
        await connection.close()


async def migrate(
    connect: Connect, connection: asyncpg.Connection[asyncpg.Record], revision: str = "head"
) -> str | None:
    """Upgrade or downgrade to `revision` (`base` removes everything); returns the revision reached.

    `connection` is the one that holds the migration lock.
    """
    if revision in ("head", head()) and await _current(connection) == head():
        return head()
    await _run_alembic(connect, revision)
    if revision == "base":
        await connection.execute("drop table if exists alembic_version")
    return await _current(connection)


async def _current(connection: asyncpg.Connection[asyncpg.Record]) -> str | None:
    if not await connection.fetchval("select to_regclass('alembic_version')"):
        return None
    revision: str | None = await connection.fetchval("select version_num from alembic_version")
    return revision


async def _run_alembic(connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], revision: str) -> None:
    # Imported here: most starts find the schema current, and Alembic is a tenth of what the service imports.
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(_scripts()))
        config.attributes["connection"] = connection
        known = [entry.revision for entry in ScriptDirectory.from_config(config).walk_revisions()]
        current = MigrationContext.configure(connection).get_current_revision()
        wanted = head() if revision == "head" else revision
        backwards = current in known and wanted in known and known.index(wanted) > known.index(current)
        (command.downgrade if revision == "base" or backwards else command.upgrade)(config, revision)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
            await connection.commit()
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()
