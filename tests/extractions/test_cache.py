"""A sheet is read once: by one job of several that want it, in one process or two, whatever becomes of that job."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.extractions import repository
from app.extractions.pipeline import EXTRACTOR, VERSION
from app.extractions.repository import ReadingKey
from app.kit.db import Database
from app.kit.ids import new_id
from app.runner.context import RunningStep
from tests.batch_helpers import follow, get_batch, submit
from tests.conftest import Api, make_settings, serving
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.test_pipeline import extract
from tests.files.bodies import query

pytestmark = pytest.mark.own_service

SHEET = SAMPLES / "2026-11-08 Harbour City Senior Open.pdf"


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that ran in children, in order."""
    ran: list[str] = []
    real = RunningStep.in_child

    async def counted(self: RunningStep, function: str, *args: Any) -> Any:
        ran.append(function.partition(":")[2])
        return await real(self, function, *args)

    monkeypatch.setattr(RunningStep, "in_child", counted)
    return ran


async def test_same_sheet_many_times_at_once_is_read_once(api: Api, readings: list[str]) -> None:
    files = [(f"{number}.pdf", SHEET.read_bytes()) for number in range(8)]
    batch = await extract(api, "Maya Lindqvist", files, max_parallel="8")
    assert batch["status"] == "completed"
    assert readings == ["read_sheet_text"]
    assert batch["counters"]["cached"] == batch["summary_data"]["cached"] == 7
    (read_ms,) = {job["result"]["read_ms"] for job in batch["jobs"]}
    assert read_ms > 0
    assert batch["summary_data"]["time_saved_ms"] == 7 * read_ms
    assert len({str(job["result"]["swims"]) for job in batch["jobs"]}) == 1


async def test_two_processes_read_it_once(api: Api, readings: list[str]) -> None:
    sheet = (SAMPLES / "2026-11-15 Northgate Age Group Champs.pdf").read_bytes()
    settings = make_settings(api.settings.home, api.installation.database.dsn)
    async with serving(settings) as other:
        batches = await asyncio.gather(
            *(extract(client, "Maya Lindqvist", [("a.pdf", sheet)] * 4, max_parallel="4") for client in (api, other))
        )
    assert readings == ["read_sheet_text"]
    assert sum(batch["counters"]["cached"] for batch in batches) == 7


async def test_unreadable_sheet_holds_nobody_up(api: Api, readings: list[str]) -> None:
    batch = await extract(api, "Maya Lindqvist", [(f"{number}.pdf", b"not a PDF") for number in range(3)])
    assert [job["error_code"] for job in batch["jobs"]] == ["PDF_UNREADABLE"] * 3
    assert len(readings) == 3


