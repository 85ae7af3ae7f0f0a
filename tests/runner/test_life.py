"""The whole life of a batch, command by command."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from app.runner.runner import Runner
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.patience import within


async def command(api: Api, batch_id: str, what: str, status: int = 200, **params: str) -> dict[str, Any]:
    reply = await api.post(f"/api/batches/{batch_id}/{what}", params=params)
    assert reply.status_code == status, reply.text
    body: dict[str, Any] = reply.json()
    return body


async def until(api: Api, batch_id: str, condition: Any, seconds: float = 30) -> dict[str, Any]:
    async with within(seconds):
        while not condition(batch := await get_batch(api, batch_id)):
            await asyncio.sleep(0.02)
    return batch


async def test_pause_lets_steps_end_keeps_the_place_and_resume_goes_on(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "slow", [{} for _ in range(6)], params={"gate": str(gate)}, max_parallel=3)
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 3)
    paused = await command(api, batch_id, "pause")
    assert (await command(api, batch_id, "pause")) == paused
    gate.touch()
    batch = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 0)
    assert (batch["status"], batch["pause_reason"]) == ("paused", "user")
    assert [job["stage"] for job in batch["jobs"][:3]] == ["wait_again"] * 3
    assert [job["steps"][0]["status"] for job in batch["jobs"][:3]] == ["completed"] * 3
    assert batch["counters"]["pending"] == 6
    await command(api, batch_id, "resume")
    events = await follow(api, batch_id)
    assert events[-1]["type"] == "batch.completed"
    steps = [(event["job_id"], event["step"]) for event in events if event["type"] == "step.completed"]
    assert len(steps) == len(set(steps)) == 12


async def test_cancel_ends_pending_jobs_at_once_and_running_ones_after_their_step(api: Api) -> None:
    batch_id = await submit(api, "slow", [{} for _ in range(1000)], params={"seconds": 0.2}, max_parallel=8)
    await until(api, batch_id, lambda batch: batch["counters"]["completed"] > 10)
    cancelled = await command(api, batch_id, "cancel")
    events = await follow(api, batch_id)
    assert (await command(api, batch_id, "cancel")) == cancelled
    kinds = [event["type"] for event in events]
    at = kinds.index("batch.cancelling")
    assert "job.started" not in kinds[at:]
    assert kinds[-1] == "batch.cancelled"
    batch = await get_batch(api, batch_id)
    assert batch["counters"]["pending"] == batch["counters"]["running"] == 0
    assert {step["status"] for step in batch["jobs"][-1]["steps"]} == {"cancelled"}


async def test_cancel_while_nothing_runs_ends_the_batch_with_that(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "slow", [{}, {}], params={"gate": str(gate)})
    await command(api, batch_id, "pause")
    gate.touch()
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 0)
    await command(api, batch_id, "cancel")
    assert (await get_batch(api, batch_id))["status"] == "cancelled"


async def test_a_step_that_does_not_end_is_interrupted_half_a_minute_after_the_cancel(api: Api) -> None:
    batch_id = await submit(api, "slow", [{}], params={"seconds": 600})
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    await command(api, batch_id, "cancel")
    connection = await asyncpg.connect(api.installation.database.dsn)
    # Half a minute passes on the database's clock: the row's time is moved, not the test's.
    await connection.execute("update batches set cancelled_at = cancelled_at - interval '29 seconds'")
    await connection.close()
    events = await follow(api, batch_id, 20)
    assert [event["type"] for event in events[-2:]] == ["job.cancelled", "batch.cancelled"]


async def test_too_many_failures_pause_the_batch_with_an_alert_and_resume_counts_anew(api: Api) -> None:
    records = [{"do": "stop"}] * 3 + [{"do": "succeed"}] * 2 + [{"do": "stop"}]
    policy = {"threshold": 0.4, "action": "pause"}
    batch_id = await submit(api, "behaviour", records, execution_mode="sequential", failure_policy=policy)
    batch = await until(api, batch_id, lambda batch: batch["status"] == "paused")
    assert batch["pause_reason"] == "failure_threshold"
    assert batch["counters"]["failed"] == 3
    await command(api, batch_id, "resume")
    events = await follow(api, batch_id)
    kinds = [event["type"] for event in events]
    assert kinds.count("batch.alerted") == 1
    assert kinds.index("batch.alerted") == kinds.index("batch.paused") - 1
    assert kinds[-1] == "batch.partial"


async def test_the_policy_fail_gives_the_batch_up(api: Api) -> None:
    records = [{"do": "stop"}] * 2 + [{"do": "succeed"}] * 8
    policy = {"threshold": 0.1, "action": "fail"}
    batch = await run(api, "behaviour", records, execution_mode="sequential", failure_policy=policy)
    assert (batch["status"], batch["status_reason"]) == ("failed", "failure_threshold")
    assert batch["counters"]["cancelled"] == 8


async def test_a_step_can_give_the_whole_batch_up(api: Api) -> None:
    records = [{"do": "succeed"}, {"do": "give up"}, *({"do": "succeed"} for _ in range(5))]
    batch = await run(api, "behaviour", records, execution_mode="sequential")
    assert (batch["status"], batch["status_reason"]) == ("failed", "ALL_LOST")
    assert [job["status"] for job in batch["jobs"]] == ["completed", "failed"] + ["cancelled"] * 5


async def test_a_trial_run_pauses_after_its_first_jobs(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{} for _ in range(10)], first_n=3)
    batch = await until(api, batch_id, lambda batch: batch["status"] == "paused")
    assert (batch["pause_reason"], batch["counters"]["completed"], batch["counters"]["pending"]) == ("first_n", 3, 7)
    await command(api, batch_id, "resume")
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"


async def test_cleanup_steps_run_after_a_failure_and_the_job_fails_all_the_same(api: Api) -> None:
    batch = await run(api, "cleanup", [{"fail": True}, {}])
    failed, completed = batch["jobs"]
    assert [step["status"] for step in failed["steps"]] == ["completed", "failed", "skipped", "completed"]
    assert (failed["status"], failed["error_code"]) == ("failed", "NOT_USABLE")
    assert failed["steps"][3]["error_code"] is None
    assert [step["status"] for step in completed["steps"]] == ["completed"] * 4


async def test_retries_wait_two_four_and_eight_seconds_by_the_database_clock(api: Api) -> None:
    batch = await run(api, "flaky", [{"fail": True}])
    waits = [
        (datetime.fromisoformat(event["retry_at"]) - datetime.fromisoformat(event["at"])).total_seconds()
        for event in batch["events"]
        if event["type"] == "job.retrying"
    ]
    assert len(waits) == 3
    assert 2 <= waits[0] <= 2.4
    assert 4 <= waits[1] <= 4.8
    assert 8 <= waits[2] <= 9.6
    started = [datetime.fromisoformat(e["at"]) for e in batch["events"] if e["type"] == "job.started"]
    assert all(b - a > timedelta(seconds=wait) for a, b, wait in zip(started, started[1:], waits, strict=False))


async def test_retry_failed_goes_on_at_the_failed_step_with_what_came_before(api: Api) -> None:
    batch = await run(api, "flaky", [{}, {"stop": True}, {}, {"stop": True}], name="Auckland")
    assert batch["status"] == "partial"
    reply = await command(api, batch["id"], "retry-failed", 202)
    events = await follow(api, reply["new_batch_id"])
    new = await get_batch(api, reply["new_batch_id"])
    assert (new["name"], new["relation"], new["parent_batch_id"]) == ("Auckland - Retry", "retry_failed", batch["id"])
    assert [job["status"] for job in new["jobs"]] == ["completed"] * 2
    assert [event["step"] for event in events if event["type"] == "step.completed"] == ["finish"] * 2
    assert new["jobs"][0]["result"]["finished"] == {"prepare": {"prepared": 2}, "call": {"called": 2}}
    assert new["jobs"][0]["retry_of_job_id"] == batch["jobs"][1]["id"]
    outputs = (await api.get(f"/api/jobs/{new['jobs'][0]['id']}")).json()["job"]["outputs"]
    assert [output["name"] for output in outputs] == ["prepared.txt"]
    assert (await command(api, batch["id"], "retry-failed", 202)) == reply


async def test_a_double_click_on_retry_failed_makes_one_batch(api: Api, tmp_path: Path) -> None:
    hold = tmp_path / "hold"
    record = {"fail_at": "fetch", "gate": "/nowhere", "hold": str(hold)}
    batch = await run(api, "staged", [record for _ in range(5)])
    hold.touch()  # what failed once more would be tried once more
    replies = await asyncio.gather(*(command(api, batch["id"], "retry-failed", 202) for _ in range(8)))
    hold.unlink()
    assert len({reply["new_batch_id"] for reply in replies}) == 1


async def test_retry_failed_of_one_code_leaves_the_others(api: Api) -> None:
    batch = await run(api, "behaviour", [{"do": "stop"}, {"do": "raise"}, {"do": "stop"}])
    first = await command(api, batch["id"], "retry-failed", 202, error_code="NOT_WANTED")
    await follow(api, first["new_batch_id"])
    assert (await get_batch(api, first["new_batch_id"]))["counters"]["total"] == 2
    second = await command(api, batch["id"], "retry-failed", 202)
    await follow(api, second["new_batch_id"])
    new = await get_batch(api, second["new_batch_id"])
    assert (new["counters"]["total"], new["name"]) == (3, f"{batch['name']} - Retry 2"), "the retries failed as well"


async def test_retry_failed_never_retries_more_than_was_asked_for(api: Api) -> None:
    batch = await run(api, "behaviour", [{"do": "stop"}])
    path = f"/api/batches/{batch['id']}/retry-failed"
    refused = [
        (await api.post(path, params={"error_code": "TIMEOUT"}), 409, "nothing_to_retry"),
        (await api.post(path, json={"error_code": "TIMEOUT"}), 409, "nothing_to_retry"),
        (await api.post(path, params={"code": "TIMEOUT"}), 409, "nothing_to_retry"),
        (await api.post(path, params={"error": "NOT_WANTED"}), 422, "unknown_parameter"),
        (await api.post(path, json={"code": "NOT_WANTED"}), 422, "validation_failed"),
        (await api.post(path, params={"error_code": "TIMEOUT", "code": "NOT_WANTED"}), 422, "validation_failed"),
    ]
    for answer, status, code in refused:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "with TIMEOUT" in refused[0][0].json()["detail"]
    assert (await api.post(path, json={"error_code": "NOT_WANTED"})).status_code == 202


async def test_restart_runs_every_job_again_from_the_beginning(api: Api) -> None:
    batch = await run(api, "flaky", [{}, {"stop": True}])
    reply = await command(api, batch["id"], "restart", 202)
    events = await follow(api, reply["new_batch_id"])
    assert [event["type"] for event in events].count("job.started") == 2
    assert (await get_batch(api, reply["new_batch_id"]))["relation"] == "restart"


async def test_restart_asked_twice_under_one_key_makes_one_batch(api: Api) -> None:
    batch, headers = await run(api, "no-op", [{}]), {"Idempotency-Key": str(uuid4())}
    first = await api.post(f"/api/batches/{batch['id']}/restart", headers=headers)
    again = await api.post(f"/api/batches/{batch['id']}/restart", headers=headers)
    assert first.json() == again.json()
    without = await api.post(f"/api/batches/{batch['id']}/restart")
    assert without.json() != first.json()


async def test_archive_takes_a_batch_out_of_the_list_and_back(api: Api) -> None:
    batch = await run(api, "no-op", [{}], name="To be archived")
    archived = await command(api, batch["id"], "archive")
    assert (await command(api, batch["id"], "archive")) == archived
    listed = (await api.get("/api/batches", params={"search": "To be archived"})).json()["batches"]
    assert listed == []
    kept = (await api.get("/api/batches", params={"archived": "true"})).json()["batches"]
    assert batch["id"] in [entry["id"] for entry in kept]
    await command(api, batch["id"], "unarchive")
    assert (await get_batch(api, batch["id"]))["archived_at"] is None


async def test_delete_removes_the_batch_with_its_files_but_not_those_of_another(api: Api) -> None:
    batch = await run(api, "flaky", [{"stop": True}])
    retry = await command(api, batch["id"], "retry-failed", 202)
    await follow(api, retry["new_batch_id"])
    connection = await asyncpg.connect(api.installation.database.dsn)
    of_batches = """select distinct o.file_id from job_outputs o join jobs j on j.id = o.job_id
      where j.batch_id::text = any($1)"""
    files = [row[0] for row in await connection.fetch(of_batches, [batch["id"], retry["new_batch_id"]])]
    assert files
    assert (await api.delete(f"/api/batches/{batch['id']}")).status_code == 204
    assert (await api.get(f"/api/batches/{batch['id']}")).status_code == 404
    job = (await get_batch(api, retry["new_batch_id"]))["jobs"][0]
    assert (await api.get(f"/api/jobs/{job['id']}/outputs/prepared.txt")).content == b"prepared"
    assert (await api.delete(f"/api/batches/{retry['new_batch_id']}")).status_code == 204
    assert await connection.fetchval("select count(*) from files where id = any($1)", files) == 0
    assert await connection.fetchval("select count(*) from events where batch_id::text = $1", batch["id"]) == 0
    await connection.close()


async def test_a_running_batch_refuses_what_only_ended_ones_can(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "slow", [{}], params={"gate": str(gate)})
    for what in ("restart", "archive", "retry-failed", "start"):
        if what == "start":
            continue  # answered again, as it was started
        reply = await api.post(f"/api/batches/{batch_id}/{what}")
        assert (reply.status_code, reply.json()["code"]) == (409, "invalid_transition")
        assert set(reply.json()["allowed"]) == {"add", "pause", "cancel"}
    assert (await api.delete(f"/api/batches/{batch_id}")).status_code == 409
    await command(api, batch_id, "cancel")
    gate.touch()


async def test_name_and_parallelism_can_be_changed(api: Api) -> None:
    batch_id = await submit(api, "slow", [{}], start=False)
    reply = await api.patch(f"/api/batches/{batch_id}", json={"name": "Renamed", "max_parallel": 2})
    assert (reply.json()["name"], reply.json()["max_parallel"]) == ("Renamed", 2)
    assert (await api.patch(f"/api/batches/{batch_id}", json={"status": "completed"})).status_code == 422


async def test_expired_batches_and_unused_contents_are_removed(api: Api) -> None:
    batch = await run(api, "flaky", [{}])
    connection = await asyncpg.connect(api.installation.database.dsn)
    await connection.execute(
        "update batches set expires_at = now() - interval '1 second' where id::text = $1", batch["id"]
    )
    await connection.close()
    runner = api.installation.get(Runner)
    assert runner
    await runner._housekeeping.turn()
    assert (await api.get(f"/api/batches/{batch['id']}")).status_code == 404
