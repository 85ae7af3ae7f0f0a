"""What waits and what runs, over the whole installation and in this process, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.states import BATCH_OPEN
from app.kit.container import Container
from app.kit.db import Database
from app.kit.loop_lag import LoopLag
from app.kit.metrics import OTHER, Figures, InstallationFigures, ProcessFigures, Samples, figure
from app.kit.sandbox.sandbox import Sandbox
from app.runner.models import SILENT_AFTER
from app.runner.runner import Runner
from app.runner.settings import RunnerSettings

_QUEUE: Final = ("pipeline", "organisation")
JOBS = figure(
    "tranche_queue_jobs",
    "Jobs that have not ended: waiting (also for their next try), paused, running. A batch with several pipelines is"
    " counted under its first one",
    (*_QUEUE, "state"),
    scope="installation",
)
OLDEST = figure(
    "tranche_queue_oldest_seconds",
    "How long ago the oldest batch was queued that has waiting jobs",
    _QUEUE,
    scope="installation",
)
STALLED = figure(
    "tranche_queue_stalled_seconds",
    "How long nothing has happened in the batch that has been left alone longest although it could go on: jobs are due,"
    " and it may run more of them",
    _QUEUE,
    scope="installation",
)
BATCHES = figure("tranche_batches_open", "Batches that have not ended, by status", ("status",), scope="installation")
WORKERS = figure(
    "tranche_workers",
    "Processes that run jobs: alive, or silent (without a heartbeat for ten seconds)",
    ("state",),
    scope="installation",
)
WORKER_SLOTS = figure("tranche_workers_slots", "Jobs that all live workers can run at a time", scope="installation")
WORKER_JOBS = figure("tranche_workers_running_jobs", "Slots of live workers that are in use", scope="installation")
SLOTS = figure("tranche_runner_slots", "Jobs that this process can run at a time", scope="process")
RUNNING = figure("tranche_runner_running_jobs", "Jobs that this process runs", scope="process")
UNWRITTEN = figure("tranche_runner_unwritten_transitions", "What ended and waits to be written", scope="process")
CHILDREN = figure(
    "tranche_children", "Reader processes: running, and calls that wait for one", ("state",), scope="process"
)
CHILD_SLOTS = figure("tranche_children_slots", "Reader processes that may run at a time", scope="process")
LAG_MAX = figure(
    "tranche_loop_lag_max_seconds",
    "How late the event loop came to a timer at worst in the last five minutes",
    scope="process",
)
CANDIDATES: Final = 1000
"""Batches that are looked at for due jobs, those first in which nothing has happened for longest."""

# Counters of batches are summed, no job is read: a million jobs cost as much as their batches.
_OPEN = text(f"""
with open_batches as (
  select b.organisation_id, b.pipeline_id, b.status, b.pending_jobs, b.running_jobs, b.queued_at,
    b.status in ('pending', 'processing') and o.disabled_at is null as claimable
  from batches b join organisations o on o.id = b.organisation_id
  where b.status in ({", ".join(f"'{status}'" for status in BATCH_OPEN)})
), grouped as (
  select organisation_id, pipeline_id, claimable, status, count(*) as batches, sum(pending_jobs) as pending,
    sum(running_jobs) as running, min(queued_at) filter (where pending_jobs > 0) as queued_at
  from open_batches group by 1, 2, 3, 4
), ranked as (
  select organisation_id, row_number() over (order by sum(pending + running) desc, organisation_id) as place
  from grouped group by 1
)
select p.key as pipeline, case when r.place <= :most then o.name end as organisation, g.claimable, g.status,
  sum(g.batches)::bigint as batches, sum(g.pending)::bigint as pending, sum(g.running)::bigint as running,
  extract(epoch from clock_timestamp() - min(g.queued_at))::double precision as age
from grouped g join ranked r using (organisation_id) join pipelines p on p.id = g.pipeline_id
join organisations o on o.id = g.organisation_id
group by 1, 2, 3, 4""")
_STALLED = text(f"""
select p.key as pipeline, o.name as organisation,
  extract(epoch from clock_timestamp() - min(c.updated_at))::double precision as age
