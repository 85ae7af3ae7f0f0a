"""Why a batch does not move. No runner runs here: the tests claim and settle with the runner's own SQL functions."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from app.runner.functions import CLAIM
from app.runner.transitions import SETTLE_CALL, Transition, settle_arguments
from tests.auth.people import caller, key_of
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.files.bodies import query

pytestmark = pytest.mark.own_service

BROKEN = {"error_code": "TIMEOUT", "error_message": "Broken."}


@pytest.fixture(autouse=True)
async def _no_workers(api: Api) -> AsyncIterator[None]:
    yield
    await query(api, "with gone as (delete from workers) select 1")


async def waits(api: Api, batch_id: str, *reasons: tuple[str, str]) -> dict[str, Any]:
    """The answer, after a look at its reasons: code and a pattern of the message."""
    reply = await api.get(f"/api/batches/{batch_id}/waiting")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    assert found["waiting"] == bool(reasons)
    assert [reason["code"] for reason in found["reasons"]] == [code for code, _ in reasons], found["reasons"]
    for reason, (_, message) in zip(found["reasons"], reasons, strict=True):
        assert re.fullmatch(message, reason["message"]), reason["message"]
    return found


async def add_worker(api: Api, *, slots: int = 8, running: int = 0, seconds_ago: int = 0) -> None:
    values = "(:id, 'host-1', :pid, :slots, :running, now() - make_interval(secs => :ago))"
    statement = f"insert into workers (id, host, pid, slots, running, seen_at) values {values} returning 1"
    await query(api, statement, id=uuid4(), pid=os.getpid(), slots=slots, running=running, ago=seconds_ago)


async def claim(api: Api, batch_id: str, count: int) -> list[Any]:
    """Take jobs as a worker does: id, attempt and position of each."""
    async with api.installation.database.transaction() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(f"select * from {CLAIM}($1, $2, $3)", ([batch_id], [count], [1]))
        return [row for row in rows if row.job_id]


async def settle(api: Api, job: Any, outcome: Any, **more: Any) -> None:
    """End a claimed job's step as a worker does."""
    transition = Transition(job.batch_id, job.job_id, job.attempt, job.step_position, outcome, **more)
    async with api.installation.database.transaction() as session:
        connection = await session.connection()
        assert (await connection.exec_driver_sql(SETTLE_CALL, settle_arguments([transition]))).all()


async def test_draft(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}], start=False)
    found = await waits(api, batch_id, ("draft", r"This batch is a draft\. Start it\."))
    assert (found["status"], found["slots"], found["pending_jobs"]) == ("draft", {"used": 0, "limit": 5}, 1)
    await waits(api, await submit(api, "typed", [], start=False), ("draft", "This batch is an empty draft. .*"))


async def test_no_worker(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}, {}])
    found = await waits(api, batch_id, ("no_worker", "2 jobs wait: no worker runs. Start one with `tranche worker`."))
    assert (found["workers"], found["worker_last_seen_at"]) == ([], None)
    await add_worker(api, seconds_ago=42)
    found = await waits(api, batch_id, ("no_worker", r"2 jobs wait: no worker was seen for 4\d seconds\. .*"))
    assert (found["workers"], bool(found["worker_last_seen_at"])) == ([], True)
    await add_worker(api)
    found = await waits(api, batch_id, ("queued", r"2 jobs wait for their turn\. Next: job 1\."))
    (worker,) = found["workers"]
    assert (worker["host"], worker["pid"], worker["running"], worker["slots"]) == ("host-1", os.getpid(), 0, 8)
    assert worker["seen_at"] == found["worker_last_seen_at"]


async def test_full_batch(api: Api) -> None:
    await add_worker(api)
    items = [{"record": {}, "name": f"row {n}"} for n in range(1, 8)]
    created = await api.post("/api/batches", json={"pipeline": "typed", "items": items, "max_parallel": 2})
    batch_id = created.json()["batch_id"]
    assert len(await claim(api, batch_id, 5)) == 2
    found = await waits(api, batch_id, ("batch_full", "5 jobs wait: all 2 of this batch's slots .* Next: row 3."))
    assert (found["slots"], found["pending_jobs"]) == ({"used": 2, "limit": 2}, 5)
    assert [job["sequence"] for job in found["next_jobs"]] == [3, 4, 5]


async def test_one_at_a_time(api: Api) -> None:
    await add_worker(api)
    batch_id = await submit(api, "typed", [{}, {}], execution_mode="sequential")
    (job,) = await claim(api, batch_id, 5)
    await waits(api, batch_id, ("sequential", r"1 job waits: this batch runs one at a time\. Next: job 2\."))
    await settle(api, job, "retry", delay=3600.0, **BROKEN)
    message = r"2 jobs wait: this batch runs one at a time, and job 1 is tried again at .*\d\d:\d\d:\d\d UTC\."
    found = await waits(api, batch_id, ("delayed", message))
    assert (found["slots"]["limit"], [job["sequence"] for job in found["next_jobs"]]) == (1, [1, 2])


