"""Several processes on one database: whoever is asked, and whoever does the work, a client sees every event once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.batch_helpers import check_log, follow, stream, submit
from tests.conftest import WORKLOADS, Api, make_home, make_settings, serving
from tests.patience import within
from tests.processes import Process

pytestmark = pytest.mark.own_service

KILL_LISTENERS = """
select count(pg_terminate_backend(pid)) from pg_stat_activity
where datname = current_database() and application_name = 'tranche-listen'
"""


@pytest.fixture(scope="module")
async def worker(database_url: str) -> AsyncIterator[None]:
    """`tranche worker` in a process of its own."""
    values = {"TRANCHE_HOME": str(make_home()), "DATABASE_URL": database_url, "TRANCHE_PIPELINES_DIR": str(WORKLOADS)}
    process = Process(["worker"], os.environ | values)
    assert process.stdout
    assert "ready" in await asyncio.to_thread(process.stdout.readline)
    yield
    process.terminate()
    await asyncio.to_thread(process.wait)


@pytest.fixture(scope="module")
async def first(database_url: str) -> AsyncIterator[Api]:
    async with serving(make_settings(make_home(), database_url, worker="off")) as api:
        yield api


@pytest.fixture(scope="module")
async def second(database_url: str) -> AsyncIterator[Api]:
    """Does not listen: it looks for itself."""
    async with serving(make_settings(make_home(), database_url, worker="off", stream_listen=False)) as api:
        yield api


async def test_clients_of_two_api_processes_see_what_a_worker_does(first: Api, second: Api, worker: None) -> None:
    batch_id = await submit(first, "slow", [{} for _ in range(40)], params={"seconds": 0.05}, max_parallel=4)
    logs = await asyncio.gather(*(follow(api, batch_id) for api in (first, second, first, second)))
    assert all(log == logs[0] for log in logs)
    assert len(logs[0]) > 3 * 40


async def test_a_client_may_go_on_at_another_process(first: Api, second: Api, worker: None) -> None:
    batch_id = await submit(second, "slow", [{} for _ in range(20)], params={"seconds": 0.05}, max_parallel=4)
    seen: list[dict[str, object]] = []
    async with within(60):
        while not seen or str(seen[-1]["type"]) != "batch.completed":
            api = (first, second)[len(seen) % 2]
            connection = stream(api, batch_id, len(seen))
            async for event in connection:
                seen.append(event)
                if len(seen) % 9 == 0:
                    break
            await connection.aclose()  # type: ignore[attr-defined]
    check_log(seen)


async def test_listen_killed_four_times_costs_no_event(first: Api, worker: None) -> None:
    """Each time when the client has just been told something: what follows falls into the time nobody listens."""
    batch_id = await submit(first, "slow", [{} for _ in range(40)], params={"seconds": 0.05}, max_parallel=4)
    killer = await asyncpg.connect(first.installation.database.dsn)
    seen: list[dict[str, object]] = []
    kills = 0
    async with within(60):
        async for event in stream(first, batch_id):
            seen.append(event)
            if len(seen) == 20 * (kills + 1) and kills < 4:
                while not await killer.fetchval(KILL_LISTENERS):
                    await asyncio.sleep(0.05)  # it has not come back from the last time
                kills += 1
    await killer.close()
    assert kills == 4
    check_log(seen)
