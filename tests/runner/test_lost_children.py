"""Whoever kills reader processes, or the process that makes them, fails no job that had nothing to do with it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from app.kit.sandbox.sandbox import Sandbox
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.kit.test_sandbox import server_pid
from tests.patience import within

pytestmark = pytest.mark.own_service


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def reading(server: int, count: int) -> list[int]:
    """The children of the fork server, once there are so many."""
    async with within(20):
        while len(found := children_of(server)) < count:
            await asyncio.sleep(0.02)
    return found


@pytest.mark.parametrize("whom", ["server", "children"])
async def test_what_was_being_read_is_read_again(api: Api, tmp_path: Path, whom: str) -> None:
    gate, sandbox = tmp_path / "gate", api.installation.get(Sandbox)
    batch_id = await submit(api, "long-reading", [{}] * 4, params={"gate": str(gate)})
    slots = sandbox.slots
    pids = await reading(server := server_pid(sandbox), slots)
    for pid in [server] if whom == "server" else pids:
        os.kill(pid, signal.SIGKILL)
    if whom == "server":
        async with within(20):
            while server_pid(sandbox) == server:
                await asyncio.sleep(0.02)
    gate.touch()
    events = await follow(api, batch_id)
    batch = await get_batch(api, batch_id)
    assert [job["status"] for job in batch["jobs"]] == ["completed"] * 4
    retried = [event["error_code"] for event in events if event["type"] == "job.retrying"]
    assert retried == ([] if whom == "server" else ["CHILD_LOST"] * slots)


async def test_a_child_that_is_killed_each_time_fails_its_job(api: Api) -> None:
    batch = await run(api, "behaviour", [{"do": "succeed"}, {"do": "be_killed"}])
    assert [job["error_code"] for job in batch["jobs"]] == [None, "CHILD_LOST"]
    assert batch["jobs"][1]["steps"][0]["attempts"] == 3