from (
  select b.id, b.organisation_id, b.pipeline_id, b.updated_at, b.first_n from batches b
  where b.status in ('pending', 'processing') and b.pending_jobs > 0
    and b.running_jobs < case when b.execution_mode = 'sequential' then 1 else b.max_parallel end
  order by b.updated_at limit {CANDIDATES}
) c join pipelines p on p.id = c.pipeline_id join organisations o on o.id = c.organisation_id and o.disabled_at is null
where exists (
  select from jobs j where j.batch_id = c.id and j.status = 'pending' and j.run_at <= clock_timestamp()
    and (c.first_n is null or j.sequence <= c.first_n)
)
group by 1, 2""")
_WORKERS = text("""
select greatest(seen_at, pg_postmaster_start_time()) < clock_timestamp() - cast(:silent as interval) as silent,
  count(*) as workers, sum(slots)::bigint as slots, sum(running)::bigint as running
from workers group by 1""")


def figures(container: Container) -> Iterator[Figures]:
    """What this room adds to /metrics."""
    most = container.get(RunnerSettings).metrics_organisations

    async def read_queue(session: AsyncSession) -> Samples:
        rows = [dict(row) for row in (await session.execute(_OPEN, {"most": most})).mappings()]
        named = {row["organisation"] for row in rows}
        stalled = [dict(row) for row in (await session.execute(_STALLED)).mappings()]
        return [*_queue(rows), *_stalled(stalled, named), *_workers(await _read_workers(session))]

    yield InstallationFigures(read_queue)
    yield ProcessFigures(lambda: _process(container))


def _queue(rows: list[dict[str, Any]]) -> Samples:
    jobs: dict[tuple[str, str, str], int] = {}
    oldest: dict[tuple[str, str], float] = {}
    batches = dict.fromkeys(BATCH_OPEN, 0)
    for row in rows:
        queue = row["pipeline"], row["organisation"] or OTHER
        batches[row["status"]] += row["batches"]
        if row["status"] == "draft":
            continue
        states = {"waiting" if row["claimable"] else "paused": row["pending"], "running": row["running"]}
        for state, count in states.items():
            jobs[*queue, state] = jobs.get((*queue, state), 0) + count
        if row["claimable"] and row["age"] is not None:
            oldest[queue] = max(row["age"], oldest.get(queue, 0.0))
    for labels, count in jobs.items():
        yield JOBS, labels, count
    for queue, age in oldest.items():
        yield OLDEST, queue, age
    for status, count in batches.items():
        yield BATCHES, (status,), count


def _stalled(rows: list[dict[str, Any]], named: set[str | None]) -> Samples:
    longest: dict[tuple[str, str], float] = {}
    for row in rows:
        queue = row["pipeline"], row["organisation"] if row["organisation"] in named else OTHER
        longest[queue] = max(row["age"], longest.get(queue, 0.0))
    for queue, age in longest.items():
        yield STALLED, queue, age


async def _read_workers(session: AsyncSession) -> list[Any]:
    return list((await session.execute(_WORKERS, {"silent": SILENT_AFTER})).all())


def _workers(rows: list[Any]) -> Samples:
    found = {row.silent: row for row in rows}
    alive, silent = found.get(False), found.get(True)
    yield WORKERS, ("alive",), alive.workers if alive else 0
    yield WORKERS, ("silent",), silent.workers if silent else 0
    yield WORKER_SLOTS, (), alive.slots if alive else 0
    yield WORKER_JOBS, (), alive.running if alive else 0


def _process(container: Container) -> Samples:
    if lag := container.find(LoopLag):
        yield LAG_MAX, (), lag.most
    yield from container.get(Database).figures()
    if runner := container.find(Runner):
        yield SLOTS, (), runner.slots
        yield RUNNING, (), runner.running
        yield UNWRITTEN, (), runner.unwritten
    if sandbox := container.find(Sandbox):
        yield CHILDREN, ("running",), sandbox.running
        yield CHILDREN, ("waiting",), sum(queued.waiting for queued in sandbox.queue().values())
        yield CHILD_SLOTS, (), sandbox.slots
