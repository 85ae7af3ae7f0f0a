"""A table `legacy_jobs` of an older system: grouped at the start, whenever it came, and never in the way of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from app import __main__ as cli
from app.assets.picture_names import PICTURES
from app.batches.naming import Namer
from tests.conftest import make_settings, serving
from tests.database import PostgresServer
from tests.kit.test_migrations import empty_database

pytestmark = pytest.mark.every_postgres

TABLE = (
    "create table legacy_jobs (id serial primary key, pipeline text, created_at {moment}, filename text, status text)"
)
ROW = "insert into legacy_jobs (pipeline, created_at, filename, status) values ($1, $2::text::{moment}, $3, $4)"
BATCHES = """
select b.base_directory_name, b.customer_prefix, b.status, b.total_jobs, b.relation,
  (select array_agg(type order by id) from events e where e.batch_id = b.id) as events
from batches b order by b.created_at, b.base_directory_name
"""
Rows = list[tuple[str | None, str | None, str | None, str | None]]
SOME: Rows = [
    ("originals", "2024-01-01 10:00:00", "KX_Quay_Lamp_Front.png", "completed"),
    ("originals", "2024-01-01 10:00:30", "KX_Quay_Lamp_Back.png", "failed"),
    ("checksum", "2024-01-01 10:00:40", "notes.txt", "running"),
    ("originals", "2024-01-01 11:00:00", "c", "Done"),
]


@pytest.fixture
async def url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database in which nothing of ours is yet."""
    async with empty_database(postgres) as url:
        yield url


async def fill(url: str, rows: Rows, moment: str = "timestamp") -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(TABLE.format(moment=moment))
    await connection.executemany(ROW.format(moment=moment), rows)
    await connection.close()


