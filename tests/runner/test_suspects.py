"""Jobs that ran when workers died: the guilty are found in few steps, the innocent never fail (decision 0034)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.kit.ids import new_id
from app.runner.claims import ClaimedJob, ClaimRequest, claim_jobs
from app.runner.committer import write_group
from app.runner.transitions import Transition
from tests.batch_helpers import check_log, submit
from tests.live import LiveServer
from tests.patience import patient, within
from tests.runner.test_faults import check_each_job_ended_once, client_of, follow_through
from tests.runner.test_settle import make_batch

Connection = Any
JOBS = 64


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


class Books:
    """Batches whose jobs run and die, straight in the tables."""

    def __init__(self, connection: Connection, *batches: UUID) -> None:
        self.connection, self.batches, self.worker = connection, batches, new_id()

    async def claim(self, *, suspects: bool) -> list[ClaimedJob]:
        requests = [ClaimRequest(batch_id, 64, place) for place, batch_id in enumerate(self.batches)]
        return (await claim_jobs(self.connection, requests, suspects=suspects)).jobs

    async def lose(self, jobs: Sequence[ClaimedJob], *, witnessed: bool) -> None:
        lost = [
            Transition(j.batch_id, j.job_id, j.attempt, 0, "lost", peers=len(jobs), witnessed=witnessed) for j in jobs
        ]
        assert None not in await write_group(self.connection, lost)

    async def complete(self, jobs: Sequence[ClaimedJob]) -> None:
        done = [Transition(j.batch_id, j.job_id, j.attempt, 0, "completed", "completed", next_position=1) for j in jobs]
        assert None not in await write_group(self.connection, done)

    async def statuses(self) -> Counter[str]:
        rows = await self.connection.fetch("select status from jobs where batch_id = any($1)", self.batches)
        return Counter(row[0] for row in rows)


async def test_after_one_death_all_run_together_again(connection: Connection) -> None:
    books = Books(connection, await make_batch(connection, JOBS))
    jobs = await books.claim(suspects=False)
    await books.lose(jobs, witnessed=False)
    assert await books.claim(suspects=True) == []
    assert len(await books.claim(suspects=False)) == JOBS


@pytest.mark.parametrize("batches", [1, 4], ids=["one-batch", "four-batches"])
async def test_the_guilty_one_is_found_by_halves(connection: Connection, batches: int) -> None:
    books = Books(connection, *[await make_batch(connection, JOBS // batches) for _ in range(batches)])
    for _ in range(2):
        jobs = await books.claim(suspects=False)
        await books.lose(jobs, witnessed=False)
    assert await books.claim(suspects=False) == []
    guilty, sizes = jobs[37].job_id, []
    while group := await books.claim(suspects=True):
        sizes.append(len(group))
        if any(job.job_id == guilty for job in group):
            await books.lose(group, witnessed=True)
        else:
            await books.complete(group)
    assert await books.statuses() == {"completed": JOBS - 1, "failed": 1}
    failed = await connection.fetchrow(
        "select id, error_code from jobs where status = 'failed' and batch_id = any($1)", books.batches
    )
    assert tuple(failed) == (guilty, "WORKER_LOST")
    assert sizes[0] == JOBS
    assert len(sizes) <= 14  # each of six halvings runs at most two groups


async def test_deaths_that_nobody_saw_fail_no_job_however_many(connection: Connection) -> None:
    books = Books(connection, await make_batch(connection, 3))
    for _ in range(2):
        await books.lose(await books.claim(suspects=False), witnessed=False)
    for _ in range(20):
        await books.lose(await books.claim(suspects=True), witnessed=False)
    assert await books.statuses() == {"pending": 3}


async def test_a_job_that_dies_alone_before_a_witness_fails_at_its_third_death(connection: Connection) -> None:
    books = Books(connection, await make_batch(connection, 1))
    for _ in range(2):
        await books.lose(await books.claim(suspects=False), witnessed=False)
    await books.lose(await books.claim(suspects=True), witnessed=True)
    assert await books.statuses() == {"failed": 1}


async def test_a_poisonous_job_among_64(live_server: LiveServer) -> None:
    """It kills the service twice; then it finds itself apart from the others, and the service lives on."""
    async with client_of(live_server) as api:
        records = [{"seconds": 0.5, "kill": n == 40} for n in range(JOBS + 1)]
        batch_id = await submit(api, "poisonous", records, max_parallel=JOBS + 1)
        for _ in range(2):
            assert live_server.process
            await asyncio.to_thread(live_server.process.wait, patient(40))
            await asyncio.to_thread(live_server.start)
        events = await follow_through(api, batch_id)
        check_log(events)
        check_each_job_ended_once(events, JOBS + 1)
        assert live_server.process.poll() is None
        failed = [event for event in events if event["type"] == "job.failed"]
        assert [(event["sequence"], event["error_code"]) for event in failed] == [(41, "WORKER_LOST")]


async def test_kill_9_again_and_again_fails_no_job(live_server: LiveServer) -> None:
    async with client_of(live_server) as api:
        batch_id = await submit(api, "poisonous", [{"seconds": 1.5} for _ in range(24)], max_parallel=24)
        following = asyncio.create_task(follow_through(api, batch_id))
        database = await asyncpg.connect(live_server.postgres().dsn)
        query = "select count(*) from jobs where status = 'running'"
        for _ in range(4):
            async with within(40):
                while not await database.fetchval(query) and not following.done():
                    await asyncio.sleep(0.05)
            assert live_server.process
            os.kill(live_server.process.pid, signal.SIGKILL)
            await asyncio.to_thread(live_server.process.wait, patient(10))
            await asyncio.to_thread(live_server.start)
        await database.close()
        events = await following
        check_each_job_ended_once(events, 24)
        assert [event["type"] for event in events].count("job.completed") == 24
