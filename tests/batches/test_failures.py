"""Failed jobs in groups: what is alike is one group, whatever it names."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.batches.failures import MOST_IDS, normalise
from tests.auth.people import caller, key_of
from tests.batch_helpers import run, submit
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import query


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service with its runner."""
    async with serving(make_settings(home, database_url)) as client:
        yield client


async def failures_of(api: Api, batch_id: str) -> dict[str, Any]:
    reply = await api.get(f"/api/batches/{batch_id}/failures")
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Page 3 of 12 is empty.", "Page 10 of 200 is empty."),
        ("took 1,204.5 s", "took 3 s"),
        ("cannot read 'a b.pdf'", "cannot read 'x.pdf'"),
        ('no column "Größe"', 'no column "Zeit"'),
        ("no column “a”", "no column “b”"),
        ("order 0192f3a4-7c1d-7e57-9d2a-0123456789ab is gone", "order 0192F3A4-7C1D-7E57-9D2A-0123456789AC is gone"),
        ("/var/lib/a.pdf: not found", "/tmp/other/b.pdf: not found"),
        (r"C:\Users\me\a.pdf: not found", r"D:\b.pdf: not found"),
        ("cannot reach db1.example.org:5432", "cannot reach cache.internal:6379"),
        ("cannot reach 10.0.0.1:80", "cannot reach 192.168.1.20:8080"),
        ("cannot reach [::1]:80", "cannot reach [fe80::1]:8080"),
        ("GET https://a.example/x?y=1 failed", "GET http://b.example:81/ failed"),
        ("scan_0001.PDF has no text", "report.pdf has no text"),
        ("object deadbeef01 is missing", "object 0a1b2c3d4e is missing"),
    ],
)
def test_like_messages_become_one(one: str, other: str) -> None:
    assert normalise(one) == normalise(other) != one


@pytest.mark.parametrize(
    "message", ["", "The record says so.", "can't read and doesn't try", "read and/or write", "ValueError: bad input"]
)
def test_words_stay(message: str) -> None:
    assert normalise(message) == message


def test_different_messages_stay_apart() -> None:
    messages = ["Page 3 is empty.", "Page 3 is full.", "cannot read 'a'", "cannot write 'a'"]
    assert len({normalise(message) for message in messages}) == len(messages)


def test_hostile_message_takes_no_time() -> None:
    began = time.process_time()
    for text in ("a." * 250, "'" * 500, "/a" * 250, "\\" * 500, "1.1." * 125, "[:" * 250, "a-" * 250, "a@a." * 125):
        normalise(text)
    assert time.process_time() - began < 1


async def test_groups_of_a_real_batch(api: Api) -> None:
    does = ["stop", "raise", "stop", "succeed", "nan", "stop", "raise"]
    batch = await run(api, "behaviour", [{"do": what} for what in does])
    jobs = {job["sequence"]: job for job in batch["jobs"]}
    found = await failures_of(api, batch["id"])
    assert found["failed_jobs"] == 6
    assert [group["count"] for group in found["groups"]] == [3, 2, 1]
    first = found["groups"][0]
    assert (first["step"], first["error_code"], first["message"]) == ("behave", "NOT_WANTED", "The record says so.")
    assert first["job_ids"] == [jobs[n]["id"] for n in (1, 3, 6)]
    ended = sorted(jobs[n]["completed_at"] for n in (1, 3, 6))
    assert (first["first_failed_at"], first["last_failed_at"]) == (ended[0], ended[-1])
    assert first["sample"] == {
        "job_id": jobs[1]["id"],
        "sequence": 1,
        "filename": jobs[1]["filename"],
        "error_message": jobs[1]["error_message"],
    }
    assert [group["sample"]["sequence"] for group in found["groups"]] == [1, 2, 5]


async def test_batch_without_failures(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    assert await failures_of(api, batch["id"]) == {
        "groups": [],
        "failed_jobs": 0,
        "still_failed": 0,
        "retries": [],
    }


async def test_like_failures_at_different_steps_are_apart(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{} for _ in range(4)], start=False)
    for sequence, position in ((1, 0), (2, 1), (3, 1), (4, 1)):
        await fail(api, batch_id, sequence, position, f"line {sequence}: cannot read 'file {sequence}'")
    groups = (await failures_of(api, batch_id))["groups"]
    assert [(group["step"], group["message"], group["count"]) for group in groups] == [
        ("second", "line <n>: cannot read <text>", 3),
        ("first", "line <n>: cannot read <text>", 1),
    ]
    assert groups[0]["sample"]["error_message"] == "line 2: cannot read 'file 2'"


async def test_large_group_names_its_first_jobs(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{} for _ in range(1200)], start=False)
    change = "status = 'failed', completed_at = now(), error_code = 'X', error_message = 'row ' || sequence"
    await query(api, f"update jobs set {change} where batch_id = :id returning 1", id=batch_id)
    found = await failures_of(api, batch_id)
    assert (found["failed_jobs"], len(found["groups"])) == (1200, 1)
    group = found["groups"][0]
    assert (group["count"], group["message"], group["step"]) == (1200, "row <n>", None)
    assert len(group["job_ids"]) == MOST_IDS == 100
    first = await query(api, "select id from jobs where batch_id = :id and sequence = 100", id=batch_id)
    assert group["job_ids"][-1] == str(first)


async def test_failure_of_a_cleanup_step_does_not_hide_the_cause(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    await fail(api, batch_id, 1, 1, "the cause")
    change = "status = 'failed', completed_at = now(), error_code = 'OTHER'"
    of_job = "job_id = (select id from jobs where batch_id = :id)"
    await query(api, f"update job_steps set {change} where {of_job} and position in (0, 2) returning 1", id=batch_id)
    assert [group["step"] for group in (await failures_of(api, batch_id))["groups"]] == ["second"]


async def test_failures_of_another_organisation_do_not_exist(api: Api) -> None:
    batch = await run(api, "behaviour", [{"do": "stop"}])
    async with caller(api, await key_of(api, "Second")) as second:
        reply = await second.get(f"/api/batches/{batch['id']}/failures")
    assert (reply.status_code, reply.json()["code"]) == (404, "batch_not_found")


async def fail(api: Api, batch_id: str, sequence: int, position: int, message: str) -> None:
    """Make a job of a draft one that failed at this step."""
    change = "status = 'failed', completed_at = now(), error_code = 'X', error_message = :message"
    job = f"update jobs set {change} where batch_id = :id and sequence = :sequence returning id"
    job_id = await query(api, job, id=batch_id, sequence=sequence, message=message)
    step = f"update job_steps set {change} where job_id = :job_id and position = :position returning 1"
    assert await query(api, step, job_id=job_id, position=position, message=message)