async def fetch(url: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def count(url: str, query: str) -> Any:
    return (await fetch(url, f"select count(*) from {query}"))[0][0]


async def start(home: Path, url: str) -> None:
    async with serving(make_settings(home, url)):
        pass


async def test_the_very_first_start_groups_the_table(home: Path, url: str) -> None:
    await fill(url, SOME)
    async with serving(make_settings(home, url)) as api:
        listed = (await api.get("/api/batches")).json()["batches"]
        assert [batch["status"] for batch in listed] == ["completed", "cancelled", "partial"]
        first = (await api.get(f"/api/batches/{listed[2]['id']}")).json()["batch"]
        assert [job["filename"] for job in first["jobs"]] == ["KX_Quay_Lamp_Front.png", "KX_Quay_Lamp_Back.png"]
        assert first["jobs"][1]["error_code"] == "IMPORTED_FAILURE"
        for batch in listed:
            assert (await api.get(f"/api/batches/{batch['id']}/audit")).json()["consistent"]
    found = [tuple(row) for row in await fetch(url, BATCHES)]
    assert found[0] == (
        *("KX_QUAY_2-view_Render_2024-01-01", "KX_QUAY", "partial", 2, "backfill"),
        ["batch.created", "batch.partial"],
    )
    assert [row[:4] for row in found[1:]] == [
        ("1-file_Results_2024-01-01", None, "cancelled", 1),
        ("1-file_Render_2024-01-01", None, "completed", 1),
    ]
    assert await count(url, "legacy_jobs l join batches b on b.id = l.batch_id") == 4


async def test_a_later_table_is_grouped_once_and_a_deleted_batch_stays_away(home: Path, url: str) -> None:
    await start(home, url)
    await fill(url, SOME, "timestamptz")
    await asyncio.gather(*(start(home, url) for _ in range(2)))
    assert await count(url, "batches") == 3
    await fetch(url, "delete from batches where status = 'partial'")
    await fetch(url, "insert into legacy_jobs (pipeline, created_at) values ('originals', '2024-02-01')")
    await start(home, url)
    assert [row["status"] for row in await fetch(url, BATCHES)] == ["cancelled", "completed", "completed"]
    assert await count(url, "legacy_jobs where batch_id is null") == 2


async def test_rows_that_cannot_be_taken_are_reported_and_wait(
    home: Path, url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rows: Rows = [
        ("old-render", "2024-01-01 10:00:00Z", "a.png", "done"),
        ("old-render", "2024-01-01 10:00:01Z", "b.png", None),
        (None, "2024-01-01 10:00:01Z", "b.png", "done"),
        ("originals", "yesterday evening", "c.png", "done"),
        ("originals", "infinity", "c.png", "done"),
        ("originals", None, "c.png", "done"),
        ("originals", "2024-01-01", "d.png", "perhaps"),
        ("originals", "2024-01-01", None, "done"),
    ]
    await fill(url, rows, "text")
    with caplog.at_level(logging.INFO, "tranche.legacy"):
        await start(home, url)
    assert [record.message.partition(" `")[0] for record in caplog.records if record.name == "tranche.legacy"] == [
        "legacy_jobs was grouped into 1 batches",
        "legacy_jobs: '' in created_at is no date and time (rows left: 1).",
        "legacy_jobs: 'infinity' in created_at is no date and time (rows left: 1).",
        "legacy_jobs: 'yesterday evening' in created_at is no date and time (rows left: 1).",
        "legacy_jobs: the pipeline '' is not here (rows left: 1).",
        "legacy_jobs: the pipeline 'old-render' is not here (rows left: 2).",
        "legacy_jobs: the status 'perhaps' is not known (rows left: 1).",
    ]
    monkeypatch.setattr(cli, "all_settings", lambda: make_settings(home, url))

    def run(*options: str) -> str:
        result = CliRunner().invoke(cli.app, ["group-legacy", *options])
        return result.output + str(result.exception or "")

    assert "write it as old-render=KEY" in await asyncio.to_thread(run, "-p", "old-render")
    assert "nothing" in await asyncio.to_thread(run, "-p", "old-render=nothing")
    said = await asyncio.to_thread(run, "-p", "old-render=originals", "--window", "0")
    assert "2 batches were made." in said, said
    assert "old-render" not in said
    assert "0 batches were made." in await asyncio.to_thread(run)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        ("alter table legacy_jobs drop column created_at", "the column created_at is missing"),
        ("alter table legacy_jobs drop column pipeline", "the column pipeline is missing"),
        ("alter table legacy_jobs add column batch_id int", "the column batch_id is missing"),
        ("alter table legacy_jobs rename to l; create view legacy_jobs as select * from l", "left alone"),
    ],
)
async def test_a_table_of_another_shape_is_left_alone(
    home: Path, url: str, spoil: str, expected: str, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(url, SOME)
    connection = await asyncpg.connect(url)
    await connection.execute(spoil)
    await connection.close()
    await start(home, url)
    assert expected in caplog.text
    assert await count(url, "batches") == 0


NAMES = """
PL_DXB191_GI_Defense_V1_SF102_Front.png|IMG_Beach_01.jpg|kx quay7-Chair (1).PNG|a/b\\KX_Quay_top_02.jpeg|AB_Front.png
.png|_001.png|001_002|KX-Quay.3q|Kx_quayfarewell_Extremely_Long|KX_Quay7x_Back|ABCDEF_Gh|KX_Quay_Back_(3)_7_.tif|front|
KX_AverylongsecondwordofaCustomer_Front.png
"""


async def test_names_are_those_that_a_submission_would_get(home: Path, url: str) -> None:
    names = NAMES.replace("\n", "|").split("|")
    rows: Rows = [("originals", f"{2000 + number}-01-01", name, "done") for number, name in enumerate(names)]
    await fill(url, rows)
    await start(home, url)
    found = await fetch(url, "select base_directory_name, customer_prefix from batches order by created_at")
    expected, namer = [], Namer(PICTURES, "Render")
    for number, name in enumerate(names):
        prefix, _ = namer.prefix_of([name])
        day = datetime(2000 + number, 1, 1, tzinfo=UTC)
        expected.append(namer.directory_of(prefix, namer.description_of([name]), day))
    assert [row["base_directory_name"] for row in found] == expected
