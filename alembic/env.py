"""Runs migrations on the connection that the service hands over, or on a database of its own for who works on them.

`alembic check` and `alembic revision --autogenerate` work in a clone: they use DATABASE_URL, or without it a PostgreSQL
in a temporary folder that is brought to the newest step and gone afterwards.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.kit.db import Database
from app.kit.migrations import Migrations
from app.kit.postgres import EmbeddedPostgres
from app.kit.service import running
from app.models import metadata
from app.settings import read_settings

NEXT = f"tranche_{len(Migrations().revisions.all) + 1:04}"


def name_revision(context: MigrationContext, revision: Iterable[str | None], directives: list[MigrationScript]) -> None:
    """The next number; no file at all where the models already are what the schema is."""
    script = directives[0]
    options = context.config.cmd_opts if context.config else None
    if getattr(options, "autogenerate", False) and script.upgrade_ops and script.upgrade_ops.is_empty():
        print("The models are what the migrations make: there is nothing to write.", file=sys.stderr)
        directives.clear()
    elif not getattr(options, "rev_id", None):
        script.rev_id = NEXT


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        process_revision_directives=name_revision,
    )
    with context.begin_transaction():
        context.run_migrations()


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that the server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="tranche-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def run_on(database: Database) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=database.connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


async def run_on_a_database() -> None:
    url = read_settings().database_url
    if url and url.get_secret_value():
        await run_on(Database(url.get_secret_value()))
        return
    with folder() as home:
        postgres = EmbeddedPostgres(home)
        async with running([postgres]):
            # By a process of its own, as Alembic cannot run within itself.
            command = [sys.executable, "-m", "app", "migrate"]
            environment = os.environ | {"TRANCHE_HOME": str(home), "DATABASE_URL": ""}
            await asyncio.to_thread(subprocess.run, command, env=environment, check=True, stdout=subprocess.DEVNULL)
            await run_on(Database(postgres.dsn))


handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
elif context.is_offline_mode():
    context.configure(dialect_name="postgresql", target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(run_on_a_database())
