"""The audit finds what does not agree, and nothing in what does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.batches.audit import audit
from app.kit.ids import new_id
from tests.auth.people import caller, key_of
from tests.batch_helpers import run, stream, submit
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import FORM, form, part, query

JOB = "(select id from jobs where batch_id = :id and sequence = {})"
MIXED = [{"do": "stop"}, {"do": "succeed"}, {"do": "retry_once"}, {"do": "raise", "optional": True}]


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service with its runner."""
    async with serving(make_settings(home, database_url)) as client:
        yield client


async def differences(api: Api, batch_id: str) -> list[dict[str, Any]]:
    reply = await api.get(f"/api/batches/{batch_id}/audit")
    assert reply.status_code == 200, reply.text
    found = reply.json()
    assert found["consistent"] == (not found["differences"])
    return list(found["differences"])


async def change(api: Api, batch_id: str, *statements: str) -> None:
    async with api.installation.database.transaction() as session:
        for statement in statements:
            done = await session.execute(text(statement.replace("{JOB1}", JOB.format(1))), {"id": batch_id})
            assert getattr(done, "rowcount", 0), statement


async def test_what_really_ran_is_consistent(api: Api) -> None:
    for pipeline, records in (("behaviour", MIXED), ("no-op", [{} for _ in range(50)]), ("slow", [{}])):
        batch = await run(api, pipeline, records)
        assert await differences(api, batch["id"]) == []


async def test_uploaded_files_are_consistent(api: Api) -> None:
    body = form(part("pipeline", "checksum"), part("files", b"content", "a.txt"), part("files", b"more", "b.txt"))
    batch_id = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()["batch_id"]
    async for _ in stream(api, batch_id):
        assert await differences(api, batch_id) == []
    assert await query(api, "select total_size from batches where id = :id", id=batch_id) == 11


async def test_draft_is_consistent(api: Api) -> None:
    assert await differences(api, await submit(api, "no-op", [{}], start=False)) == []
    assert await differences(api, await submit(api, "no-op", [], start=False)) == []


async def test_running_batch_is_consistent_at_every_moment(api: Api) -> None:
    batch_id = await submit(api, "slow", [{} for _ in range(10)], max_parallel=4, params={"seconds": 0.01})
    seen = 0
    async for _ in stream(api, batch_id):
        assert await differences(api, batch_id) == []
        seen += 1
    assert seen > 30


@pytest.mark.parametrize(
    ("statement", "code", "expected", "found"),
    [
        ("update batches set failed_jobs = failed_jobs - 1, completed_jobs = completed_jobs + 1", "failed_jobs", 2, 1),
        ("update batches set cached_jobs = 1", "cached_jobs", 0, 1),
        ("update batches set total_jobs = 5, completed_jobs = 3", "total_jobs", 4, 5),
        ("update batches set total_size = 7", "total_size", 0, 7),
        ("update batches set last_event_id = last_event_id + 1", "last_event_id", 0, 1),
        ("update batches set status = 'failed'", "terminal_event_type", "batch.failed", "batch.partial"),
    ],
)
async def test_wrong_batch_row(api: Api, statement: str, code: str, expected: Any, found: Any) -> None:
    batch = await run(api, "behaviour", MIXED)
    await change(api, batch["id"], f"{statement} where id = :id")
    reported = {entry["code"]: entry for entry in await differences(api, batch["id"])}
    assert code in reported
    if code == "last_event_id":
        expected, found = len(batch["events"]), len(batch["events"]) + 1
    assert (reported[code]["expected"], reported[code]["found"]) == (expected, found)
    assert reported[code]["message"].endswith(".")