async def test_only_delayed_retries_left(api: Api) -> None:
    await add_worker(api)
    batch_id = await submit(api, "typed", [{}, {}, {}])
    first, second, third = await claim(api, batch_id, 5)
    await settle(api, first, "retry", delay=7200.0, **BROKEN)
    found = await waits(api, batch_id, ("delayed", r"1 job is tried again at .* UTC\."))
    assert (found["delayed_jobs"], found["next_jobs"]) == (1, [])
    at = datetime.fromisoformat(found["next_retry_at"])
    assert f"{at:%H:%M:%S} UTC." in found["reasons"][0]["message"]
    await settle(api, second, "retry", delay=3600.0, **BROKEN)
    found = await waits(api, batch_id, ("delayed", r"2 jobs are tried again, the first at .* UTC\."))
    assert datetime.fromisoformat(found["next_retry_at"]) < at
    await settle(api, third, "released")
    await waits(api, batch_id, ("queued", r"3 jobs wait for their turn\. Next: job 3\."))


async def test_workers_are_full(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}])
    await add_worker(api, slots=4, running=4)
    message = "1 job waits for a slot: all 4 of the worker are in use. Next: job 1."
    await waits(api, batch_id, ("workers_full", message))
    await add_worker(api, slots=4, running=0, seconds_ago=60)  # a dead one's slots help nobody
    await waits(api, batch_id, ("workers_full", message))
    await add_worker(api, slots=6, running=6)
    await waits(api, batch_id, ("workers_full", ".* all 10 of the 2 workers are in use.*"))


async def test_paused_by_a_person_then_cancelled(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}, {}, {}])
    jobs = await claim(api, batch_id, 2)
    await api.post(f"/api/batches/{batch_id}/pause")
    paused = ("paused_by_user", r"Paused by admin\. Nothing new runs until it is resumed\.")
    found = await waits(api, batch_id, paused, ("finishing_steps", r"2 jobs are finishing their step\."))
    assert (found["paused_by"], found["pause_reason"], bool(found["paused_since"])) == ("admin", "user", True)
    await api.post(f"/api/batches/{batch_id}/resume")
    found = await waits(api, batch_id, ("no_worker", ".*"))
    assert (found["paused_by"], found["pause_reason"], found["paused_since"]) == (None, None, None)
    await api.post(f"/api/batches/{batch_id}/cancel")
    await settle(api, jobs[0], "released")
    await waits(api, batch_id, ("finishing_steps", r"1 job is finishing its step\."))
    await settle(api, jobs[1], "released")
    assert (await waits(api, batch_id))["status"] == "cancelled"


async def test_paused_by_the_policy(api: Api) -> None:
    policy = '{"action": "pause", "threshold": 0.5}'
    batch_id = await submit(api, "typed", [{}, {}, {}])
    await query(api, f"update batches set failure_policy = '{policy}' where id = :id returning 1", id=batch_id)
    for job in await claim(api, batch_id, 2):
        await settle(api, job, "failed", step_status="failed", **BROKEN)
    message = r"Paused by the failure policy: 2 of 3 jobs failed\. Resume it, or cancel it\."
    found = await waits(api, batch_id, ("paused_by_policy", message))
    assert (found["paused_by"], found["pause_reason"]) == (None, "failure_threshold")


async def test_trial_run(api: Api) -> None:
    await add_worker(api)
    batch_id = await submit(api, "typed", [{}, {}, {}])
    await query(api, "update batches set first_n = 1 where id = :id returning 1", id=batch_id)
    (job,) = await claim(api, batch_id, 5)
    await waits(api, batch_id, ("trial", r"2 jobs wait: this is a trial run of the first 1 job\."))
    await settle(api, job, "failed", step_status="failed", **BROKEN)
    await waits(api, batch_id, ("paused_after_trial", "Paused after the trial run of the first 1 job.*"))


async def test_suspects_of_a_crash(api: Api) -> None:
    await add_worker(api)
    batch_id = await submit(api, "typed", [{}, {}])
    for _ in range(2):
        for job in await claim(api, batch_id, 5):
            await settle(api, job, "lost")
    assert await claim(api, batch_id, 5) == []
    await waits(api, batch_id, ("suspects", r"2 jobs wait: jobs that ran when two workers died .* Next: jobs? 1.*"))


async def test_nothing_waits_while_every_job_runs_until_the_summary(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}])
    await query(api, "update batches set needs_summary = true where id = :id returning 1", id=batch_id)
    (job,) = await claim(api, batch_id, 1)
    await waits(api, batch_id)
    await settle(api, job, "failed", step_status="failed", **BROKEN)
    await waits(api, batch_id, ("closing", "All jobs have ended; .*"))


async def test_unknown_pipeline_and_other_organisation(api: Api) -> None:
    await add_worker(api)
    batch_id = await submit(api, "typed", [{}])
    row = "insert into pipelines (key, version, title, steps) values ('gone', 1, 'Gone', '[]') returning id"
    gone = await query(api, row)
    await query(api, "update batches set pipeline_id = :gone where id = :id returning 1", gone=gone, id=batch_id)
    await waits(api, batch_id, ("unknown_pipeline", ".* a worker that has the pipeline gone: it is unknown here."))
    async with caller(api, await key_of(api, "Second")) as second:
        reply = await second.get(f"/api/batches/{batch_id}/waiting")
    assert (reply.status_code, reply.json()["code"]) == (404, "batch_not_found")
