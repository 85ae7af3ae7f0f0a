"""What a migration may do so that the code of the release before goes on working, and how the database says it does."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from app.installation import Installation
from app.kit.migrations import Migrations, migration_lock, read_rows
from app.kit.revisions import Revisions, RevisionsRefused
from tests.batch_helpers import run
from tests.conftest import fresh_database, make_settings, serving
from tests.database import PostgresServer
from tests.kit.test_migrations import empty_database
from tests.patience import patient
from tests.previous_release import HEAD, ROOT

pytestmark = [pytest.mark.own_service, pytest.mark.every_postgres]
TAKES_AWAY = re.compile(
    r"\bdrop\s+(?:table|column|view|function|schema|type)\b|\brename\b|\bset\s+not\s+null\b|\balter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b"
    r"|\badd\s+column\s+(?:if\s+not\s+exists\s+)?\S+\s+(?:(?!\bdefault\b)[^,;])*\bnot\s+null\b(?:(?!\bdefault\b)[^,;])*(?=[,;])",
    re.IGNORECASE,
)
LATER = """
from alembic import op

revision = "tranche_9999"
down_revision = {head!r}
works_with = {works_with!r}


def upgrade() -> None:
    op.execute("alter table jobs add column of_a_later_release text")
"""


def sql_of(start: str, end: str) -> str:
    """What Alembic would send, without comments."""
    command = [sys.executable, "-m", "alembic", "upgrade", f"{start}:{end}", "--sql"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return re.sub(r"--[^\n]*", "", done.stdout)


def steps_since(start: str) -> list[str]:
    """The steps after one, in their order."""
    return [id for id in sorted(Revisions([ROOT / "alembic" / "versions"]).all) if id > start]


def test_what_takes_something_away_says_since_when_nobody_needs_it() -> None:
    revisions = Revisions([ROOT / "alembic" / "versions"])
    silent, before = [], HEAD
    for id in steps_since(HEAD):
        if revisions.all[id].works_with is None and (taken := TAKES_AWAY.search(sql_of(before, id))):
            silent.append(f"{id}: {taken[0]}")
        before = id
    assert silent == []


@pytest.mark.parametrize(
    ("statement", "takes_away"),
    [
        ("alter table jobs drop column checksum;", True),
        ("alter table jobs rename column a to b;", True),
        ("alter table jobs add column a int not null;", True),
        ("alter table jobs add column a int, add column b text not null;", True),
        ("alter table jobs alter column a set not null;", True),
        ("alter table jobs alter column a type bigint;", True),
        ("drop table jobs;", True),
        ("alter table jobs add column a int not null default 0;", False),
        ("alter table jobs add column a int default 0 not null;", False),
        ("alter table jobs add column a int;", False),
        ("alter table jobs alter column a drop not null;", False),
        ("create table a (id uuid not null, b text);", False),
    ],
)
def test_what_takes_something_away(statement: str, takes_away: bool) -> None:
    assert bool(TAKES_AWAY.search(statement)) is takes_away


def test_the_first_step_after_a_release_says_how_far_back_it_goes() -> None:
    """So that one release's code is promised to work, and not each one's before it."""
    if later := steps_since(HEAD):
        assert Revisions([ROOT / "alembic" / "versions"]).all[later[0]].works_with in (HEAD, later[0])


@pytest.mark.parametrize(
    ("works_with", "named"),
    [
        ([None, None, None], {"x_0003"}),
        ([None, "x_0001", None], {"x_0003", "x_0002", "x_0001"}),
        ([None, "x_0001", "x_0002"], {"x_0003", "x_0002"}),
        ([None, "x_0002", "x_0001"], {"x_0003", "x_0002"}),
        ([None, "x_0001", "x_0003"], {"x_0003"}),
    ],
)
def test_how_far_back(works_with: list[str | None], named: set[str], tmp_path: Path) -> None:
    for number, oldest in enumerate(works_with, 1):
        before = f"x_{number - 1:04}" if number > 1 else None
        text = f"revision = 'x_{number:04}'\ndown_revision = {before!r}\nworks_with = {oldest!r}\n"
        (tmp_path / f"x_{number:04}.py").write_text(text)
    assert Revisions([tmp_path]).compatible(["x_0003"]) == named


WAITS = """select exists (select from pg_locks l join pg_database d on d.oid = l.database
  where not l.granted and d.datname = current_database())"""
STRONG = """
select c.oid::bigint, c.relname from pg_locks l join pg_class c on c.oid = l.relation
where l.pid = pg_backend_pid() and c.relkind in ('r', 'p')
  and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""


