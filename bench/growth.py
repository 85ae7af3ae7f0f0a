"""Whether anything costs more in a large installation than in a small one: two of them, side by side, in turns.

    python -m bench.growth [--batches 1000000] [--open 10000] [--rounds 5] [--folder DIR] [--only PART]

size    processor time for each job of batches of 1,000 and of 10,000, beside batches of 100
among   the same for batches of 1,000 jobs among so many ended jobs (a tenth, and all of them), beside 1,000
reads   lists, the detail and the events of a batch among so many batches, beside 1,000: processor time each
open    with 10,000 open batches whose jobs wait: a job, an event of the list's stream, and processor time at rest
memory  of the service (PSS) after many batches, beside that after the first ones

Processor time is that of the service with its PostgreSQL. A million batches are filled in by SQL (bench/filled.py):
that takes some minutes and 5 GB. With `--folder` the installation is kept there, and used again.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median

import asyncpg
import httpx

from app.kit.postgres.server import EmbeddedPostgres
from bench.filled import PIPELINE, add_open, fill
from bench.images import database, family, memory, used
from bench.listing import page_sizes
from bench.measures import OURS, Extent, Measure, as_text, at_most, in_turns
from bench.orchestration import NO_OP, through_the_service
from bench.service import RunningService, service

FEW = 1000
JOB_GOAL, READ_GOAL, MEMORY_GOAL = 1.3, 1.5, 1.1
MANY_STREAMS = {"TRANCHE_RATE_KEY_PER_MINUTE": "0", "TRANCHE_RATE_ORGANISATION_PER_MINUTE": "0"}
REST_SECONDS = 6.0


def installation(stack: ExitStack, batches: int, kept: Path | None = None) -> RunningService:
    """A service among so many ended batches of one job each."""
    running = stack.enter_context(service({"no_op.py": NO_OP}, kept, **MANY_STREAMS))
    dsn = EmbeddedPostgres(running.home).dsn
    asyncio.run(fill(dsn, batches))
    through_the_service(running, 50)
    return running


def job_cost(running: RunningService, jobs: int, batches: int = 1) -> float:
    """Microseconds of processor time for each job of so many batches, from the POST to the terminal event."""
    before = used(running)[0]
    for _ in range(batches):
        through_the_service(running, jobs)
    return 1e6 * (used(running)[0] - before) / (jobs * batches)


def of_sizes(extent: Extent, small: RunningService) -> Iterator[Measure]:
    sizes = {size: f"batches of {size:,}" for size in ((100, 1000, 10_000) if not extent.small else (10, 20))}
    least, total = min(sizes), extent.of(2000, 20)
    work = {name: partial(job_cost, small, size, max(1, total // size)) for size, name in sizes.items()}
    found = in_turns(extent.rounds, work)
    for size, name in sizes.items():
        if size != least:
            yield Measure(
                f"growth.size.{size}",
                f"processor time of a job in a batch of {size:,}",
                "us",
                found[name],
                {sizes[least]: found[sizes[least]]},
                goals=(at_most(JOB_GOAL, sizes[least]),),
            )


def of_jobs_among(extent: Extent, small: RunningService, large: RunningService, batches: int) -> Iterator[Measure]:
    jobs, beside = extent.of(1000, 10), f"among {extent.of(FEW, 20):,}"
    found = in_turns(extent.rounds, {OURS: partial(job_cost, large, jobs), beside: partial(job_cost, small, jobs)})
    yield Measure(
        f"growth.among.{batches}",
        f"processor time of a job among {batches:,} ended ones",
        "us",
        found[OURS],
        {beside: found[beside]},
        goals=(at_most(JOB_GOAL, beside),),
    )


def ran(running: RunningService) -> int:
    """Nanoseconds for which the threads of the service and of its PostgreSQL have run: finer than clock ticks."""
    total = 0
    for process in (process for root in (running.pid, *database(running)) for process in family(root)):
        for path in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
            with suppress(OSError):
                total += int(path.read_text().split()[0])
    return total


def read_cost(running: RunningService, client: httpx.Client, path: str, times: int) -> float:
    """Milliseconds of processor time for each of so many requests."""
    before = ran(running)
    for _ in range(times):
        client.get(path).raise_for_status()
    return (ran(running) - before) / 1e6 / times


def of_reads(extent: Extent, small: RunningService, large: RunningService, batches: int) -> Iterator[Measure]:
    """Each list with as many rows in both, the detail and the events of a batch in the middle."""
    beside, times = f"among {extent.of(FEW, 20):,}", extent.of(10, 1)
    with small.client() as few, large.client() as many:
        sized = page_sizes(few)
        paths: dict[str, Callable[[httpx.Client], str]] = {
            f"list, {name}": partial(lambda path, _: path, path) for name, path in sized.items()
        }
        middle = {id(client): _middle(running) for client, running in ((few, small), (many, large))}
        if extent.small:
            paths = dict([*paths.items()][:3])
        paths["detail"] = lambda client: f"/api/batches/{middle[id(client)]}"
        paths["events"] = lambda client: f"/api/batches/{middle[id(client)]}/events"
        for name, path in paths.items():
            work = {
                OURS: partial(read_cost, large, many, path(many), times),
                beside: partial(read_cost, small, few, path(few), times),
            }
            in_turns(1, work)
            found = in_turns(extent.rounds, work)
            yield Measure(
                f"growth.reads.{name.replace(', ', '.').replace(' ', '_')}",
                f"{name}: processor time of a request among {batches:,} batches",
                "ms",
                found[OURS],
                {beside: found[beside]},
                goals=(at_most(READ_GOAL, beside),),
            )


def _middle(running: RunningService) -> str:
    """The id of a batch that is neither new nor old."""

    async def find() -> str:
        connection = await asyncpg.connect(EmbeddedPostgres(running.home).dsn)
        try:
            query = "select id from batches order by created_at offset (select count(*) / 2 from batches) limit 1"
            return str(await connection.fetchval(query))
        finally:
            await connection.close()

    return asyncio.run(find())


def one_job(running: RunningService, times: int) -> float:
    """Milliseconds from the POST of one record to its terminal event, the median of some."""
    return median(1000 * through_the_service(running, 1)[0] for _ in range(times))


def list_event(running: RunningService, times: int) -> float:
    """Milliseconds from the POST of a draft until the stream of the list tells of it, the median of some."""
    took: list[float] = []
    with running.client() as client, running.client() as streams:
        for _ in range(times):
            told: dict[str, float] = {}
            opened = threading.Event()

            def follow(told: dict[str, float] = told, opened: threading.Event = opened) -> None:
                with streams.stream("GET", "/api/events", headers={"Accept": "text/event-stream"}) as stream:
                    for line in stream.iter_lines():
                        opened.set()
                        if line.startswith("data: {") and "a-new-one" in line:
                            told["at"] = time.perf_counter()
                            return

            thread = threading.Thread(target=follow)
            thread.start()
            opened.wait(30)
            began = time.perf_counter()
            body = {"pipeline": PIPELINE, "name": "a-new-one", "start": False, "items": [{"record": {}}]}
            created = client.post("/api/batches", json=body).raise_for_status().json()
            thread.join(30)
            took.append((told["at"] - began) * 1000)
            client.delete(created["links"]["self"]).raise_for_status()
    return median(took)


def at_rest(running: RunningService, seconds: float) -> float:
    """Milliseconds of processor time in each second in which nothing happens."""
    before = ran(running)
    time.sleep(seconds)
    return (ran(running) - before) / 1e6 / seconds


def of_open(extent: Extent, small: RunningService, crowded: RunningService, batches: int) -> Iterator[Measure]:
    """A job, an event of the list's stream and the service's own looks, with open batches whose jobs wait."""
    beside, times = "with none", extent.of(9, 1)
    parts: Mapping[str, tuple[str, str, Callable[[RunningService], float], float]] = {
        "job": ("a job from the POST to its end", "ms", lambda running: one_job(running, times), READ_GOAL),
        "list": ("a new batch on the list's stream", "ms", lambda running: list_event(running, times), READ_GOAL),
        "rest": ("processor time each second at rest", "ms", lambda running: at_rest(running, rest), 3.0),
    }
    rest = REST_SECONDS if not extent.small else 0.5
    for name, (what, unit, measure, goal) in parts.items():
        found = in_turns(extent.rounds, {OURS: partial(measure, crowded), beside: partial(measure, small)})
        work = f"{what}, with {batches:,} open batches"
        goals = (at_most(goal, beside),)
        yield Measure(f"growth.open.{name}", work, unit, found[OURS], {beside: found[beside]}, goals=goals)


def of_memory(extent: Extent, small: RunningService) -> Iterator[Measure]:
    """PSS of the service after a fifth of the batches, and at the end."""
    jobs, turns = extent.of(500, 5), extent.of(10, 1)
    held: dict[str, list[float]] = {OURS: [], "after a fifth": []}
    for turn in range(5):
        for _ in range(turns):
            through_the_service(small, jobs)
        if turn in (0, 4):
            held[OURS if turn else "after a fifth"].append(memory([small.pid]) / 1e6)
    work = f"memory of the service after {5 * turns * jobs:,} more jobs"
    goals = (at_most(MEMORY_GOAL, "after a fifth"),)
    yield Measure("growth.memory", work, "MB", held[OURS], {"after a fifth": held["after a fifth"]}, goals=goals)


PARTS = ("size", "among", "reads", "open", "memory")


def measures(
    extent: Extent,
    batches: int = 1_000_000,
    opened: int = 10_000,
    folder: Path | None = None,
    only: tuple[str, ...] = PARTS,
) -> Iterator[Measure]:
    """A small installation for all, and one after the other the larger ones beside it."""
    batches, opened = extent.of(batches, 60), extent.of(opened, 30)
    with ExitStack() as stack:
        small = installation(stack, extent.of(FEW, 20))

        @contextmanager
        def beside(count: int, kept: Path | None = None) -> Iterator[RunningService]:
            """Another installation; in the smallest size the same one, which fills up."""
            if extent.small:
                asyncio.run(fill(EmbeddedPostgres(small.home).dsn, count))
                yield small
            else:
                with ExitStack() as inner:
                    yield installation(inner, count, kept)

        if "size" in only:
            yield from of_sizes(extent, small)
        if "among" in only and not extent.small:
            with beside(batches // 10) as large:
                yield from of_jobs_among(extent, small, large, batches // 10)
        if {"among", "reads"} & {*only}:
            with beside(batches, folder) as large:
                if "among" in only:
                    yield from of_jobs_among(extent, small, large, batches)
                if "reads" in only:
                    yield from of_reads(extent, small, large, batches)
        if "open" in only:
            with beside(extent.of(FEW, 1)) as crowded:
                asyncio.run(add_open(EmbeddedPostgres(crowded.home).dsn, opened))
                yield from of_open(extent, small, crowded, opened)
        if "memory" in only:
            yield from of_memory(extent, small)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the large installation is kept")
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    only = tuple(options.only or PARTS)
    for measure in measures(Extent(rounds=options.rounds), options.batches, options.open, options.folder, only):
        print(as_text([measure]).partition("\n")[2], flush=True)


if __name__ == "__main__":
    main()
