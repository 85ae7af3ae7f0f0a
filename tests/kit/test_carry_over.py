"""Databases of the pre-releases: the last of them becomes one of this version, others are refused in one sentence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.installation import Installation
from app.kit.carry_over import BRACKETS
from app.kit.revisions import RevisionsRefused
from tests.conftest import make_settings, serving
from tests.database import PostgresServer
from tests.kit.test_migrations import NAMED, SHAPE, column, empty_database

pytestmark = pytest.mark.every_postgres

PRE_RELEASE = (Path(__file__).parent / "schema_0013.sql").read_text("utf-8")
SOME = """
insert into organisations (id, name) values ('00000000-0000-0000-0000-000000000001', 'Default');
insert into plays (organisation_id, name) values ('00000000-0000-0000-0000-000000000001', 'Kept');
insert into play_batch_requirements (play_id, batch_number, batch_name) values (1, 2, 'company_enrichment');
insert into pipelines (key, version, title, steps) values ('originals', 1, 'Originals', '[]');
insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, execution_mode, max_parallel, status,
  total_jobs, pending_jobs, settings, metadata, completed_at, auto_upload_enabled, dropbox_directory_id, handed_over_at)
select gen_random_uuid(), o.id, p.id, way, way, 'parallel', 1, 'completed', 0, 0, '{}', '{}', now(), way = 'dropbox',
  case way when 'dropbox' then 'id:1' end, case way when 'dropbox' then now() end
from organisations o, pipelines p, unnest(array['dropbox', 'nowhere']) way;
"""


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database at migration 0013 of a pre-release."""
    async with empty_database(postgres) as url:
        await execute(url, PRE_RELEASE)
        yield url


async def execute(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


async def shape(url: str) -> list[str]:
    return sorted(BRACKETS.sub("", line) for line in await column(url, SHAPE))


async def test_the_last_pre_release_is_started_as_it_is(tmp_path: Path, url: str, postgres: PostgresServer) -> None:
    await execute(url, SOME)
    async with serving(make_settings(tmp_path, url)) as api:
        assert (await api.get("/readyz")).status_code == 200
        assert (await api.get("/api/play-batch-mappings")).json() == [{"play_id": 1, "required_batches": [2]}]
        batches = {batch["name"]: batch for batch in (await api.get("/api/batches")).json()["batches"]}
        ids = [
            (await api.get(f"/api/batches/{batches[name]['id']}")).json()["batch"].get("dropbox_directory_id")
            for name in ("dropbox", "nowhere")
        ]
        assert ids == ["id:1", None]
    assert await column(url, "select version_num from alembic_version") == NAMED
    assert await shape(url) == await shape(postgres.dsn)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        ("update alembic_version set version_num = '0007'", r"at migration 0007: bring it to 0013 with"),
        ("alter table batches drop column first_n", "'batches ck_batches_first_n .* missing, and 1 other"),
        ("drop index ix_jobs_pending", "ix_jobs_pending .* missing, and 0 other"),
        ("drop trigger outbox on events", "CREATE TRIGGER outbox"),
        ("update alembic_version set version_num = 'tranche_9999'", "A newer version wrote it"),
    ],
)
async def test_what_cannot_be_carried_over_is_left_as_it_is(
    tmp_path: Path, url: str, spoil: str, expected: str
) -> None:
    await execute(url, spoil)
    before, row = await column(url, SHAPE), await column(url, "select version_num from alembic_version")
    with pytest.raises(RevisionsRefused, match=expected):
        await Installation(make_settings(tmp_path, url)).migrate()
    assert await column(url, SHAPE) == before
    assert await column(url, "select version_num from alembic_version") == row