async def test_no_step_holds_two_tables_that_requests_write(
    postgres: PostgresServer, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request may have taken them in the other order: one of both would be broken off."""
    held: dict[str, set[str]] = {}
    existing: set[int] = set()
    name = Migrations._name_in_step

    def look(self: Migrations, ctx: MigrationContext, heads: set[str], **others: object) -> None:
        assert ctx.connection
        locked = list(ctx.connection.execute(text(STRONG)))
        held[max(heads)] = {table for oid, table in locked if oid in existing}
        existing.update(ctx.connection.scalars(text("select oid::bigint from pg_class")))
        name(self, ctx, heads, **others)

    monkeypatch.setattr(Migrations, "_name_in_step", look)
    async with empty_database(postgres) as url:
        installation = Installation(make_settings(home, url))
        await installation.migrate()
        await installation.database.stop()
    later = {id: tables for id, tables in held.items() if id > HEAD}
    assert later.keys() == set(steps_since(HEAD))
    assert {id: tables for id, tables in later.items() if len(tables) > 1} == {}


async def test_a_step_that_waits_for_a_table_lets_requests_pass(
    postgres: PostgresServer, home: Path, tmp_path: Path
) -> None:
    (head,) = Migrations().heads
    async with fresh_database(postgres) as url:
        reader, writer = await asyncpg.connect(url), await asyncpg.connect(url)
        async with writer.transaction():
            await writer.execute("lock table jobs in row exclusive mode")  # as a request that takes its time
            step = asyncio.create_task(migrate_later(home, url, tmp_path, works_with=head))
            for _ in range(3):
                while not await reader.fetchval(WAITS):
                    assert not step.done()
                    await asyncio.sleep(0.005)
                await reader.fetch("select from jobs limit 1", timeout=patient(5))
            assert not await reader.fetchval("select exists (select from alembic_version where version_num > $1)", head)
        assert (await step).complete(await read_rows(reader))
        await reader.close()
        await writer.close()


async def migrate_later(settings_home: Path, url: str, folder: Path, works_with: str | None) -> Migrations:
    """Bring a database to a step of a later release, as its code does."""
    (head,) = Migrations().heads
    (folder / "tranche_9999.py").write_text(LATER.format(head=head, works_with=works_with))
    later, database = Migrations([folder]), Installation(make_settings(settings_home, url)).database
    async with migration_lock(database.connect) as connection:
        await later.migrate(database.connect, connection)
        assert later.complete(await read_rows(connection))
    await database.stop()
    return later


async def test_this_release_starts_on_the_schema_of_the_next(
    postgres: PostgresServer, home: Path, tmp_path: Path
) -> None:
    (head,) = Migrations().heads
    async with fresh_database(postgres) as url:
        await migrate_later(home, url, tmp_path, works_with=head)
        async with serving(make_settings(home, url)) as api:
            assert (await api.get("/readyz")).status_code == 200
            assert (await run(api, "no-op", [{"n": 1}]))["status"] == "completed"
            connection = await api.installation.database.connect()
            rows = await read_rows(connection)
            with pytest.raises(RevisionsRefused, match="Only the version that knows tranche_9999"):
                await api.installation.migrate(HEAD)
            assert await read_rows(connection) == rows >= {head, "tranche_9999"}
            await connection.close()


async def test_it_refuses_one_that_it_does_not_work_with(postgres: PostgresServer, home: Path, tmp_path: Path) -> None:
    async with fresh_database(postgres) as url:
        await migrate_later(home, url, tmp_path, works_with="tranche_9999")
        installation = Installation(make_settings(home, url))
        with pytest.raises(RevisionsRefused, match="A newer version wrote it: the migration tranche_9999"):
            await installation.migrate()
        await installation.database.stop()
