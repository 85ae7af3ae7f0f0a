"""Reading batches and jobs back."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from app.batches.responses import BatchPage
from app.files import service as file_service
from app.files.storage import Storage
from tests.batch_helpers import get_batch, submit
from tests.conftest import Api
from tests.files.bodies import query

pytestmark = pytest.mark.own_service

COMPLETED = "status = 'completed', completed_at = now()"
FAILED = "status = 'failed', completed_at = now(), error_code = 'X'"


async def test_etag_changes_with_every_event_only(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}], start=False)
    path = f"/api/batches/{batch_id}"
    first = await api.get(path)
    tag = first.headers["ETag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}'):
        answer = await api.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert (await api.get(path)).headers["ETag"] == tag
    await api.post(f"{path}/start")
    changed = await api.get(path, headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()["batch"]["status"]) == (200, "pending")
    assert changed.headers["ETag"] != tag


async def test_etags_of_two_batches_differ(api: Api) -> None:
    tags = {(await api.get(f"/api/batches/{await submit(api, 'typed', [{}])}")).headers["ETag"] for _ in range(2)}
    assert len(tags) == 2


async def test_lists_are_as_what_is_read_one_by_one(api: Api) -> None:
    large = {"n": 1.5e-7, "m": [2**63 - 1, {"ü": None}]}
    await submit(api, "typed", [{}], start=False, metadata=large, expires_in_hours=7, description="a\u2028b")
    ended = await submit(api, "typed", [{}, {}], customer_prefix="AB_PORT1", first_n=1)
    change = (
        "update batches set created_by = null, pending_jobs = 0, completed_jobs = 2, summary_data = '{\"a\": [0.1]}'"
    )
    await query(api, f"{change}, {COMPLETED}, started_at = '2026-01-02T03:04:05Z' where id = :id returning 1", id=ended)

    async def listed() -> list[Any]:
        answer = await api.get("/api/batches")
        page = BatchPage.model_validate_json(answer.content)
        assert answer.json() == json.loads(page.model_dump_json())
        return [batch for batch in answer.json()["batches"] if batch["pipeline"]["key"] == "typed"]

    async def one_by_one() -> list[Any]:
        return [group["batch_metadata"] for group in (await api.get("/api/jobs")).json()["batches"]]

    assert await listed() == await one_by_one()
    assert (await listed())[1]["metadata"] == large
    await submit(api, "typed", [{}], start=False, metadata={"n": 2**70, "m": -(2**64)})
    assert await listed() == await one_by_one()
    assert (await listed())[0]["metadata"] == {"n": 2**70, "m": -(2**64)}


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ("pending", [1, 4]),
        ("queued", [1, 4]),
        ("completed", [2]),
        ("success,failed", [2, 3]),
        ("running", []),
        (None, [1, 2, 3, 4]),
    ],
)
async def test_jobs_by_status(api: Api, status: str | None, found: list[int]) -> None:
    batch_id = await submit(api, "typed", [{} for _ in range(4)])
    for sequence, change in ((2, COMPLETED), (3, FAILED)):
        statement = f"update jobs set {change} where batch_id = :id and sequence = :sequence returning 1"
        await query(api, statement, id=batch_id, sequence=sequence)
    params = {"status": status} if status else {}
    page = (await api.get(f"/api/batches/{batch_id}/jobs", params=params)).json()
    assert [job["sequence"] for job in page["jobs"]] == found
    paged: list[int] = []
    cursor = None
    while True:
        more = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(f"/api/batches/{batch_id}/jobs", params=params | more)).json()
        paged += [job["sequence"] for job in page["jobs"]]
        if not (cursor := page["next_cursor"]):
            break
    assert paged == found


@pytest.mark.parametrize("status", ["done", "processing", "draft", "'"])
async def test_status_that_no_job_has(api: Api, status: str) -> None:
    batch_id = await submit(api, "typed", [{}])
    answer = await api.get(f"/api/batches/{batch_id}/jobs", params={"status": status})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_filter")


async def test_job_tells_its_batch_steps_and_outputs(api: Api) -> None:
    batch_id = await submit(api, "typed", [{"n": 1}])
    listed = (await get_batch(api, batch_id))["jobs"][0]
    job = (await api.get(f"/api/jobs/{listed['id']}")).json()["job"]
    assert {name: value for name, value in job.items() if name in listed and name != "steps"} == {
        name: value for name, value in listed.items() if name != "steps"
    }
    assert [step | {"output": None} for step in listed["steps"]] == job["steps"]
    assert (job["batch"]["id"], job["outputs"], job["run_at"]) == (batch_id, [], None)


@pytest.mark.parametrize("name", ["plain.txt", "a b?c=d#e%2F&.txt", "上海 🏊.txt", "semi;colon.txt"])
async def test_address_of_an_output_leads_to_it(api: Api, name: str) -> None:
    job_id = (await get_batch(api, await submit(api, "typed", [{}])))["jobs"][0]["id"]
    kept = await file_service.store_bytes(api.installation.get(Storage), name, b"the result")
    async with api.installation.database.transaction() as session:
        organisation_id = await query(api, "select id from organisations where name = 'Default'")
        await file_service.add_files(session, organisation_id, [kept])
    add = "insert into job_outputs (job_id, name, file_id) values (:job_id, :name, :file_id) returning 1"
    await query(api, add, job_id=job_id, name=name, file_id=kept.id)
    output = (await api.get(f"/api/jobs/{job_id}")).json()["job"]["outputs"][0]
    assert (output["name"], output["size"]) == (name, 10)
    answer = await api.get(output["url"])
    assert (answer.status_code, answer.content) == (200, b"the result")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert (await api.get(output["url"], headers={"Range": "bytes=4-"})).content == b"result"


@pytest.mark.parametrize(
    "path", ["/api/batches/{}", "/api/batches/{}/jobs", "/api/batches/{}/events", "/api/batches/{}/download"]
)
async def test_unknown_batch(api: Api, path: str) -> None:
    answer = await api.get(path.format(uuid4()))
    assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")


async def test_unknown_job_and_output(api: Api) -> None:
    answer = await api.get(f"/api/jobs/{uuid4()}")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
    job_id = (await get_batch(api, await submit(api, "typed", [{}])))["jobs"][0]["id"]
    for name in ("none", "a%00b", "%ff"):
        answer = await api.get(f"/api/jobs/{job_id}/outputs/{name}")
        assert answer.status_code in (400, 404)


async def test_batch_of_a_pipeline_that_is_gone_is_still_told(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}])
    row: dict[str, Any] = {"key": "gone", "title": "Once there"}
    steps = "jsonb_build_array(jsonb_build_object('name', 'old'))"
    make = f"insert into pipelines (key, version, title, steps) values (:key, 1, :title, {steps}) returning id"
    pipeline_id = await query(api, make, **row)
    await query(api, "update batches set pipeline_id = :new where id = :id returning 1", new=pipeline_id, id=batch_id)
    assert (await get_batch(api, batch_id))["pipeline"] == row | {"id": pipeline_id, "version": 1, "steps": ["old"]}
    listed = (await api.get("/api/batches", params={"pipeline": "gone"})).json()["batches"]
    assert [batch["id"] for batch in listed] == [batch_id]
