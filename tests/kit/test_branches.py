"""Packages that bring migrations: a branch of their own beside ours, up and down by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.kit.migrations import Migrations, migration_lock
from app.kit.revisions import RevisionsRefused
from tests.database import PostgresServer
from tests.kit.test_migrations import HEADS, NAMED, column, empty_database

pytestmark = pytest.mark.every_postgres

STEP = """
from alembic import op

revision = "{id}"
down_revision = {follows!r}
branch_labels = {labels!r}
depends_on = {depends_on!r}


def upgrade() -> None:
    op.execute("{up}")


def downgrade() -> None:
    op.execute("{down}")
"""
ROWS = f"""
select version_num from alembic_version where version_num <> all ('{{{",".join({*NAMED} - {*HEADS})}}}')
"""
TABLES = "select relname::text from pg_class where relname like 'weather%' and relkind = 'r'"


class Package:
    """A folder of migrations, and a database that they are run on."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url

    def write(self, number: int, *, depends_on: str | None = None) -> None:
        """A step that makes a table of its own."""
        id, before = f"weather_{number:04}", f"weather_{number - 1:04}"
        text = STEP.format(
            id=id,
            follows=None if number == 1 else before,
            labels=("weather",) if number == 1 else None,
            depends_on=depends_on,
            up=f"create table {id} (batch_id uuid references batches (id))",
            down=f"drop table {id}",
        )
        (self.folder / f"{id}.py").write_text(text)

    async def migrate(self, revision: str = "head", *, installed: bool = True) -> list[str]:
        migrations = Migrations([self.folder] if installed else [])

        async def connect() -> asyncpg.Connection[asyncpg.Record]:
            return await asyncpg.connect(self.url)

        async with migration_lock(connect) as lock:
            reached = await migrations.migrate(connect, lock, revision)
        if revision != "base":
            assert set(reached) <= set(await self.rows())
        return reached

    async def rows(self) -> list[str]:
        return await column(self.url, ROWS)

    async def tables(self) -> list[str]:
        return await column(self.url, TABLES)


@pytest.fixture
async def package(tmp_path: Path, postgres: PostgresServer) -> AsyncIterator[Package]:
    folder = tmp_path / "100% weather, a room"
    folder.mkdir()
    async with empty_database(postgres) as url:
        yield Package(folder, url)


async def test_a_branch_is_listed_beside_ours_and_goes_up_with_it(package: Package) -> None:
    package.write(1, depends_on="tranche_0001")
    assert await package.migrate() == [*HEADS, "weather_0001"] == await package.rows()
    package.write(2, depends_on=HEADS[0])
    assert await package.migrate() == [*HEADS, "weather_0002"] == await package.rows()
    assert await package.tables() == ["weather_0001", "weather_0002"]
    assert await package.migrate() == [*HEADS, "weather_0002"] == await package.rows()


async def test_a_package_that_comes_later_or_starts_from_a_step_of_ours(package: Package) -> None:
    assert await package.migrate("tranche_0002", installed=False) == ["tranche_0002"]
    package.write(1, depends_on="tranche_0002")
    assert await package.migrate("weather_0001") == ["tranche_0002", "weather_0001"]
    assert await package.migrate() == [*HEADS, "weather_0001"] == await package.rows()


async def test_a_branch_is_taken_back_alone(package: Package) -> None:
    package.write(1, depends_on=HEADS[0])
    package.write(2)
    assert await package.migrate() == [*HEADS, "weather_0002"]
    assert Migrations([package.folder]).goes_back(await package.rows(), "weather_0001")
    assert await package.migrate("weather_0001") == [*HEADS, "weather_0001"] == await package.rows()
    assert await package.migrate("weather@base") == HEADS == await package.rows()
    assert await package.tables() == []
    assert await package.migrate("weather@head") == [*HEADS, "weather_0002"] == await package.rows()
    assert await package.migrate("base") == []
    assert await package.tables() == []


async def test_ours_is_not_taken_back_from_under_a_branch(package: Package) -> None:
    package.write(1, depends_on="tranche_0002")
    await package.migrate()
    assert await package.migrate("tranche_0002") == ["tranche_0002", "weather_0001"] == await package.rows()
    for target in ("tranche_0001", "tranche@base"):
        with pytest.raises(RevisionsRefused, match=r"weather_0001 needs tranche_0002\. First .* weather@base"):
            await package.migrate(target)
    assert await package.rows() == ["tranche_0002", "weather_0001"]
    with pytest.raises(RevisionsRefused, match="several branches"):
        await package.migrate("-1")
    with pytest.raises(RevisionsRefused, match="There is no migration 'weather_0007'"):
        await package.migrate("weather_0007")


async def test_an_uninstalled_package_stops_nothing_but_its_own_way_back(package: Package) -> None:
    package.write(1, depends_on="tranche_0002")
    await package.migrate("weather_0001")
    assert await package.migrate(installed=False) == HEADS
    assert await package.rows() == [*HEADS, "weather_0001"]
    with pytest.raises(RevisionsRefused, match="Only the package that brought weather_0001"):
        await package.migrate("base", installed=False)
    assert await package.tables() == ["weather_0001"]
    package.write(2)
    assert await package.migrate() == [*HEADS, "weather_0002"] == await package.rows()


async def test_an_index_is_made_beside_the_use_of_its_table(package: Package) -> None:
    package.write(1, depends_on=HEADS[0])
    file = package.folder / "weather_0001.py"
    index = """with op.get_context().autocommit_block():
        op.create_index("ix_weather", "weather_0001", ["batch_id"], postgresql_concurrently=True)"""
    text = file.read_text()
    file.write_text(text.replace("\n\n\ndef downgrade", f"\n    {index}\n\n\ndef downgrade"))
    assert await package.migrate() == [*HEADS, "weather_0001"]
    assert await column(
        package.url, "select indisvalid::text from pg_index where indexrelid = 'ix_weather'::regclass"
    ) == ["true"]


async def test_files_that_do_not_fit_are_one_sentence(package: Package) -> None:
    package.write(1, depends_on="tranche_0999")
    with pytest.raises(RevisionsRefused, match="needs the migration tranche_0999, which is not installed"):
        Migrations([package.folder])
    package.write(1)
    with pytest.raises(RevisionsRefused, match="are both the migration weather_0001"):
        Migrations([package.folder, package.folder])
    (package.folder / "notes.py").write_text("print('not run')\n")
    with pytest.raises(RevisionsRefused, match=r"notes\.py is no migration"):
        Migrations([package.folder])
