"""Acting on one job of a real batch: cancelled, tried again and skipped, where it stands and where it has ended."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.patience import within


async def act(api: httpx.AsyncClient, job: dict[str, Any], action: str, **body: Any) -> dict[str, Any]:
    reply = await api.post(f"/api/jobs/{job['id']}/{action}", json=body or None)
    assert reply.is_success, reply.text
    return dict(reply.json())


async def refused(api: Api, job: dict[str, Any], action: str, **body: Any) -> str:
    reply = await api.post(f"/api/jobs/{job['id']}/{action}", json=body or None)
    assert reply.status_code in (409, 422), reply.text
    problem = reply.json()
    return str(problem.get("reason", problem["code"]))


async def until(api: Api, batch_id: str, condition: Any) -> dict[str, Any]:
    async with within(30):
        while not condition(batch := await get_batch(api, batch_id)):
            await asyncio.sleep(0.02)
    return batch


async def books(api: Api, batch_id: str) -> list[Any]:
    return list((await api.get(f"/api/batches/{batch_id}/audit")).json()["differences"])


def statuses(batch: dict[str, Any]) -> list[str]:
    return [job["status"] for job in batch["jobs"]]


async def test_a_failed_job_goes_on_in_its_open_batch_with_what_came_before(api: Api, tmp_path: Path) -> None:
    gate, hold = tmp_path / "gate", tmp_path / "hold"
    records = [{"fail_at": "change", "gate": str(gate)}, {"wait_at": "fetch", "gate": str(hold)}]
    batch_id = await submit(api, "staged", records, failure_policy={"action": "continue"})
    batch = await until(api, batch_id, lambda batch: statuses(batch) == ["failed", "running"])
    failed = batch["jobs"][0]
    gate.touch()
    answer = await act(api, failed, "retry")
    assert answer == {
        "job_id": failed["id"],
        "batch_id": batch_id,
        "status": "pending",
        "cancelling": False,
        "changed": True,
    }
    batch = await until(api, batch_id, lambda batch: statuses(batch) == ["completed", "running"])
    hold.touch()
    events = await follow(api, batch_id)
    assert events[-1]["type"] == "batch.completed"
    job = (await get_batch(api, batch_id))["jobs"][0]
    assert (job["attempt"], job["retry_count"], job["error_code"]) == (2, 1, None)
    assert [step["attempts"] for step in job["steps"]] == [1, 2, 1]
    detail = (await api.get(f"/api/jobs/{job['id']}")).json()["job"]
    assert [step["output"]["attempt"] for step in detail["steps"]] == [1, 2, 2]
    assert [one["outcome"] for one in detail["tries"]] == ["failed"]
    kinds = [event["type"] for event in events if event["job_id"] == job["id"]]
    assert [kind for kind in kinds if kind.startswith("job.")] == [
        *("job.started", "job.failed", "job.retried", "job.started", "job.completed")
    ]
    assert await books(api, batch_id) == []


async def test_a_retry_from_a_step_makes_that_and_what_follows_anew(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "staged", [{"fail_at": "send", "gate": str(gate)}, {}, {}], first_n=1)
    batch = await until(api, batch_id, lambda batch: batch["status"] == "paused")
    job = batch["jobs"][0]
    assert await refused(api, job, "retry", from_step="absent") == "unknown_step"
    gate.touch()
    assert (await act(api, job, "retry", from_step="change"))["changed"]
    assert not (await act(api, job, "retry", from_step="change"))["changed"], "it waits there already"
    assert await refused(api, job, "retry", from_step="fetch") == "job_not_ended"
    waiting = (await api.get(f"/api/jobs/{job['id']}")).json()["job"]
    assert [step["status"] for step in waiting["steps"]] == ["completed", "pending", "pending"]
    assert [step["output"] is None for step in waiting["steps"]] == [False, True, True]
    assert (await api.post(f"/api/batches/{batch_id}/resume")).is_success
    await follow(api, batch_id)
    detail = (await api.get(f"/api/jobs/{job['id']}")).json()["job"]
    assert [step["output"]["attempt"] for step in detail["steps"]] == [1, 2, 2]
    assert await books(api, batch_id) == []


async def test_a_retry_in_an_ended_batch_runs_in_one_of_its_own(api: Api, tmp_path: Path) -> None:
    gate, hold = tmp_path / "gate", tmp_path / "hold"
    record = {"fail_at": "change", "gate": str(gate), "hold": str(hold)}
    batch = await run(api, "staged", [record, {}], name="Bay")
    failed, completed = batch["jobs"]
    hold.touch()
    answers = await asyncio.gather(*(act(api, failed, "retry") for _ in range(6)))
    assert {answer["batch_id"] for answer in answers} == {answers[0]["batch_id"]} != {batch["id"]}
    assert sum(answer["changed"] for answer in answers) == 1
    hold.unlink()
    await follow(api, answers[0]["batch_id"])
    gate.touch()
    again = await act(api, failed, "retry")
    assert again["batch_id"] not in (batch["id"], answers[0]["batch_id"]), (
        "the last retry, which failed, is tried again"
    )
    await follow(api, again["batch_id"])
    second = await get_batch(api, again["batch_id"])
    assert (second["name"], second["status"]) == ("Bay - Retry 2", "completed")
    assert second["jobs"][0]["retry_count"] == 2
    assert await refused(api, completed, "retry") == "job_completed"
    anew = await act(api, completed, "retry", from_step="send")
    await follow(api, anew["batch_id"])
    detail = (await api.get(f"/api/jobs/{anew['job_id']}")).json()["job"]
    assert [step["attempts"] for step in detail["steps"]] == [0, 0, 1]
    assert (await get_batch(api, batch["id"]))["last_event_id"] == batch["last_event_id"]


async def test_a_running_job_is_cancelled_after_its_step_and_the_others_go_on(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": str(gate)}] * 2)
    batch = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 2)
    answer = await act(api, batch["jobs"][0], "cancel")
    assert (answer["status"], answer["cancelling"], answer["changed"]) == ("running", True, True)
    assert not (await act(api, batch["jobs"][0], "cancel"))["changed"]
    assert await refused(api, batch["jobs"][0], "retry") == "job_not_ended"
    assert await refused(api, batch["jobs"][1], "skip") == "job_running"
    gate.touch()
    events = await follow(api, batch_id)
    batch = await get_batch(api, batch_id)
    assert (batch["status"], statuses(batch)) == ("partial", ["cancelled", "completed"])
    assert [step["status"] for step in batch["jobs"][0]["steps"]] == ["completed", "cancelled", "cancelled"]
    kinds = [event["type"] for event in events if event["job_id"] == batch["jobs"][0]["id"]]
    assert kinds == ["job.started", "job.cancelling", "step.completed", "job.cancelled"]
    assert await books(api, batch_id) == []


async def test_a_cancelled_job_whose_step_does_not_end_is_interrupted_half_a_minute_later(api: Api) -> None:
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": "/nowhere"}])
    batch = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    await act(api, batch["jobs"][0], "cancel")
    connection = await asyncpg.connect(api.installation.database.dsn)
    # Half a minute passes on the database's clock: the row's time is moved, not the test's.
    await connection.execute("update jobs set cancel_requested_at = cancel_requested_at - interval '29 seconds'")
    await connection.close()
    events = await follow(api, batch_id, 20)
    assert [event["type"] for event in events[-2:]] == ["job.cancelled", "batch.cancelled"]


async def test_waiting_jobs_are_skipped_and_cancelled_and_a_cancelled_one_comes_back(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(
        api, "staged", [{"wait_at": "fetch", "gate": str(gate)}, {}, {}, {}], execution_mode="sequential"
    )
    batch = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    _, skipped, cancelled, back = batch["jobs"]
    assert (await act(api, skipped, "skip"))["status"] == "skipped"
    assert not (await act(api, skipped, "skip"))["changed"]
    assert (await act(api, cancelled, "cancel"))["status"] == "cancelled"
    await act(api, back, "cancel")
    assert (await act(api, back, "retry"))["status"] == "pending"
    assert await refused(api, skipped, "cancel") == "job_ended"
    gate.touch()
    await follow(api, batch_id)
    batch = await get_batch(api, batch_id)
    assert (batch["status"], statuses(batch)) == ("partial", ["completed", "skipped", "cancelled", "completed"])
    assert await refused(api, batch["jobs"][0], "skip") == "job_ended"
    assert await books(api, batch_id) == []


async def test_a_batch_all_of_whose_jobs_were_cancelled_by_hand_ends_with_the_last(api: Api) -> None:
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": "/nowhere"}] * 2, start=False)
    jobs = (await get_batch(api, batch_id))["jobs"]
    assert await refused(api, jobs[0], "cancel") == "batch_draft"
    paused = await submit(api, "planned", [{}, {}], params={"words": ["a"]}, first_n=1)
    await until(api, paused, lambda batch: batch["status"] == "paused")
    await act(api, (await get_batch(api, paused))["jobs"][1], "skip")
    events = await follow(api, paused)
    assert [event["type"] for event in events[-2:]] == ["job.skipped", "batch.completed"]
    batch = await get_batch(api, paused)
    assert (batch["summary_data"], batch["counters"]["skipped"]) == ({"jobs": 2}, 1)


async def test_what_is_left_of_a_trial_run_may_be_skipped(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    records = [{"wait_at": "fetch", "gate": str(gate)}, *({} for _ in range(4))]
    batch_id = await submit(api, "staged", records, first_n=2, execution_mode="sequential")
    batch = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    await act(api, batch["jobs"][1], "skip")
    gate.touch()
    batch = await until(api, batch_id, lambda batch: batch["status"] == "paused")
    assert statuses(batch) == ["completed", "skipped", "pending", "pending", "pending"]


async def test_a_failed_job_that_is_skipped_no_longer_fails_its_batch(api: Api, tmp_path: Path) -> None:
    batch_id = await submit(api, "staged", [{"fail_at": "change", "gate": "/nowhere"}, {}], first_n=1)
    batch = await until(api, batch_id, lambda batch: batch["status"] == "paused")
    await act(api, batch["jobs"][0], "skip")
    assert (await api.post(f"/api/batches/{batch_id}/resume")).is_success
    events = await follow(api, batch_id)
    assert events[-1]["type"] == "batch.completed"
    assert await books(api, batch_id) == []


async def test_a_cancel_that_meets_the_end_of_its_job_leaves_one_end(api: Api) -> None:
    batch_id = await submit(api, "staged", [{} for _ in range(40)], max_parallel=8)
    jobs = (await get_batch(api, batch_id))["jobs"]
    answers = await asyncio.gather(
        *(api.post(f"/api/jobs/{job['id']}/{action}") for job in jobs for action in ("cancel", "retry"))
    )
    assert {answer.status_code for answer in answers} <= {200, 202, 409}
    events = await follow(api, batch_id)
    assert await books(api, batch_id) == []
    ended = [event["status"] for event in events if event["type"] in ("job.completed", "job.cancelled")]
    retried = [event for event in events if event["type"] == "job.retried"]
    assert len(ended) == 40 + len(retried)


async def test_more_at_a_time_takes_effect_at_once(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": str(gate)}] * 6, max_parallel=1)
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    assert (await api.patch(f"/api/batches/{batch_id}", json={"max_parallel": 4})).is_success
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 4)
    gate.touch()
    await follow(api, batch_id)


async def test_the_count_of_retries_does_not_forget_those_of_earlier_steps(api: Api) -> None:
    batch = await run(api, "behaviour", [{"do": "retry_once"}])
    assert batch["jobs"][0]["retry_count"] == 1
    retried = await run(api, "flaky", [{"fail": True}], name="Never - Retry 0")
    assert retried["jobs"][0]["retry_count"] == 3


async def test_retry_failed_takes_a_group_and_works_on_what_failed_last(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    records = [{"fail_at": name, "gate": str(gate)} for name in ("fetch", "change", "change")]
    batch = await run(api, "staged", [*records, {}], name="Cove")
    path = f"/api/batches/{batch['id']}"

    async def retry(**group: str) -> dict[str, Any]:
        answer = await api.post(f"{path}/retry-failed", json=group)
        assert answer.status_code == 202, answer.text
        await follow(api, answer.json()["new_batch_id"])
        return await get_batch(api, answer.json()["new_batch_id"])

    async def still_failed() -> tuple[int, dict[str, int]]:
        failures = (await api.get(f"{path}/failures")).json()
        return failures["still_failed"], {group["step"]: group["still_failed"] for group in failures["groups"]}

    assert (await api.post(f"{path}/retry-failed", json={"step": "send"})).json()["code"] == "nothing_to_retry"
    first = await retry(step="fetch", error_code="NOT_OPEN")
    assert (first["name"], first["counters"]["failed"]) == ("Cove - Retry", 1)
    assert await still_failed() == (3, {"fetch": 1, "change": 2})
    gate.touch()
    second = await retry(step="change")
    assert (second["name"], second["counters"]["completed"]) == ("Cove - Retry 2", 2)
    assert await still_failed() == (1, {"fetch": 1, "change": 0})
    third = await retry()
    assert (third["name"], [job["retry_of_job_id"] for job in third["jobs"]]) == (
        "Cove - Retry 3",
        [first["jobs"][0]["id"]],
    )
    assert await still_failed() == (0, {"fetch": 0, "change": 0})
    listed = (await api.get(f"{path}/failures")).json()["retries"]
    assert [one["id"] for one in listed] == [first["id"], second["id"], third["id"]]
