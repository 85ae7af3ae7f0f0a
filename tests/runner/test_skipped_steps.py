"""Steps that do not apply are settled together with the step before them; what is told is the same as one at a time."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.runner.test_life import command, until

STEPS = "abcde"
UNEXPECTED = r"{} failed \(ValueError\)\. The service's log has the details as error [0-9a-f]{{8}}\."
CLEANUP = "de"
SUBSETS = ["", "a", "c", "e", "ab", "bc", "de", "abc", "bd", "ace", "bcde", "abcd", "abcde"]
Told = tuple[str, str, str, str]


def told(batch: dict[str, Any]) -> list[Told]:
    """Type, step, stage and status of a one-job batch's events about its job."""
    return [(e["type"], e["step"], e["stage"], e["status"]) for e in batch["events"] if e["job_id"]]


def one_at_a_time(skip: str, fail: str = "") -> list[Told]:
    """What is told of a job when each step ends by itself."""
    failed, path = False, []
    for name in STEPS:
        if not failed or name in CLEANUP:
            path.append(name)
            failed = failed or name in fail
    events: list[Told] = [("job.started", "a", "a", "running")]
    for name, following in zip(path, [*path[1:], None], strict=True):
        word = "skipped" if name in skip else "failed" if name in fail else "completed"
        stage, status = following or (name if failed else "done"), "running"
        if following is None:
            status = "failed" if failed else "completed"
        events.append((f"step.{word}", name, stage, status))
    return [*events, (f"job.{status}", path[-1], stage, status)]


def settled_together(batch: dict[str, Any]) -> list[str]:
    """The steps whose events one transaction wrote, group by group."""
    ended = [event for event in batch["events"] if event["type"].startswith("step.")]
    return ["".join(event["step"] for event in group) for _, group in groupby(ended, lambda event: event["at"])]


@pytest.mark.parametrize("skip", SUBSETS)
async def test_skipped_steps_are_told_in_order_and_settled_with_the_step_before(api: Api, skip: str) -> None:
    batch = await run(api, "choosy", [{"skip": skip}])
    assert told(batch) == one_at_a_time(skip)
    groups = [""]
    for name in STEPS:
        groups[-1:] = [groups[-1] + name] if name in skip or not groups[-1] else [groups[-1], name]
    assert settled_together(batch) == groups
    (job,) = batch["jobs"]
    assert [step["status"] for step in job["steps"]] == ["skipped" if n in skip else "completed" for n in STEPS]
    assert [step["attempts"] for step in job["steps"]] == [int(name not in skip) for name in STEPS]
    assert all(step["started_at"] <= step["completed_at"] for step in job["steps"])
    last = [name for name in STEPS if name not in skip][-1:]
    assert job["result"] == ({"at": last[0]} if last else None)


@pytest.mark.parametrize(("skip", "fail"), [("b", "c"), ("ab", "c"), ("d", "c"), ("de", "b"), ("e", "a"), ("bd", "ce")])
async def test_a_step_that_fails_after_or_before_skipped_ones(api: Api, skip: str, fail: str) -> None:
    batch = await run(api, "choosy", [{"skip": skip, "fail": fail}])
    assert told(batch) == one_at_a_time(skip, fail)
    (job,) = batch["jobs"]
    first = min(fail)
    assert (job["error_code"], job["error_message"]) == ("NOT_WANTED", f"{first} was to fail.")
    statuses = {step["name"]: step["status"] for step in job["steps"]}
    unreached = [name for name in STEPS if name > first and name not in CLEANUP]
    assert {name for name, status in statuses.items() if status == "skipped"} == {*skip, *unreached}
    assert [step["error_code"] for step in job["steps"]] == ["NOT_WANTED" if n in fail else None for n in STEPS]


