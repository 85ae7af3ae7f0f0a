"""Brings a database's schema to a revision, one process at a time, without waiting long for locks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from alembic import command

LOCK_KEY = 7_236_541_019
"""Advisory lock of this service's migrations; any number of its own does."""
LOCK_TIMEOUT = "5s"
"""A migration that waits longer for a table would hold up every request behind it (promise O1)."""


def _config(connection: Connection | None = None) -> Config:
    here = Path(__file__).resolve().parent.parent
    installed, checkout = here / "migrations", here.parent / "alembic"
    config = Config()
    config.set_main_option("script_location", str(installed if installed.exists() else checkout))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def migrate(
    connect: Callable[[], Awaitable[asyncpg.Connection[asyncpg.Record]]], revision: str = "head"
) -> str | None:
    """Upgrade or downgrade to `revision` (`base` removes everything); returns the revision reached."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK_KEY})
            await connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
            await connection.commit()
            await connection.run_sync(_run, revision)
            await connection.commit()
            return await connection.run_sync(_current)
    finally:
        await engine.dispose()


def _run(connection: Connection, revision: str) -> None:
    config = _config(connection)
    current = _current(connection)
    script = ScriptDirectory.from_config(config)
    wanted = script.get_current_head() if revision == "head" else revision
    known = [entry.revision for entry in script.walk_revisions()]
    if revision == "base" or (current in known and wanted in known and known.index(wanted) > known.index(current)):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
