"""What can come of a step, as a client sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.batch_helpers import get_batch, run, submit
from tests.conftest import Api
from tests.patience import within


async def behave(api: Api, record: dict[str, Any]) -> dict[str, Any]:
    """Run one record; its job with the batch's events under `events`."""
    batch = await run(api, "behaviour", [record])
    return batch["jobs"][0] | {"events": batch["events"], "batch_status": batch["status"]}


def types(job: dict[str, Any]) -> list[str]:
    return [event["type"] for event in job["events"]]


async def test_every_stage_change_is_an_event(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    assert [event["type"] for event in batch["events"]] == [
        "batch.created",
        "batch.started",
        "job.started",
        "step.completed",
        "step.completed",
        "step.completed",
        "job.completed",
        "batch.completed",
    ]
    assert [event["stage"] for event in batch["events"][2:7]] == ["first", "second", "third", "done", "done"]
    assert batch["jobs"][0]["result"] == {"sequence": 1}


async def test_a_step_that_does_not_apply_is_skipped_with_what_depends_on_it(api: Api) -> None:
    job = await behave(api, {"do": "succeed"})
    assert [step["status"] for step in job["steps"]] == ["completed", "skipped", "skipped"]
    assert types(job).count("step.skipped") == 2
    assert job["status"] == "completed"


async def test_later_steps_see_what_earlier_ones_returned(api: Api) -> None:
    job = await behave(api, {"do": "succeed", "optional": True})
    assert [step["status"] for step in job["steps"]] == ["completed"] * 3
    assert job["result"] == {"after": {"ran": True}}


async def test_stop_fails_the_job_with_its_code_and_skips_the_rest(api: Api) -> None:
    job = await behave(api, {"do": "stop"})
    assert (job["status"], job["error_code"], job["error_message"]) == ("failed", "NOT_WANTED", "The record says so.")
    assert [step["status"] for step in job["steps"]] == ["failed", "skipped", "skipped"]
    assert types(job)[-3:] == ["step.failed", "job.failed", "batch.failed"]
    assert job["batch_status"] == "failed"


async def test_a_retry_is_run_again_and_counts_both_attempts(api: Api) -> None:
    job = await behave(api, {"do": "retry_once"})
    assert job["status"] == "completed"
    assert job["steps"][0]["attempts"] == 2
    assert job["attempt"] == 2
    retrying = next(event for event in job["events"] if event["type"] == "job.retrying")
    assert retrying["error_code"] == "RATE_LIMIT"
    assert retrying["retry_at"] > retrying["at"]
    assert job["error_code"] is None


async def test_a_step_whose_connection_to_the_database_is_cut_runs_again(api: Api) -> None:
    job = await behave(api, {"do": "cut_once"})
    assert (job["status"], job["attempt"], job["steps"][0]["attempts"]) == ("completed", 1, 1)
    assert "job.retrying" not in types(job)


async def test_retries_are_given_up_after_the_step_s_own_number(api: Api) -> None:
    job = await behave(api, {"do": "retry_always"})
    assert (job["status"], job["error_code"]) == ("failed", "UPSTREAM_5XX")
    assert job["steps"][0]["attempts"] == 3
    assert types(job).count("job.retrying") == 2


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ({"do": "raise"}, "UNEXPECTED_ERROR"),
        ({"do": "bad_output"}, "OUTPUT_NOT_STORABLE"),
        ({"do": "nan"}, "OUTPUT_NOT_STORABLE"),
        ({"do": "die_in_child"}, "CHILD_CRASHED"),
    ],
)
async def test_a_broken_step_fails_its_job_only_and_is_not_retried(api: Api, record: dict[str, Any], code: str) -> None:
    batch = await run(api, "behaviour", [{"do": "succeed"}, record, {"do": "succeed"}])
    assert [job["status"] for job in batch["jobs"]] == ["completed", "failed", "completed"]
    assert batch["jobs"][1]["error_code"] == code
    assert batch["status"] == "partial"
    assert "job.retrying" not in [event["type"] for event in batch["events"]]


async def test_a_step_that_hangs_is_ended_by_its_timeout_and_retried(api: Api) -> None:
    batch_id = await submit(api, "behaviour", [{"do": "hang"}])
    async with within(20):
        while not (job := (await get_batch(api, batch_id))["jobs"][0])["run_at"]:
            await asyncio.sleep(0.05)
    assert job["error_code"] == "TIMEOUT"
    assert job["status"] == "pending"
    assert job["retry_count"] == 1


async def test_progress_is_told_and_the_last_message_stays(api: Api) -> None:
    job = await behave(api, {"do": "report"})
    progressed = next(event for event in job["events"] if event["type"] == "job.progressed")
    assert (progressed["progress"], progressed["message"]) == (0.5, "half way")
    assert job["progress_message"] == "half way"


async def test_counters_equal_the_rows(api: Api) -> None:
    records = [{"do": word} for word in ("succeed", "stop", "raise", "retry_once", "succeed")]
    batch = await run(api, "behaviour", records)
    statuses = [job["status"] for job in batch["jobs"]]
    for word in ("completed", "failed", "cancelled", "skipped", "pending", "running"):
        assert batch["counters"][word] == statuses.count(word)
    assert batch["counters"] == batch["events"][-1]["counters"]


async def test_no_more_jobs_run_at_once_than_max_parallel_allows(api: Api) -> None:
    batch = await run(api, "slow", [{} for _ in range(12)], max_parallel=3, params={"seconds": 0.02})
    assert max(event["counters"]["running"] for event in batch["events"]) <= 3
    assert batch["status"] == "completed"


async def test_sequential_mode_runs_one_job_after_the_other_even_over_a_retry(api: Api) -> None:
    records = [{"do": "retry_once"}, {"do": "succeed"}]
    batch = await run(api, "behaviour", records, execution_mode="sequential", max_parallel=4)
    order = [(e["sequence"], e["type"]) for e in batch["events"] if e["type"] in ("job.started", "job.completed")]
    assert order == [
        (1, "job.started"),
        (1, "job.started"),
        (1, "job.completed"),
        (2, "job.started"),
        (2, "job.completed"),
    ]