async def test_a_condition_that_raises_fails_its_own_step(api: Api) -> None:
    batch = await run(api, "choosy", [{"skip": "bde", "broken": "c"}])
    assert told(batch) == one_at_a_time("bde", "c")
    assert settled_together(batch) == ["ab", "cde"]
    (job,) = batch["jobs"]
    assert job["error_code"] == "UNEXPECTED_ERROR"
    assert re.fullmatch(UNEXPECTED.format("c"), job["error_message"])


async def test_a_step_behind_skipped_ones_is_retried_at_its_own_place(api: Api) -> None:
    batch = await run(api, "choosy", [{"skip": "bce", "retry": "d"}])
    kinds = [(event["type"], event["step"]) for event in batch["events"] if event["job_id"]]
    steps = [("step.completed", "a"), ("step.skipped", "b"), ("step.skipped", "c")]
    retry = [("job.retrying", "d"), ("job.started", "d")]
    ends = [("step.completed", "d"), ("step.skipped", "e"), ("job.completed", "e")]
    assert kinds == [("job.started", "a"), *steps, *retry, *ends]
    assert [step["attempts"] for step in batch["jobs"][0]["steps"]] == [1, 0, 0, 2, 0]


async def test_retry_failed_goes_on_behind_the_skipped_steps(api: Api) -> None:
    batch = await run(api, "choosy", [{"skip": "bd", "fail": "c"}])
    reply = await command(api, batch["id"], "retry-failed", 202)
    events = await follow(api, reply["new_batch_id"])
    assert [event["step"] for event in events if event["type"].startswith("step.")] == ["c", "d", "e"]
    (job,) = (await get_batch(api, reply["new_batch_id"]))["jobs"]
    assert [step["status"] for step in job["steps"]] == ["completed", "skipped", "completed", "skipped", "completed"]


@pytest.mark.parametrize("what", ["pause", "cancel"])
async def test_a_command_meanwhile_takes_effect_behind_the_skipped_steps(api: Api, tmp_path: Path, what: str) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "choosy", [{"skip": "bc", "wait": "a", "gate": str(gate)}])
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    await command(api, batch_id, what)
    gate.touch()
    batch = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 0)
    (job,) = batch["jobs"]
    rest = "pending" if what == "pause" else "cancelled"
    assert [step["status"] for step in job["steps"]] == ["completed", "skipped", "skipped", rest, rest]
    assert (job["stage"], job["status"]) == ("d", rest)
    if what == "pause":
        await command(api, batch_id, "resume")
    events = [(e["type"], e["step"]) for e in await follow(api, batch_id) if e["type"].startswith("step.")]
    ran_on = [("step.completed", "d"), ("step.completed", "e")] if what == "pause" else []
    assert events == [("step.completed", "a"), ("step.skipped", "b"), ("step.skipped", "c"), *ran_on]


async def test_a_job_that_only_skips_to_its_end_completes_although_it_is_cancelled(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "choosy", [{"skip": "bcde", "wait": "a", "gate": str(gate)}, {"skip": "a"}])
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    await command(api, batch_id, "cancel")
    gate.touch()
    await follow(api, batch_id)
    assert (await get_batch(api, batch_id))["jobs"][0]["status"] == "completed"


@pytest.mark.parametrize(("skip", "last"), [("", "e"), ("e", "e"), ("cde", "e"), ("abcde", "e")])
async def test_what_on_success_raises_fails_the_last_step_alone(api: Api, skip: str, last: str) -> None:
    batch = await run(api, "choosy", [{"skip": skip, "refuse": True}])
    (job,) = batch["jobs"]
    assert job["error_code"] == "ON_SUCCESS_FAILED"
    assert re.fullmatch(UNEXPECTED.format("on_success"), job["error_message"])
    assert [step["status"] for step in job["steps"]][-1] == "failed"
    before = [step["status"] for step in job["steps"]][:-1]
    assert before == ["skipped" if name in skip else "completed" for name in "abcd"]
    assert told(batch)[-2:] == [("step.failed", "e", "e", "failed"), ("job.failed", "e", "e", "failed")]
    assert [event["step"] for event in batch["events"] if event["type"].startswith("step.")] == list(STEPS)