async def test_hole_in_the_log(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    await change(api, batch["id"], "delete from events where batch_id = :id and id = 4")
    (reported,) = await differences(api, batch["id"])
    count = len(batch["events"])
    assert (reported["code"], reported["expected"], reported["found"]) == ("event_gap", count, count - 1)


async def test_terminal_event_missing_twice_and_not_last(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    last = len(batch["events"])
    await change(api, batch["id"], f"update events set id = {last + 1} where batch_id = :id and id = {last}")
    copy = f"select batch_id, {last}, {{}}, '{{{{}}}}', counters from events where batch_id = :id and id = 1"
    insert = f"insert into events (batch_id, id, type, data, counters) {copy}"
    await change(api, batch["id"], insert.format("'batch.completed'"))
    codes = {entry["code"]: entry for entry in await differences(api, batch["id"])}
    assert set(codes) == {"last_event_id", "terminal_events"}
    assert (codes["terminal_events"]["expected"], codes["terminal_events"]["found"]) == (1, 2)

    await change(api, batch["id"], f"update events set type = 'batch.updated' where batch_id = :id and id = {last + 1}")
    assert {entry["code"] for entry in await differences(api, batch["id"])} == {
        "last_event_id",
        "terminal_event_not_last",
    }
    await change(api, batch["id"], f"update events set type = 'batch.updated' where batch_id = :id and id = {last}")
    codes = {entry["code"]: entry for entry in await differences(api, batch["id"])}
    assert (codes["terminal_events"]["expected"], codes["terminal_events"]["found"]) == (1, 0)


OF_JOB = "batch_id = :id and job_id = {JOB1}"


@pytest.mark.parametrize(
    ("statements", "expected", "found"),
    [
        ([f"update events set type = 'job.told' where type = 'job.completed' and {OF_JOB}"], "job.completed", "none"),
        (
            [f"update events set type = 'job.failed' where type = 'job.completed' and {OF_JOB}"],
            "job.completed",
            "job.failed",
        ),
        (
            [f"update events set type = 'job.failed' where type = 'step.completed' and step = 'first' and {OF_JOB}"],
            "job.completed",
            "job.failed, job.completed",
        ),
        (
            [
                f"update events set type = 'job.told' where type = 'job.started' and {OF_JOB}",
                "update events set type = 'job.started', job_id = {JOB1} where type = 'batch.completed'"
                " and batch_id = :id",
            ],
            "job.completed",
            "job.completed",
        ),
        (
            [
                "update batches set status = 'processing', completed_at = null, running_jobs = 1, completed_jobs = 0"
                " where id = :id",
                "update jobs set status = 'running', claimed_by = 1, completed_at = null where batch_id = :id",
            ],
            "none",
            "job.completed",
        ),
    ],
    ids=["missing", "of another kind", "twice", "before its last start", "of a job that runs"],
)
async def test_terminal_events_of_a_job(api: Api, statements: list[str], expected: str, found: str) -> None:
    batch = await run(api, "no-op", [{}])
    await change(api, batch["id"], *statements)
    reported = [entry for entry in await differences(api, batch["id"]) if entry["code"] == "job_terminal_events"]
    assert [(entry["expected"], entry["found"]) for entry in reported] == [(expected, found)]
    assert reported[0]["message"].startswith("Job 1 ")


async def test_steps_left_in_an_ended_job(api: Api) -> None:
    batch = await run(api, "no-op", [{}, {}])
    step = "update job_steps set status = 'pending', completed_at = null where position = 1 and job_id = {JOB1}"
    await change(api, batch["id"], step)
    (reported,) = await differences(api, batch["id"])
    assert (reported["code"], reported["expected"]) == ("job_steps", "none pending, none running")
    assert reported["message"].startswith("Job 1 is completed;")


async def test_step_that_runs_in_a_job_that_does_not(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    await change(api, batch_id, "update job_steps set status = 'running' where position = 0 and job_id = {JOB1}")
    (reported,) = await differences(api, batch_id)
    assert (reported["code"], reported["expected"], reported["found"]) == (
        "job_steps",
        "none running",
        "2 pending, 1 running",
    )


async def test_unknown_batch_and_other_organisation(api: Api) -> None:
    async with api.installation.database.transaction() as session:
        assert await audit(session, new_id()) == []
    batch_id = await submit(api, "no-op", [{}], start=False)
    async with caller(api, await key_of(api, "Second")) as second:
        reply = await second.get(f"/api/batches/{batch_id}/audit")
    assert (reply.status_code, reply.json()["code"]) == (404, "batch_not_found")
