"""How fast the service moves jobs through steps, beside what the database allows on the same machine in the same run.

    python -m bench.orchestration [--jobs 2000] [--rounds 3]

Three figures, in transitions (ended steps) per second:
  service   POST of records with three no-op steps each, until the client has the terminal SSE event
  single    asyncpg alone: each transition updates a job, a step and its batch and adds an event, in its own commit
  grouped   the same statements over 256 transitions in one commit
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Iterator
from functools import partial

import asyncpg

from app.kit.postgres.server import EmbeddedPostgres
from bench.measures import OURS, Extent, Measure, at_least, in_turns
from bench.peers.queues import BULLMQ, queues
from bench.service import RunningService, median, service

NO_OP = """
from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline("no-op", title="Three steps that do nothing", accepts=("record",))


@pipeline.step()
async def first(ctx: StepContext) -> None: ...


@pipeline.step()
async def second(ctx: StepContext) -> None: ...


@pipeline.step()
async def third(ctx: StepContext) -> None: ...
"""
STEPS = 3
GROUP = 256
GROUPED = "the same statements in groups"
TABLES = """
drop schema if exists bench cascade; create schema bench;
create table bench.batches (id int primary key, done int, last_event_id bigint) with (fillfactor = 50);
create table bench.jobs (id int primary key, position int not null, changed timestamptz) with (fillfactor = 50);
create table bench.steps (job_id int, position int, status text, primary key (job_id, position)) with (fillfactor = 50);
create table bench.events (batch_id int, id bigint, type text, job_id int, data jsonb, primary key (batch_id, id));
"""
SETTLE = """
with t as (select * from unnest($1::int[], $2::int[]) with ordinality as t(job_id, position, place)),
j as (update bench.jobs j set position = t.position + 1, changed = now() from t where j.id = t.job_id
  returning j.id, t.position, t.place),
s as (update bench.steps s set status = 'completed' from j where s.job_id = j.id and s.position = j.position),
b as (update bench.batches set done = done + cardinality($1), last_event_id = last_event_id + cardinality($1)
  where id = 1 returning last_event_id - cardinality($1) as base)
insert into bench.events select 1, b.base + j.place, 'step.completed', j.id, '{"stage": "next"}' from j, b
"""


def through_the_service(running: RunningService, jobs: int) -> tuple[float, float]:
    """Seconds from the POST to the terminal event, and of the POST alone."""
    body = {"pipeline": "no-op", "max_parallel": 256, "items": [{"record": {"n": n}} for n in range(jobs)]}
    with running.client() as client:
        began = time.perf_counter()
        created = client.post("/api/batches", json=body)
        created.raise_for_status()
        posted = time.perf_counter() - began
        path = created.json()["links"]["events"]
        with client.stream("GET", path, headers={"Accept": "text/event-stream"}) as stream:
            event: dict[str, object] = {}
            for line in stream.iter_lines():
                if line.startswith("data: ") and '"type":"batch.completed"' in line[:80]:
                    event = json.loads(line[6:])
        took = time.perf_counter() - began
        assert event["counters"]["completed"] == jobs, event  # type: ignore[index]
        return took, posted


async def through_asyncpg(dsn: str, jobs: int, group: int) -> float:
    """Seconds for the same number of transitions by bare asyncpg on one connection."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(TABLES)
        await connection.execute("insert into bench.batches values (1, 0, 0)")
        await connection.execute("insert into bench.jobs select g, 0, now() from generate_series(1, $1::int) g", jobs)
        await connection.execute(
            "insert into bench.steps select g, p from generate_series(1, $1::int) g, generate_series(0, 2) p",
            jobs,
        )
        settle = await connection.prepare(SETTLE)
        began = time.perf_counter()
        for position in range(STEPS):
            for start in range(1, jobs + 1, group):
                ids = list(range(start, min(start + group, jobs + 1)))
                await settle.fetch(ids, [position] * len(ids))
        return time.perf_counter() - began
    finally:
        await connection.execute("drop schema bench cascade")
        await connection.close()


def service_rate(running: RunningService, jobs: int) -> float:
    return jobs * STEPS / through_the_service(running, jobs)[0]


def grouped_rate(dsn: str, jobs: int) -> float:
    return jobs * STEPS / asyncio.run(through_asyncpg(dsn, jobs, GROUP))


def measures(extent: Extent) -> Iterator[Measure]:
    """Steps a second beside grouped commits of bare asyncpg, and beside other queues."""
    with service({"no_op.py": NO_OP}) as running:
        dsn = EmbeddedPostgres(running.home).dsn
        through_the_service(running, extent.of(100, 10))
        for jobs in (extent.of(2000, 50), extent.of(10_000, 100)):
            others, absent = queues(jobs, dsn) if extent.peers else ({}, [])
            ours = partial(service_rate, running, jobs)
            found = in_turns(extent.rounds, {OURS: ours, GROUPED: partial(grouped_rate, dsn, jobs), **others})
            yield Measure(
                name=f"jobs.{jobs}",
                work=f"{jobs:,} jobs x {STEPS} steps that do nothing, from the POST to the last event",
                unit="steps/s",
                ours=found[OURS],
                limits={GROUPED: found[GROUPED]},
                peers={name: found[name] for name in others},
                goals=(at_least(0.5, GROUPED), at_least(2.3, BULLMQ)),
                absent=absent,
            )


def main() -> None:
    """Run the rounds in turn and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    transitions = options.jobs * STEPS
    figures: dict[str, list[float]] = {"service": [], "single": [], "grouped": []}
    posts: list[float] = []
    with service({"no_op.py": NO_OP}) as running:
        dsn = EmbeddedPostgres(running.home).dsn
        through_the_service(running, 100)
        for _ in range(options.rounds):
            took, posted = through_the_service(running, options.jobs)
            figures["service"].append(transitions / took)
            posts.append(posted)
            singles = min(options.jobs, 500)
            figures["single"].append(singles * STEPS / asyncio.run(through_asyncpg(dsn, singles, 1)))
            figures["grouped"].append(transitions / asyncio.run(through_asyncpg(dsn, options.jobs, GROUP)))
    base = median(figures["service"])
    print(
        f"{options.jobs} records x {STEPS} steps, median of {options.rounds} rounds, {median(posts):.2f} s in the POST"
    )
    for name, values in figures.items():
        print(f"  {name:<8} {median(values):>9,.0f} transitions/s   service is {base / median(values):.2f} of it")


if __name__ == "__main__":
    main()
