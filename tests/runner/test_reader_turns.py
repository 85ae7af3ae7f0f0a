"""Children are taken by turns: who waits loses no time by it, can be stopped, and is told; others are not held up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.batch_helpers import follow, get_batch, submit
from tests.conftest import Api
from tests.patience import within
from tests.service import tenant
from tests.workloads.basic import SHORT

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"child_processes": 1}


@pytest.fixture
async def gate(api: Api, tmp_path: Path) -> AsyncIterator[Path]:
    """While it does not exist the only child reads, for the batch `busy`."""
    gate = tmp_path / "gate"
    busy = await submit(api, "long-reading", [{}], params={"gate": str(gate)})
    await until(api, busy, lambda batch: batch["counters"]["running"] == 1)
    yield gate
    open_it(gate)
    await follow(api, busy)


def open_it(gate: Path) -> None:
    gate.touch()


def is_open(gate: Path) -> bool:
    return gate.exists()


async def until(api: Api, batch_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    async with within(20):
        while not holds(batch := await get_batch(api, batch_id)):
            await asyncio.sleep(0.02)
    return batch


async def waiting(api: Api, batch_id: str) -> dict[str, Any]:
    answer = await api.get(f"/api/batches/{batch_id}/waiting")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def until_reasons(api: Api, batch_id: str, code: str) -> list[str]:
    async with within(20):
        while True:
            reasons = (await waiting(api, batch_id))["reasons"]
            if code in [reason["code"] for reason in reasons]:
                return [reason["message"] for reason in reasons]
            await asyncio.sleep(0.1)


async def test_a_step_that_waits_for_a_child_loses_no_time(api: Api, gate: Path) -> None:
    batch_id = await submit(api, "short-reading", [{}, {}])
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 2)
    await asyncio.sleep(2 * SHORT)  # longer than the step may take
    open_it(gate)
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"


async def test_a_step_that_has_its_child_is_ended_at_its_limit(api: Api, tmp_path: Path) -> None:
    batch_id = await submit(api, "short-reading", [{}], params={"gate": str(tmp_path / "never")})
    await follow(api, batch_id)
    assert (await get_batch(api, batch_id))["jobs"][0]["error_code"] == "TIMEOUT"


async def test_another_organisation_waits_for_nobody(api: Api, gate: Path) -> None:
    mine = await submit(api, "short-reading", [{}] * 20)
    async with tenant(api, "Another") as other:
        theirs = await submit(other, "short-reading", [{}, {}])
        assert (await follow(other, theirs))[-1]["type"] == "batch.completed"
    assert (await get_batch(api, mine))["counters"]["completed"] == 0
    open_it(gate)
    await follow(api, mine)


async def test_what_waits_for_a_child_says_so(api: Api, gate: Path) -> None:
    first = await submit(api, "short-reading", [{}, {}], name="first")
    assert await until_reasons(api, first, "readers_busy") == ["2 jobs wait for a reader process."]
    assert (await waiting(api, first))["waiting"]
    second = await submit(api, "short-reading", [{}], name="second")
    third = await submit(api, "short-reading", [{}], name="third")
    said = [*await until_reasons(api, second, "readers_busy"), *await until_reasons(api, third, "readers_busy")]
    assert said == [
        "1 job waits for a reader process, 1 of this organisation before it.",
        "1 job waits for a reader process, 2 of this organisation before it.",
    ]
    open_it(gate)
    for batch_id in (first, second, third):
        await follow(api, batch_id)
        assert (await waiting(api, batch_id))["reasons"] == []


async def test_of_another_organisation_s_jobs_nothing_is_said(api: Api, gate: Path, tmp_path: Path) -> None:
    async with tenant(api, "Quiet") as other:
        held = await submit(other, "long-reading", [{}], params={"gate": str(gate)})  # in the spare child
        await until(other, held, lambda batch: batch["counters"]["running"] == 1)
        for _ in range(3):
            await submit(api, "short-reading", [{}])
        theirs = await submit(other, "short-reading", [{}])
        assert await until_reasons(other, theirs, "readers_busy") == ["1 job waits for a reader process."]
        open_it(gate)
        await follow(other, theirs)


async def test_a_pause_puts_back_what_waits(api: Api, gate: Path) -> None:
    batch_id = await submit(api, "short-reading", [{}, {}])
    await until_reasons(api, batch_id, "readers_busy")
    await api.post(f"/api/batches/{batch_id}/pause")
    paused = await until(api, batch_id, lambda batch: batch["counters"]["running"] == 0)
    assert (paused["status"], paused["counters"]["pending"]) == ("paused", 2)
    open_it(gate)
    await api.post(f"/api/batches/{batch_id}/resume")
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"
    assert [step["attempts"] for job in (await get_batch(api, batch_id))["jobs"] for step in job["steps"]] == [1, 1]


async def test_a_cancel_ends_what_waits_long_before_the_hard_stop(api: Api, gate: Path) -> None:
    batch_id = await submit(api, "short-reading", [{}])
    await until_reasons(api, batch_id, "readers_busy")
    await api.post(f"/api/batches/{batch_id}/cancel")
    assert (await follow(api, batch_id, 10))[-1]["type"] == "batch.cancelled"
    assert not is_open(gate)
