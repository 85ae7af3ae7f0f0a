"""Steps that are plain functions run in threads of their own; a coroutine that holds up the loop is named."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from app.runner import step_threads
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.patience import within


async def test_what_a_plain_function_returns_raises_and_asks_for_counts_as_that_of_a_coroutine(api: Api) -> None:
    batch = await run(api, "plain-steps", [{"do": what} for what in ("compute", "save", "stop", "leave")])
    jobs = batch["jobs"]
    assert [job["status"] for job in jobs] == ["completed", "completed", "failed", "failed"]
    assert [job["error_code"] for job in jobs[2:]] == ["NOT_WANTED", "UNEXPECTED_ERROR"]
    assert jobs[0]["result"] == {"after": ["work"]}
    files = (await api.get(f"/api/jobs/{jobs[1]['id']}")).json()["job"]["outputs"]
    assert [file["name"] for file in files] == ["said.txt"]
    assert {event["message"] for event in batch["events"]} >= {"half way"}


async def test_a_plain_function_that_goes_on_past_its_limit_is_over_all_the_same(api: Api, tmp_path: Path) -> None:
    """Its late result is dropped, and what it asks for then is refused, though its job still runs."""
    gate, after = tmp_path / "gate", tmp_path / "after"
    came_late = tmp_path / "gate.late"
    batch_id = await submit(api, "plain-steps", [{"do": "stay", "gate": str(gate), "after": str(after)}])
    async with within(20):
        while (job := (await get_batch(api, batch_id))["jobs"][0])["stage"] != "after":
            await asyncio.sleep(0.02)
    assert (job["status"], job["steps"][0]["status"], job["steps"][0]["error_code"]) == ("running", "failed", "TIMEOUT")
    assert step_threads.LEFT._value.get() == 1
    gate.touch()
    async with within(20):
        while not came_late.exists() or step_threads.LEFT._value.get():
            await asyncio.sleep(0.02)
    assert came_late.read_text() == "JobFenced"
    after.touch()
    async with within(20):
        while (job := (await get_batch(api, batch_id))["jobs"][0])["status"] == "running":
            await asyncio.sleep(0.02)
    assert (job["status"], job["error_code"]) == ("failed", "TIMEOUT")
    assert "late.txt" not in str((await api.get(f"/api/jobs/{job['id']}")).json())


async def test_no_step_begins_in_a_thread_while_too_many_were_left_behind(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_threads, "MOST_LEFT", 1)
    gate = tmp_path / "gate"
    left = await submit(api, "plain-steps", [{"do": "stay", "gate": str(gate)}], max_parallel=1)
    async with within(20):
        while not step_threads.LEFT._value.get():
            await asyncio.sleep(0.02)
    waiting = await submit(api, "plain-steps", [{"do": "compute"}])
    async with within(20):
        while step_threads.A_THREAD not in (await api.get(f"/api/batches/{waiting}/waiting")).text:
            await asyncio.sleep(0.1)
    gate.touch()
    for batch_id in (left, waiting):
        async with within(20):
            while (await get_batch(api, batch_id))["counters"]["running"]:
                await asyncio.sleep(0.02)
    assert (await get_batch(api, waiting))["status"] == "completed"


@pytest.mark.parametrize("aside", [False, True])
async def test_a_step_that_holds_up_the_loop_is_named_in_the_log_and_by_an_event(
    api: Api, caplog: pytest.LogCaptureFixture, *, aside: bool
) -> None:
    if aside and sys.version_info < (3, 12):
        pytest.skip("tasks do not tell their context before Python 3.12")
    with caplog.at_level(logging.WARNING, "tranche.loop"):
        batch = await run(api, "blocking-step", [{"seconds": 1.6, "aside": aside}])
    events: list[dict[str, Any]] = [event for event in batch["events"] if event["type"] == "step.blocked"]
    assert [(event["step"], event["error_code"], event["sequence"]) for event in events] == [
        ("block", "STEP_BLOCKED_LOOP", 1)
    ]
    assert events[0]["seconds"] >= 1.4
    assert batch["status"] == "completed"
    stacks = [record.getMessage() for record in caplog.records if "stands still" in record.getMessage()]
    assert len(stacks) == 1
    assert "block runs on it" in stacks[0]
    assert "time.sleep(record" in stacks[0]


async def test_a_loop_that_only_waits_is_no_blocked_one(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tranche.loop"):
        batch = await run(api, "delayed", [{"seconds": 1.5}])
    assert "step.blocked" not in [event["type"] for event in batch["events"]]
    assert not [record for record in caplog.records if "stands still" in record.getMessage()]


async def test_requests_are_answered_while_a_plain_function_sleeps(api: Api, tmp_path: Path) -> None:
    """On the loop it would keep everybody waiting for what only this test does afterwards."""
    gate = tmp_path / "gate"
    batch_id = await submit(api, "plain-steps", [{"after": str(gate)}])
    async with within(20):
        while (await get_batch(api, batch_id))["jobs"][0]["stage"] != "after":
            await asyncio.sleep(0.02)
        for _ in range(10):
            assert (await api.get("/healthz")).status_code == 200
    gate.touch()
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"
