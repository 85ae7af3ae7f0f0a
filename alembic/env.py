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
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.kit.db import Database
from app.kit.migrations import Migrations
from app.kit.postgres.server import EmbeddedPostgres
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


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Months of the event log come and go; models know the whole alone."""
    return kind != "table" or name == "event_log" or not str(name).startswith("event_log_")


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        include_name=is_ours,
        process_revision_directives=name_revision,
        # Each step lets go of the tables that it changed: who holds two at once may meet a request that takes them in
        # the other order.
        transaction_per_migration=True,
        on_version_apply=context.config.attributes.get("on_version_apply"),
    )
    with context.begin_transaction():
        context.run_migrations()


def leave_out_older(connection: Connection) -> None:
    """Alembic takes no table that names steps which others of it follow. The next start names them again."""
    if connection.scalar(text("select to_regclass('alembic_version')")):
        rows = list(connection.scalars(text("select version_num from alembic_version")))
        older = list(Migrations().revisions.implied(rows))
        connection.execute(text("delete from alembic_version where version_num = any(:older)"), {"older": older})


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that the server's own user can reach."""
    with tempfile.TemporaryDirectory(prefix="tranche-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def run_on(database: Database) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=database.connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(leave_out_older)
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
