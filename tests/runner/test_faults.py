"""Real faults: killed processes, killed databases, cut connections. Nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from tests.batch_helpers import TERMINAL, check_log, follow, get_batch, stream, submit
from tests.conftest import Api
from tests.live import LiveServer
from tests.patience import patient, within
from tests.processes import Process

pytestmark = pytest.mark.own_service


@asynccontextmanager
async def client_of(server: LiveServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=patient(30)) as api:
        yield api


async def follow_through(api: httpx.AsyncClient, batch_id: str, seconds: float = 90) -> list[dict[str, Any]]:
    """Every event of a batch, reconnecting with Last-Event-ID whenever the connection breaks or says bye."""
    seen: list[dict[str, Any]] = []
    async with within(seconds):
        while not seen or seen[-1]["type"] not in TERMINAL:
            try:
                async for event in stream(api, batch_id, len(seen)):
                    if "id" in event:
                        seen.append(event)
            except (httpx.TransportError, AssertionError):
                pass
            except Exception as error:  # a 503 while the database is away is not an event stream
                if "content" not in str(error).lower():
                    raise
            await asyncio.sleep(0.1)
    return seen


async def wait_for_completed(api: httpx.AsyncClient, batch_id: str, jobs: int) -> None:
    async with within(60):
        while (await get_batch(api, batch_id))["counters"]["completed"] < jobs:
            await asyncio.sleep(0.02)


def check_each_job_ended_once(events: list[dict[str, Any]], jobs: int) -> None:
    ended = Counter(e["job_id"] for e in events if e["type"] in ("job.completed", "job.failed", "job.cancelled"))
    assert len(ended) == jobs
    assert set(ended.values()) == {1}
    steps = Counter((e["job_id"], e["step"]) for e in events if e["type"] == "step.completed")
    assert set(steps.values()) == {1}


async def test_kill_9_of_the_service_in_the_middle_of_a_batch(live_server: LiveServer) -> None:
    async with client_of(live_server) as api:
        batch_id = await submit(api, "slow", [{} for _ in range(200)], params={"seconds": 0.2}, max_parallel=20)
        following = asyncio.create_task(follow_through(api, batch_id))
        await wait_for_completed(api, batch_id, 30)
        await asyncio.to_thread(live_server.kill)
        await asyncio.to_thread(live_server.start)
        events = await following
        check_log(events)
        check_each_job_ended_once(events, 200)
        assert any(event["type"] == "job.requeued" for event in events)
        assert (await get_batch(api, batch_id))["status"] == "completed"


async def test_kill_9_of_the_postmaster_in_the_middle_of_a_batch(live_server: LiveServer) -> None:
    async with client_of(live_server) as api:
        batch_id = await submit(api, "slow", [{} for _ in range(200)], params={"seconds": 0.2}, max_parallel=20)
        following = asyncio.create_task(follow_through(api, batch_id))
        await wait_for_completed(api, batch_id, 30)
        pid = live_server.postgres().postmaster_pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        async with within(10):
            while (reply := await api.get(f"/api/batches/{batch_id}")).status_code != 200:
                assert reply.status_code == 503
                assert reply.headers["retry-after"]
                await asyncio.sleep(0.05)
        events = await following
        check_log(events)
        check_each_job_ended_once(events, 200)
        assert (await get_batch(api, batch_id))["status"] == "completed"


@pytest.mark.parametrize(
    ("jobs", "seconds", "parallel"),
    [(150, 0.05, 15), (2000, 0.0, 256)],
    ids=["one group at a time", "two groups under way"],
)
async def test_connections_cut_at_random_change_nothing_twice(
    api: Api, jobs: int, seconds: float, parallel: int
) -> None:
    records: list[dict[str, Any]] = [{} for _ in range(jobs)]
    batch_id = await submit(api, "slow", records, params={"seconds": seconds}, max_parallel=parallel)
    killer = await asyncpg.connect(api.installation.database.dsn)
    query = """select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and application_name in ('tranche-runner', 'tranche-engine', 'tranche')"""
    following = asyncio.create_task(follow_through(api, batch_id))
    while not following.done():
        if pids := [row[0] for row in await killer.fetch(query)]:
            await killer.execute("select pg_terminate_backend($1)", random.choice(pids))
        await asyncio.sleep(0.2)
    await killer.close()
    events = following.result()
    check_log(events)
    check_each_job_ended_once(events, jobs)


async def test_a_frozen_worker_loses_its_jobs_and_writes_nothing_when_it_wakes(live_server: LiveServer) -> None:
    environment = os.environ | {"TRANCHE_HOME": str(live_server.home), "TRANCHE_LOG_LEVEL": "warning"}
    environment["TRANCHE_PIPELINES_DIR"] = str(live_server._workloads)
    worker = Process(["worker"], environment)
    try:
        assert worker.stdout
        assert "ready" in await asyncio.to_thread(worker.stdout.readline)
        async with client_of(live_server) as api:
            # More dispatches than one process takes, so that both hold jobs.
            batches = [
                await submit(api, "slow", [{} for _ in range(8)], params={"seconds": 1.5}, max_parallel=4)
                for _ in range(6)
            ]
            database = await asyncpg.connect(live_server.postgres().dsn)
            async with within(30):
                query = "select running from workers where pid = $1"
                while not await database.fetchval(query, worker.pid):
                    await asyncio.sleep(0.05)
            worker.send_signal(signal.SIGSTOP)
            logs = [await follow(api, batch_id, 90) for batch_id in batches]
            worker.send_signal(signal.SIGCONT)
            # The frozen process is awake again when its heartbeat is; by then its late writes have been refused.
            async with within(30):
                while await database.fetchval("select count(*) from workers where pid = $1", worker.pid) == 0:
                    await asyncio.sleep(0.05)
            for batch_id, log in zip(batches, logs, strict=True):
                check_each_job_ended_once(log, 8)
                assert (await get_batch(api, batch_id))["last_event_id"] == len(log)
            assert any(event["type"] == "job.requeued" for log in logs for event in log)
            await database.close()
    finally:
        worker.send_signal(signal.SIGCONT)
        worker.terminate()
        await asyncio.to_thread(worker.wait, patient(30))