@pytest.fixture
async def holder(api: Api) -> tuple[ReadingKey, UUID]:
    """A key of a reading, and the id of a job that never started."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    job_id = (await get_batch(api, batch_id))["jobs"][0]["id"]
    organisation_id = await query(api, "select organisation_id from batches where id = :id", id=batch_id)
    return ReadingKey(organisation_id, new_id().hex, "hytek", 1), UUID(job_id)


async def set_running(database: Database, job_id: UUID, attempt: int | None) -> None:
    """As the runner leaves a job: running under an attempt, or pending."""
    change = (
        "update jobs set status = 'running', claimed_by = 1, attempt = :attempt where id = :id"
        if attempt
        else "update jobs set status = 'pending', claimed_by = null where id = :id"
    )
    async with database.transaction() as session:
        values = {"id": job_id} | ({"attempt": attempt} if attempt else {})
        await session.execute(text(change), values)


async def test_claim_counts_while_its_job_runs_under_its_attempt(api: Api, holder: tuple[ReadingKey, UUID]) -> None:
    key, job_id = holder
    database, other = api.installation.database, UUID(int=0)
    other = UUID((await get_batch(api, await submit(api, "no-op", [{}], start=False)))["jobs"][0]["id"])

    async def claim(job: UUID, attempt: int) -> bool:
        async with database.transaction() as session:
            return await repository.claim_reading(session, key, job, attempt)

    await set_running(database, job_id, 3)
    await set_running(database, other, 1)
    assert await claim(job_id, 3)
    assert await claim(job_id, 3)
    assert not await claim(other, 1)
    await set_running(database, job_id, 4)  # taken over after a crash: the old attempt holds nothing
    assert await claim(other, 1)
    assert not await claim(job_id, 4)
    await set_running(database, other, None)
    assert await claim(job_id, 4)
    racers = await asyncio.gather(*(claim(other, 1) for _ in range(10)))
    assert not any(racers)
    await set_running(database, job_id, None)
    await set_running(database, other, None)


async def test_racers_for_a_free_claim_make_one_holder(api: Api, holder: tuple[ReadingKey, UUID]) -> None:
    key, _ = holder
    batch_id = await submit(api, "no-op", [{} for _ in range(10)], start=False)
    jobs = [UUID(job["id"]) for job in (await get_batch(api, batch_id))["jobs"]]
    database = api.installation.database
    for job in jobs:
        await set_running(database, job, 1)

    async def claim(job: UUID) -> bool:
        async with database.transaction() as session:
            return await repository.claim_reading(session, key, job, 1)

    assert sum(await asyncio.gather(*map(claim, jobs))) == 1
    for job in jobs:
        await set_running(database, job, None)


async def test_waiting_job_takes_over_from_one_that_died(api: Api, readings: list[str]) -> None:
    sheet = (SAMPLES / "2026-11-17 Riverbend Dual Meet.pdf").read_bytes()
    stored = (await api.put("/api/files/river.pdf", content=sheet)).json()
    draft = await submit(api, "no-op", [{}], start=False)
    dead = UUID((await get_batch(api, draft))["jobs"][0]["id"])
    organisation_id = await query(api, "select organisation_id from batches where id = :id", id=draft)
    key = ReadingKey(organisation_id, stored["sha256"], EXTRACTOR, VERSION)
    database = api.installation.database
    await set_running(database, dead, 1)
    async with database.transaction() as session:
        assert await repository.claim_reading(session, key, dead, 1)
    body = {
        "pipeline": "pdf-extraction",
        "params": {"swimmer_name": "Maya Lindqvist"},
        "items": [{"file_id": stored["id"]}],
    }
    batch_id = (await api.post("/api/batches", json=body)).json()["batch_id"]
    path = f"/api/batches/{batch_id}"
    while (await api.get(path)).json()["batch"]["jobs"][0][
        "progress_message"
    ] != "another job is reading the same sheet":
        await asyncio.sleep(0.02)
    assert readings == []
    await set_running(database, dead, None)
    await follow(api, batch_id)
    assert (await get_batch(api, batch_id))["status"] == "completed"
    assert readings == ["read_sheet_text"]


async def test_readings_that_nobody_uses_go(api: Api) -> None:
    unused = (
        "insert into sheets (id, organisation_id, sha256, extractor, version, data, used_at) select gen_random_uuid(),"
        " organisation_id, 'old', 'hytek', 1, '{}', now() - interval '31 days' from batches limit 1 returning 1"
    )
    await query(api, unused)
    sheet = (SAMPLES / "2026-11-01 Lakeside Invitational.pdf").read_bytes()
    await extract(api, "Maya Lindqvist", [("a.pdf", sheet)])
    assert await query(api, "select count(*) from sheets where sha256 = 'old'") == 0


async def test_cached_job_shares_the_stored_content(api: Api) -> None:
    """Its files are rows of their own over one content, which stays when the first job's batch goes."""
    sheet = (SAMPLES / "2026-11-01 Lakeside Invitational.pdf").read_bytes()
    first, second = [await extract(api, "Maya Lindqvist", [("a.pdf", sheet)]) for _ in range(2)]
    paths = [f"/api/jobs/{batch['jobs'][0]['id']}/outputs/sheet.json" for batch in (first, second)]
    before = [(await api.get(path)).content for path in paths]
    assert before[0] == before[1]
    shared = """
        select count(distinct o.file_id) * 10 + count(distinct f.storage_key)
        from job_outputs o join files f on f.id = o.file_id join jobs j on j.id = o.job_id
        where o.name = 'sheet.json' and j.batch_id in (:first, :second)"""
    assert await query(api, shared, first=first["id"], second=second["id"]) == 21
    assert (await api.delete(f"/api/batches/{first['id']}")).status_code == 204
    assert (await api.get(paths[1])).content == before[1]
