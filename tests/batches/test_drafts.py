"""Drafts: kept until started, and started once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from uuid import uuid4

import pytest

from tests.batch_helpers import get_batch, submit
from tests.conftest import Api
from tests.files.bodies import FORM, form, part, query

RINGS = "select count(*) from engine.pgqueuer where convert_from(payload, 'UTF8') = :id"


async def test_draft_waits_until_it_is_started(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}, {}], start=False)
    assert (await get_batch(api, batch_id))["status"] == "draft"
    answer = await api.post(f"/api/batches/{batch_id}/start")
    assert answer.status_code == 200
    batch = await get_batch(api, batch_id)
    assert batch["status"] == "pending"
    assert answer.json()["first_job_id"] == batch["jobs"][0]["id"]
    assert datetime.fromisoformat(answer.json()["started_at"]).tzinfo
    assert await query(api, RINGS, id=batch_id) == 4


async def test_draft_from_a_form(api: Api) -> None:
    body = form(part("pipeline", "typed"), part("start", "false"), part("files", b"x", "x.txt"))
    reply = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()
    assert reply["status"] == "draft"


async def test_starting_again_answers_the_same_and_does_nothing(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}], start=False)
    answers = await asyncio.gather(*(api.post(f"/api/batches/{batch_id}/start") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    again = await api.post(f"/api/batches/{batch_id}/start")
    assert {answer.text for answer in answers} == {again.text}
    events = (await api.get(f"/api/batches/{batch_id}/events")).json()["events"]
    assert [event["type"] for event in events] == ["batch.created", "batch.queued"]
    assert await query(api, RINGS, id=batch_id) == 4


async def test_empty_draft_is_kept_but_not_started(api: Api) -> None:
    reply = await api.post("/api/batches", json={"pipeline": "typed", "items": [], "start": False})
    assert (reply.status_code, reply.json()["jobs_count"]) == (201, 0)
    answer = await api.post(f"/api/batches/{reply.json()['batch_id']}/start")
    assert (answer.status_code, answer.json()["code"]) == (422, "batch_empty")
    assert (await get_batch(api, reply.json()["batch_id"]))["status"] == "draft"


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("paused", "pause_reason = 'user'"),
        ("cancelling", "status_reason = null"),
        ("completed", "completed_at = now(), pending_jobs = 0, completed_jobs = total_jobs"),
        ("partial", "completed_at = now(), pending_jobs = 0, completed_jobs = total_jobs"),
        ("failed", "completed_at = now(), pending_jobs = 0, failed_jobs = total_jobs"),
        ("cancelled", "completed_at = now(), pending_jobs = 0, cancelled_jobs = total_jobs"),
    ],
)
async def test_only_a_draft_can_be_started(api: Api, status: str, more: str) -> None:
    batch_id = await submit(api, "typed", [{}])
    await query(
        api, f"update batches set status = :status, {more} where id = :id returning 1", status=status, id=batch_id
    )
    answer = await api.post(f"/api/batches/{batch_id}/start")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "invalid_transition")
    assert (problem["from"], problem["event"]) == (status, "start")
    assert isinstance(problem["allowed"], list)
    assert "start" not in problem["allowed"]


async def test_unknown_batch(api: Api) -> None:
    answer = await api.post(f"/api/batches/{uuid4()}/start")
    assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")


async def test_ids_are_told_apart_though_made_at_once(api: Api) -> None:
    ids = await asyncio.gather(*(submit(api, "typed", [{}], start=False) for _ in range(20)))
    assert max(Counter(ids).values()) == 1
