"""A service in this process on a PostgreSQL of its own, which nobody starts again but the test."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.kit.postgres.server import EmbeddedPostgres
from app.kit.service import Periodic
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api, make_home, make_settings, serving
from tests.patience import within

WORKLOADS = Path(__file__).parent / "workloads"
JOBS, KEPT = 40, 9


class Server(EmbeddedPostgres):
    """A PostgreSQL that stays away until `begin`."""

    watched = False

    async def start(self) -> None:
        await super().start()
        if not self.watched:
            await Periodic.stop(self)

    async def end(self, mode: str) -> None:
        """`fast`, `immediate`, or `kill`."""
        if mode == "kill":
            pid = self.postmaster_pid()
            assert pid
            os.kill(pid, signal.SIGKILL)
        else:
            await asyncio.to_thread(self._control, "stop", "-m", mode, "-w")

    async def begin(self) -> None:
        await self._bring_up()

    def signal(self, number: int) -> None:
        """To the postmaster and all its children."""
        pid = self.postmaster_pid()
        assert pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for one in (pid, *map(int, children)):
            os.kill(one, number)


async def until(true: Callable[[], Awaitable[Any]], seconds: float = 30) -> None:
    """Wait until something is true."""
    async with within(seconds):
        while not await true():
            await asyncio.sleep(0.05)


async def wrong(api: httpx.AsyncClient) -> dict[str, str]:
    """What /readyz says is wrong, by name."""
    return {one["name"]: one["sentence"] for one in (await api.get("/readyz")).json()["wrong"]}


async def submit_files(api: httpx.AsyncClient, **form: str) -> str:
    """A batch of the workload `keeping`."""
    files = [("files", (f"{letter}{n}.txt", f"{letter}{n}".encode())) for letter in "ab" for n in range(JOBS // 2)]
    reply = await api.post("/api/jobs/batch", data={"pipeline": "keeping", **form}, files=files)
    assert reply.status_code == 201, reply.text
    batch_id = str(reply.json()["batch_id"])

    async def run() -> bool:
        return bool((await get_batch(api, batch_id))["counters"]["running"] == JOBS)

    await until(run)
    return batch_id


async def check_unharmed(api: httpx.AsyncClient, batch_id: str) -> None:
    """Every job has completed in its first attempt, with all its files."""
    events = await follow(api, batch_id)
    jobs = (await api.get(f"/api/batches/{batch_id}/jobs", params={"limit": 100})).json()["jobs"]
    assert [(job["status"], job["error_message"], job["attempt"]) for job in jobs] == [("completed", None, 1)] * JOBS
    assert not {event["type"] for event in events} & {"job.requeued", "job.retrying", "job.failed"}
    for job in jobs:
        outputs = (await api.get(f"/api/jobs/{job['id']}")).json()["job"]["outputs"]
        assert len(outputs) == KEPT


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Server]:
    home = make_home()
    server = Server(home)
    await server.start()
    try:
        yield server
    finally:
        await server.begin()
        await server.stop()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
async def api(home: Path, server: Server, settings_values: dict[str, Any]) -> AsyncIterator[Api]:
    async with serving(make_settings(home, server.dsn, pipelines_dir=WORKLOADS, **settings_values)) as client:
        yield client
