"""Batches as large as they may be, and larger."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.batch_helpers import get_batch
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query, rows_of
from tests.patience import patient

pytestmark = pytest.mark.own_service

MOST = 10_000


async def post(api: Api, items: list[dict[str, Any]]) -> httpx.Response:
    return await api.post("/api/batches", json={"pipeline": "no-op", "items": items}, timeout=patient(60))


async def test_ten_thousand_records_in_one_request(api: Api) -> None:
    answer = await post(api, [{"record": {"n": n}, "name": f"row {n}"} for n in range(MOST)])
    assert (answer.status_code, answer.json()["jobs_count"]) == (201, MOST)
    batch_id = answer.json()["batch_id"]
    of_batch = "from job_steps s join jobs j on j.id = s.job_id where j.batch_id = :id"
    assert await query(api, "select count(*) from jobs where batch_id = :id", id=batch_id) == MOST
    assert await query(api, "select max(sequence) from jobs where batch_id = :id", id=batch_id) == MOST
    assert await query(api, f"select count(*) {of_batch}", id=batch_id) == 3 * MOST
    assert await query(api, "select count(*) from events where batch_id = :id", id=batch_id) == 1
    order = "select bool_and(record = jsonb_build_object('n', sequence - 1)) from jobs where batch_id = :id"
    assert await query(api, order, id=batch_id)

    batch = await get_batch(api, batch_id)
    assert (batch["counters"]["pending"], len(batch["jobs"])) == (MOST, 500)
    names, cursor = [job["filename"] for job in batch["jobs"]], batch["jobs_next_cursor"]
    while cursor:
        page = (await api.get(f"/api/batches/{batch_id}/jobs", params={"limit": 1000, "cursor": cursor})).json()
        names += [job["filename"] for job in page["jobs"]]
        cursor = page["next_cursor"]
    assert names == [f"row {n}" for n in range(MOST)]


async def test_more_than_the_most_is_refused_whatever_they_are(api: Api) -> None:
    before = (await rows_of(api))[1:]
    for item in ({"record": {}}, {"url": "https://example.org"}, {"file_id": str(uuid4())}):
        answer = await post(api, [item] * (MOST + 1))
        assert (answer.status_code, answer.json()["code"]) == (422, "too_many_jobs")
        assert "10,000" in answer.json()["detail"]
    answer = await post(api, [{"file_id": str(uuid4())} for _ in range(40_000)])
    assert (answer.status_code, answer.json()["code"]) == (422, "too_many_jobs")
    assert (await rows_of(api))[1:] == before


async def test_an_operator_may_allow_more(home: Path, database_url: str) -> None:
    async with serving(make_settings(home, database_url, worker="off", max_files=50_000)) as api:
        answer = await post(api, [{"file_id": str(uuid4())} for _ in range(40_000)])
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_files")
        assert len(answer.json()["file_ids"]) == 20


COPIES = """
insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, execution_mode, max_parallel, status,
  total_jobs, pending_jobs, settings, metadata)
select gen_random_uuid(), organisation_id, pipeline_id, 'copy', 'copy', 'parallel', 1, 'pending', 100, 100, '{}', '{}'
from batches, generate_series(1, 200) where id = :id returning 1"""

JOBS = """
insert into jobs (id, batch_id, pipeline_id, sequence, source_type, record)
select gen_random_uuid(), b.id, b.pipeline_id, n, 'record', '{}' from batches b, generate_series(1, 100) n
where b.name = 'copy' returning 1"""


async def test_list_of_many_batches_with_many_jobs(api: Api) -> None:
    answer = await post(api, [{"record": {}}])
    await query(api, COPIES, id=answer.json()["batch_id"])
    await query(api, JOBS)
    groups = (await api.get("/api/jobs", params={"limit": 100, "search": "copy"})).json()["batches"]
    assert [len(group["jobs"]) for group in groups] == [100] * 100
    refused = await api.get("/api/jobs", params={"limit": 101})
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    many = (await api.get("/api/batches", params={"limit": 1000, "search": "copy"})).json()["batches"]
    assert len(many) == 200
