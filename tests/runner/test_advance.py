"""What goes well is written by `advance.sql`, and leaves what `settle.sql` would have left."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.runner.committer import write_group
from app.runner.transitions import SETTLE_CALL, Settled, Transition, read_settled, settle_arguments
from tests.runner.test_settle import claim, make_batch, transition

pytestmark = pytest.mark.every_postgres

Connection = Any
Group = list[Transition]
Change = Callable[[Group], Group]
JOBS = 6
LEFT = """
select 'batch', b.status, b.status_reason, b.pause_reason, b.pending_jobs, b.running_jobs, b.completed_jobs,
  b.cached_jobs, b.last_event_id::text, b.completed_at is null, b.paused_at is null, b.processing_time_ms is null,
  null, null, null
from batches b where b.id = $1
union all
select 'job', j.status, j.stage, j.error_code, j.sequence, j.step_position, j.attempt, j.retry_count,
  concat_ws('|', j.progress_message, j.result, j.run_at, j.error_message), j.completed_at is null,
  j.claimed_by is null, j.cached, j.progress, j.crash_count, null
from jobs j where j.batch_id = $1
union all
select 'step', s.status, s.name, s.error_code, j.sequence, s.position, s.attempts, null, s.output::text,
  s.started_at is null, s.completed_at is null, s.completed_at = j.updated_at, null, null, s.error_message
from job_steps s join jobs j on j.id = s.job_id where j.batch_id = $1
union all
select 'event', coalesce(e.type, e.kind::text), e.step, e.stage, e.id::int, e.sequence, e.attempt, e.kind,
  concat_ws('|', e.data, e.tally), null, null, null, null, null, null
from event_log e where e.batch_id = $1
order by 1, 5, 6
"""
DISABLE = """
update organisations set disabled_at = now() where id = (select organisation_id from batches where id = $1)
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def make(connection: Connection) -> UUID:
    batch_id = await make_batch(connection, JOBS)
    await connection.execute(
        """insert into job_steps (job_id, position, name)
        select j.id, p, 'step ' || p from jobs j, generate_series(1, 2) p where j.batch_id = $1""",
        batch_id,
    )
    return batch_id


async def write_in_full(connection: Connection, group: Sequence[Transition]) -> list[Settled | None]:
    return read_settled(await connection.fetch(SETTLE_CALL, *settle_arguments(group)), len(group))


def advance(group: Group, *, output: str | None = None, cached: bool = False) -> Group:
    """The transitions of steps that completed."""
    found = []
    for one in group:
        following = one.position + 1
        last = following == 3
        found.append(
            one._replace(
                outcome="completed" if last else "next",
                step_status="completed",
                next_position=following,
                next_stage=None if last else f"step {following}",
                output=output,
                result=output if last else None,
                message="well" if last and output else None,
                cached=cached,
            )
        )
    return found


def second_time(group: Group) -> Group:
    return [one._replace(position=one.position + 1) for one in group]


async def go_through(connection: Connection, write: Any, column: str) -> list[Any]:
    """What is answered and left when all jobs go through their steps, and one of them is fenced off on its way.

    `column`: what the batch is given after the first steps.
    """
    batch_id = await make(connection)
    jobs = sorted(await claim(connection, batch_id, JOBS - 1), key=lambda job: job.sequence)
    group = [transition(job, "released") for job in jobs]
    answers = [await write(connection, advance(group, output='{"a": 1}'))]
    fenced = group[2]._replace(attempt=group[2].attempt + 1)
    group = second_time(group)
    if column == "disabled_at":
        await connection.execute(DISABLE, batch_id)
    elif column:
        await connection.execute(f"update batches set {column} where id = $1", batch_id)
    answers.append(await write(connection, advance([*group[:2], fenced, *group[3:]], cached=True)))
    group = second_time(group)
    answers.append(await write(connection, advance(group[:2], output='"b"')))
    answers.append(await write(connection, advance(group[2:])))
    rest = [transition(job, "released") for job in await claim(connection, batch_id, JOBS)]
    for _ in range(3):
        answers.append(await write(connection, advance(rest)))
        rest = second_time(rest)
    pipeline = await connection.fetchval("select pipeline_id from batches where id = $1", batch_id)
    told = [[one and one._replace(pipeline_id=one.pipeline_id - pipeline) for one in answer] for answer in answers]
    return [*told, *map(tuple, await connection.fetch(LEFT, batch_id))]


PAUSED = "status = 'paused', pause_reason = 'user', paused_at = now()"
CANCELLED = "status = 'cancelling', cancelled_at = now()"


@pytest.mark.parametrize(
    "column",
    ["", PAUSED, CANCELLED, "first_n = 2", "needs_summary = true", "disabled_at", "execution_mode = 'sequential'"],
    ids=["all well", "paused", "cancelled", "trial run", "summed up", "disabled", "sequential"],
)
async def test_the_quick_statement_leaves_what_the_full_one_leaves(connection: Connection, column: str) -> None:
    expected = await go_through(connection, write_in_full, column)
    found = await go_through(connection, write_group, column)
    assert found == expected
    assert len([row for row in found if isinstance(row, tuple) and row[0] == "event"]) > JOBS


async def test_jobs_of_several_batches_are_counted_and_numbered_apart(connection: Connection) -> None:
    batches = [await make(connection), await make(connection)]
    jobs = [sorted(await claim(connection, batch, 3), key=lambda job: job.sequence) for batch in batches]
    mixed = [transition(job, "released") for pair in zip(*jobs, strict=True) for job in pair]
    for _ in range(3):
        assert None not in await write_group(connection, advance(mixed))
        mixed = second_time(mixed)
    for batch in batches:
        rows = await connection.fetch("select id, kind from event_log where batch_id = $1 order by id", batch)
        assert [row["id"] for row in rows] == list(range(1, 17))  # started; 3 x started, 3 x completed, jobs completed
        counts = await connection.fetchrow(
            "select running_jobs, completed_jobs, last_event_id from batches where id = $1", batch
        )
        assert tuple(counts) == (0, 3, 16)


def test_what_is_not_a_plain_success_is_written_in_full() -> None:
    plain = Transition(UUID(int=1), UUID(int=2), 1, 0, "next", "completed", 1, "step 1")
    assert plain.advances
    others = [
        plain._replace(skipped=[1], next_position=2),
        plain._replace(error_code="BROKEN", next_position=2),
        plain._replace(next_position=2),
        plain._replace(step_status="skipped"),
        plain._replace(outcome="failed"),
        plain._replace(outcome="retry", step_status=None),
        plain._replace(outcome="progress", step_status=None, next_position=None),
        plain._replace(outcome="released", step_status=None),
        plain._replace(batch_given_up=True),
    ]
    assert [one.advances for one in others] == [False] * len(others)
