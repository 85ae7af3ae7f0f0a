"""Jobs of an older system become batches by the command that reads them from a file."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from app import __main__ as cli
from tests.conftest import make_settings, serving

CSV = """created_at,pipeline,file name,status,size,finished_at,error,Operator
2024-03-01T10:00:00Z,originals,KX_Quay_Lamp_Front.png,done,1000,2024-03-01T10:05:00Z,,Ann
2024-03-01T10:00:50,originals,KX_Quay_Lamp_Back.png,error,2000,,no memory,Ben
2024-03-01T10:00:20Z,checksum,NV_Pier_Plan.png,success,5,,,
2024-03-01T10:01:45Z,originals,KX_Quay_Lamp_Side.png,processing,3000,,,
2024-03-01T10:04:00Z,originals,KX_Quay_Lamp_Front.png,completed,7,,,
"""
BATCHES = """
select base_directory_name, customer_prefix, status, total_jobs, completed_jobs, failed_jobs, cancelled_jobs,
  total_size, relation, last_event_id,
  (select array_agg(type order by id) from events e where e.batch_id = b.id) as events
from batches b order by created_at
"""


Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `tranche import-jobs` over a text, and say how it left and what it printed."""
    monkeypatch.setattr(cli, "all_settings", lambda: make_settings(home, database_url))

    def run(text: str | bytes, *options: str, name: str = "old.csv") -> tuple[int, str]:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        result = CliRunner().invoke(cli.app, ["import-jobs", str(tmp_path / name), *options])
        return result.exit_code, result.output + str(result.exception or "")

    return run


async def batches(url: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(BATCHES))
    finally:
        await connection.close()


def test_window_pipeline_and_status_make_batches(run: Run, database_url: str) -> None:
    code, said = run(CSV, "--dry-run")
    assert (code, "5 jobs in 3 batches, not written" in said) == (0, True), said
    assert asyncio.run(batches(database_url)) == []
    code, said = run(CSV)
    assert code == 0, said
    first, second, third = asyncio.run(batches(database_url))
    assert tuple(first)[:8] == ("KX_QUAY_3-view_Render_2024-03-01", "KX_QUAY", "partial", 3, 1, 1, 1, 6000)
    assert tuple(second)[:5] == ("1-file_Results_2024-03-01", None, "completed", 1, 1)
    assert tuple(third)[:3] == ("KX_QUAY_1-view_Render_2024-03-01", "KX_QUAY", "completed")
    assert {(row["relation"], row["last_event_id"]) for row in (first, second, third)} == {("backfill", 2)}
    assert first["events"] == ["batch.created", "batch.partial"]
    again = run(CSV)
    assert "KX_QUAY_3-view_Render_2024-03-01_2" in again[1]


async def test_imported_batches_are_seen_but_not_run_again(run: Run, home: Path, database_url: str) -> None:
    assert await asyncio.to_thread(run, CSV)
    async with serving(make_settings(home, database_url)) as api:
        batch = (await api.get("/api/batches?status=partial")).json()["batches"][0]
        assert (await api.get(f"/api/batches/{batch['id']}")).status_code == 200
        assert (await api.get(f"/api/batches/{batch['id']}/audit")).json() == {"consistent": True, "differences": []}
        for command in ("retry-failed", "restart"):
            reply = await api.post(f"/api/batches/{batch['id']}/{command}")
            assert (reply.status_code, reply.json()["code"]) == (409, "nothing_to_run_again")
        with zipfile.ZipFile(io.BytesIO((await api.get(f"/api/batches/{batch['id']}/download")).content)) as empty:
            assert empty.namelist() == []
        assert (await api.delete(f"/api/batches/{batch['id']}")).status_code < 300


def test_a_row_that_cannot_be_read_stops_everything(run: Run, database_url: str) -> None:
    before = len(asyncio.run(batches(database_url)))
    rows = [
        {"created_at": "2024-03-01", "pipeline": "no-op", "status": "done"},
        {"created_at": "yesterday", "pipeline": "no-op"},
        {"created_at": "2024-03-01", "pipeline": "nothing"},
        {"created_at": "2024-03-01", "pipeline": "no-op", "status": "perhaps"},
        {"pipeline": "no-op"},
        {"created_at": "2024-03-01", "pipeline": "no-op", "size": "-1"},
        {"created_at": "2024-03-01", "pipeline": "no-op", "filename": "a\u0000b"},
    ]
    text = "\n".join([*map(json.dumps, rows), "{not json", "[1]"])
    code, said = run(text, name="old.jsonl")
    assert code == 1
    assert "8 of the rows" in said
    for line in range(2, 10):
        assert f"line {line}: " in said
    assert len(asyncio.run(batches(database_url))) == before


def test_encoding_that_the_file_does_not_tell_has_to_be_said(run: Run) -> None:
    old = "created_at,pipeline,filename\n2024-03-01T10:00:00Z,no-op,KX_QUAY_0001_Crème.png\n".encode("cp1252")
    code, said = run(old)
    assert (code, "not UTF-8" in said, "--encoding cp1252" in said) == (1, True, True), said
    code, said = run(old, "--encoding", "no-such")
    assert (code, "no encoding no-such" in said) == (1, True), said
    code, said = run(old, "--encoding", "cp1252", "--dry-run")
    assert (code, "1 job in 1 batch" in said) == (0, True), said
    code, said = run(old.decode("cp1252").encode("utf-16"), "--dry-run")
    assert (code, "1 job in 1 batch" in said) == (0, True), said
