"""The settle function itself: the fence, and batches that two processes close at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.kit.ids import new_id
from app.runner.claims import ClaimedJob, ClaimRequest, claim_jobs
from app.runner.committer import write_group
from app.runner.transitions import Transition

pytestmark = pytest.mark.every_postgres

Connection = Any


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def make_batch(connection: Connection, jobs: int, **columns: Any) -> UUID:
    """A batch of one-step jobs, straight in the tables."""
    organisation, batch_id = new_id(), new_id()
    await connection.execute("insert into organisations (id, name) values ($1, $1::uuid::text)", organisation)
    await connection.execute(
        """insert into pipelines (key, version, title, steps) values ('settle', 1, 'Settle', '[]')
        on conflict do nothing"""
    )
    await connection.execute(
        """insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, execution_mode,
          max_parallel, status, total_jobs, pending_jobs, jobs_at_base, settings, metadata)
        select $1, $2, p.id, 'x', 'x', 'parallel', 64, 'pending', $3::int, $3::int, $3::int, '{}', '{}'
        from pipelines p where p.key = 'settle'""",
        batch_id,
        organisation,
        jobs,
    )
    ids = [new_id() for _ in range(jobs)]
    await connection.execute(
        """insert into jobs (id, batch_id, pipeline_id, sequence, source_type, record)
        select i, $1, p.id, n, 'record', '{}' from unnest($2::uuid[]) with ordinality x(i, n), pipelines p
        where p.key = 'settle'""",
        batch_id,
        ids,
    )
    await connection.execute(
        "insert into job_steps (job_id, position, name) select i, 0, 'only' from unnest($1::uuid[]) i", ids
    )
    return batch_id


async def claim(connection: Connection, batch_id: UUID, jobs: int, dispatch_id: int = 1) -> list[ClaimedJob]:
    return (await claim_jobs(connection, [ClaimRequest(batch_id, jobs, dispatch_id)])).jobs


def transition(job: ClaimedJob, outcome: Any, **more: Any) -> Transition:
    return Transition(job.batch_id, job.job_id, job.attempt, job.step_position, outcome, **more)


def completed(job: ClaimedJob, **more: Any) -> Transition:
    return transition(job, "completed", step_status="completed", next_position=1, **more)


async def test_two_processes_that_end_the_last_two_jobs_close_the_batch_once(
    connection: Connection, database_url: str
) -> None:
    other = await asyncpg.connect(database_url)
    for _ in range(30):
        batch_id = await make_batch(connection, 2)
        mine, theirs = await claim(connection, batch_id, 2)
        await asyncio.gather(write_group(connection, [completed(mine)]), write_group(other, [completed(theirs)]))
        types = await connection.fetch("select type from events where batch_id = $1 order by id", batch_id)
        assert [row[0] for row in types].count("batch.completed") == 1
        assert types[-1][0] == "batch.completed"
        status = await connection.fetchrow("select status, completed_jobs from batches where id = $1", batch_id)
        assert tuple(status) == ("completed", 2)
    await other.close()


async def test_two_processes_never_claim_past_max_parallel(connection: Connection, database_url: str) -> None:
    other = await asyncpg.connect(database_url)
    for _ in range(20):
        batch_id = await make_batch(connection, 40)
        await connection.execute("update batches set max_parallel = 7 where id = $1", batch_id)
        claims = await asyncio.gather(*(claim(c, batch_id, 6, n) for n, c in enumerate((connection, other), 1)))
        assert sum(map(len, claims)) == 7
    await other.close()


async def test_a_late_writer_writes_nothing(connection: Connection) -> None:
    batch_id = await make_batch(connection, 1)
    (stale,) = await claim(connection, batch_id, 1)
    await write_group(connection, [transition(stale, "lost")])
    (fresh,) = await claim(connection, batch_id, 1, 2)
    before = await connection.fetchval("select last_event_id from batches where id = $1", batch_id)
    assert await write_group(connection, [completed(stale)]) == [None]
    assert await connection.fetchval("select last_event_id from batches where id = $1", batch_id) == before
    (settled,) = await write_group(connection, [completed(fresh)])
    assert settled
    assert settled.status == "completed"
    assert await write_group(connection, [completed(fresh)]) == [None]


async def test_one_refused_transition_does_not_touch_its_neighbours(connection: Connection) -> None:
    batch_id = await make_batch(connection, 3)
    first, second, third = await claim(connection, batch_id, 3)
    refused = transition(second, "lost")._replace(attempt=99)
    settled = await write_group(connection, [completed(first), refused, completed(third)])
    assert [entry and entry.status for entry in settled] == ["completed", None, "completed"]


async def test_results_are_written_as_json(connection: Connection) -> None:
    batch_id = await make_batch(connection, 1)
    (row,) = await claim(connection, batch_id, 1)
    await write_group(connection, [completed(row, output='{"a": 1}', result='{"a": 1}', cached=True)])
    result = await connection.fetchrow("select result::text, cached from jobs where batch_id = $1", batch_id)
    assert tuple(result) == ('{"a": 1}', True)
    assert await connection.fetchval("select cached_jobs from batches where id = $1", batch_id) == 1


async def test_skipped_steps_are_fenced_with_the_step_they_follow(connection: Connection) -> None:
    batch_id = await make_batch(connection, 1)
    (job,) = await claim(connection, batch_id, 1)
    await connection.execute("insert into job_steps (job_id, position, name) values ($1, 1, 'more')", job.job_id)
    both = transition(job, "completed", step_status="skipped", next_position=2, skipped=[1])
    assert await write_group(connection, [both._replace(attempt=job.attempt + 1)]) == [None]
    statuses = "select array_agg(status order by position) from job_steps where job_id = $1"
    assert await connection.fetchval(statuses, job.job_id) == ["running", "pending"]
    (settled,) = await write_group(connection, [both])
    assert settled
    assert settled.status == "completed"
    assert await connection.fetchval(statuses, job.job_id) == ["skipped", "skipped"]
    events = await connection.fetch("select id, type, step from events where batch_id = $1 order by id", batch_id)
    ends = [("step.skipped", "only"), ("step.skipped", "more"), ("job.completed", "more"), ("batch.completed", None)]
    assert [tuple(row)[1:] for row in events[2:]] == ends
    assert [row["id"] for row in events] == list(range(1, len(events) + 1))
    assert await write_group(connection, [both]) == [None]
