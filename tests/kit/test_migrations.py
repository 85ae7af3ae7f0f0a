"""Migrations: on a database with rows, down and up again, down to nothing, and equal to the models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.installation import Installation
from app.kit.db import Database
from app.kit.migrations import Migrations
from app.models import metadata
from tests.batch_helpers import run, submit
from tests.conftest import fresh_database, make_settings, serving
from tests.database import PostgresServer

pytestmark = pytest.mark.every_postgres

REVISIONS = sorted(Migrations().revisions.all)
HEADS = sorted(Migrations().heads)
NAMED = sorted(Migrations().revisions.compatible(HEADS))
"""What a database names: those, and the older steps whose code works on it."""
OURS = """
select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema)'
union all select n.nspname || '.' || p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname !~ '^(pg_|information_schema)'
union all select n.nspname || '.' || t.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace
where n.nspname !~ '^(pg_|information_schema)'
union all select nspname from pg_namespace where nspname !~ '^(pg_|information_schema|public$)'
"""
SHAPE = """
select conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
where connamespace = 'public'::regnamespace and conrelid not in (select inhrelid from pg_inherits)
union all select indexdef from pg_indexes where schemaname = 'public' and tablename !~ '^event_log_'
union all select relname || ' ' || coalesce(reloptions::text, '') from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
union all select table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
  || coalesce(column_default, '')
from information_schema.columns join information_schema.tables using (table_schema, table_name)
where table_schema = 'public' and table_type = 'BASE TABLE' and table_name !~ '^event_log_'
"""
TABLES = """
select relname::text from pg_class where relnamespace = 'public'::regnamespace
and (relkind = 'r' and not relispartition or relname = 'events')
"""
Rows = dict[str, list[dict[str, Any]]]


@asynccontextmanager
async def empty_database(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database with nothing in it: its address."""
    name = f"empty_{uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres.dsn)
    await connection.execute(f'create database "{name}"')
    try:
        yield postgres.address(name)
    finally:
        await connection.execute(f'drop database "{name}" with (force)')
        await connection.close()


async def column(url: str, query: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        return sorted(row[0] for row in await connection.fetch(query))
    finally:
        await connection.close()


async def rows_of(url: str) -> Rows:
    """Every row of every table, in the order of their keys."""
    connection = await asyncpg.connect(url)
    tables = [row[0] for row in await connection.fetch(TABLES) if row[0] != "alembic_version"]
    found = {table: await connection.fetch(f"select t.* from {table} t order by t::text") for table in tables}
    await connection.close()
    return {table: [dict(row) for row in rows] for table, rows in found.items()}


def only(rows: Rows, like: Rows) -> Rows:
    """The rows as far as another revision has tables and columns for them."""
    columns = {table: like[table][0].keys() for table in rows if like.get(table)}
    return {
        table: [{name: row[name] for name in row if name in columns[table]} for row in rows[table]] for table in columns
    }


@pytest.fixture
async def installation(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[Installation]:
    """With batches in several states, files, keys and events."""
    async with fresh_database(postgres) as url:
        settings = make_settings(tmp_path, url)
        async with serving(settings) as api:
            await run(api, "no-op", [{"n": n} for n in range(5)])
            await run(api, "behaviour", [{"do": "raise"}, {}])
            await submit(api, "no-op", [{}], start=False, metadata={"kept": True})
            await api.put("/api/files/kept", content=b"kept")
        installation = Installation(settings)
        yield installation
        await installation.database.stop()


async def test_down_and_up_again_keeps_every_row(installation: Installation) -> None:
    url = installation.database.dsn
    before = await rows_of(url)
    assert {"batches", "jobs", "job_steps", "events", "files", "api_keys"} <= {
        table for table in before if before[table]
    }
    for older in reversed(REVISIONS[:-1]):
        assert await installation.migrate(older) == [older]
        down = await rows_of(url)
        assert only(down, before) == only(before, down)
        assert await installation.migrate("head") == [REVISIONS[-1]]
        again = await rows_of(url)
        assert only(again, down) == only(down, again)


async def test_base_leaves_nothing_and_head_builds_all_again(installation: Installation) -> None:
    url = installation.database.dsn
    before = await column(url, SHAPE)
    assert await installation.migrate("base") == []
    assert await column(url, OURS) == []
    assert await installation.migrate("base") == []
    async with serving(installation.settings) as api:
        assert (await run(api, "no-op", [{}]))["status"] == "completed"
    assert await column(url, SHAPE) == before


async def test_every_revision_is_reached_from_nothing(tmp_path: Path, postgres: PostgresServer) -> None:
    async with empty_database(postgres) as url:
        installation = Installation(make_settings(tmp_path, url))
        for revision in REVISIONS:
            assert await installation.migrate(revision) == [revision]
        for revision in reversed(REVISIONS):
            assert await installation.migrate(revision) == [revision]
        await installation.database.stop()


async def test_processes_that_start_at_once_migrate_once(tmp_path: Path, postgres: PostgresServer) -> None:
    async with empty_database(postgres) as url:
        installations = [Installation(make_settings(tmp_path, url)) for _ in range(4)]
        reached = await asyncio.gather(*(installation.migrate() for installation in installations))
        assert reached == [[REVISIONS[-1]]] * 4
        for installation in installations:
            await installation.database.stop()


async def test_models_are_what_the_migrations_make(postgres: PostgresServer) -> None:
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_name": lambda name, kind, _: kind != "table" or not str(name).startswith("event_log_"),
    }

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))

    async with empty_database(postgres) as url:
        database = Database(url)
        engine = create_async_engine("postgresql+asyncpg://", async_creator=database.connect, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        by_models = await column(url, SHAPE)
        await engine.dispose()
        await database.stop()
    database = Database(postgres.dsn)
    engine = create_async_engine("postgresql+asyncpg://", async_creator=database.connect, poolclass=NullPool)
    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()
    await database.stop()
    by_migrations = [line for line in await column(postgres.dsn, SHAPE) if not line.startswith("alembic_version")]
    assert [line for line in by_migrations if "alembic_version" not in line] == by_models
