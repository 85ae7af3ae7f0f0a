"""What an installation costs while nobody asks it for anything: each process's wake-ups, processor time and memory.

    python -m bench.idle [--seconds 60] [--streams 4000] [--threads]

A wake-up is a voluntary context switch of a thread: it slept and something ended its sleep. They and processor time are
counted by the kernel, so other work on the machine changes them little. Memory is PSS (shared pages are divided among
those that share them). With `--streams` so many are opened and closed first, and what they left is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.service import RunningService, service
from bench.stream_clients import Seen, Watcher, connect_all

SETTLED_SECONDS = 15.0
MB = 1e6
WAITS = """
import asyncio

from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline("waits", title="Waits", accepts=("record",))


@pipeline.step()
async def wait(ctx: StepContext) -> None:
    await asyncio.sleep(3600)
"""


@dataclass(frozen=True, slots=True)
class Thread:
    """So far: its voluntary context switches, and the processor seconds that it had."""

    process: int
    name: str
    switches: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Process:
    """A process: its name, whether it is PostgreSQL's, its PSS in bytes."""

    number: int
    name: str
    is_database: bool
    memory: int


def descendants(number: int) -> Iterator[int]:
    """A process and what it started, and they."""
    yield number
    with suppress(OSError):
        for task in Path(f"/proc/{number}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from descendants(int(child))


def processes(running: RunningService) -> dict[int, Process]:
    """Those of one installation, by number."""
    found = {}
    for lock in running.home.glob("postgres-*/postmaster.pid"):
        for number in descendants(int(lock.read_text().split("\n", 1)[0])):
            found[number] = _look_at(number, is_database=True)
    for number in descendants(running.pid):
        found.setdefault(number, _look_at(number, is_database=False))
    return found


def _look_at(number: int, *, is_database: bool) -> Process:
    command = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    name = command.replace("postgres: ", "") if is_database else command
    pss = next(
        line for line in Path(f"/proc/{number}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:")
    )
    return Process(number, name, is_database, int(pss.split()[1]) * 1024)


def own_memory(running: RunningService) -> float:
    """PSS of the process that serves, in MB."""
    return _look_at(running.pid, is_database=False).memory / MB


def threads(numbers: Iterator[int] | list[int]) -> dict[int, Thread]:
    """Those of some processes, by number; one that has ended is left out."""
    found = {}
    for number in numbers:
        with suppress(OSError):
            for task in Path(f"/proc/{number}/task").iterdir():
                with suppress(OSError):
                    status = (task / "status").read_text()
                    switches = status.partition("\nvoluntary_ctxt_switches:")[2].split(None, 1)[0]
                    seconds = int((task / "schedstat").read_text().split()[0]) / 1e9
                    name = (task / "comm").read_text().strip()
                    found[int(task.name)] = Thread(number, name, int(switches), seconds)
    return found


def ended_children(numbers: list[int]) -> float:
    """Processor seconds of those children of some processes that have ended: autovacuum's workers, above all."""
    total = 0
    for number in numbers:
        with suppress(OSError):
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[13]) + int(fields[14])
    return total / os.sysconf("SC_CLK_TCK")


def measure(running: RunningService, seconds: float, *, by_thread: bool) -> None:
    """Print one row for each process that did anything, and three sums."""
    before = processes(running)
    first, gone, began = threads(list(before)), ended_children(list(before)), time.monotonic()
    time.sleep(seconds)
    after = processes(running)
    last, elapsed = threads(list(after)), time.monotonic() - began
    gone = ended_children(list(before)) - gone
    print(f"{'wake-ups/s':>10} {'% of a core':>11} {'PSS MB':>7}  process")
    sums = {False: [0.0, 0.0, 0, 0], True: [0.0, gone / elapsed, 0, 0]}
    for number, process in sorted(after.items(), key=lambda entry: entry[1].is_database):
        done = [
            (entry.name, (entry.switches - was.switches) / elapsed, (entry.seconds - was.seconds) / elapsed)
            for task, entry in last.items()
            if entry.process == number
            for was in [first.get(task, Thread(number, "", 0, 0.0))]
        ]
        wakes, share = sum(entry[1] for entry in done), sum(entry[2] for entry in done)
        kind = "postgres" if process.is_database else "service"
        print(f"{wakes:10.2f} {100 * share:11.3f} {process.memory / MB:7.1f}  {kind}: {process.name[:80]}")
        if by_thread:
            for name, thread_wakes, thread_share in sorted(done, key=lambda entry: -entry[1]):
                if thread_wakes > 0:
                    print(f"{thread_wakes:10.2f} {100 * thread_share:11.3f} {'':7}    {name}")
        total = sums[process.is_database]
        total[0], total[1] = total[0] + wakes, total[1] + share
        total[2], total[3] = total[2] + process.memory, total[3] + 1
    for name, (wakes, share, memory, count) in (
        ("service", sums[False]),
        ("database", sums[True]),
        ("both", [sum(pair) for pair in zip(sums[False], sums[True], strict=True)]),
    ):
        print(f"{wakes:10.2f} {100 * share:11.3f} {memory / MB:7.1f}  {name}, {count:.0f} processes")


async def follow(running: RunningService, batch_id: str, count: int) -> None:
    """Open so many streams, each until its first event has come, and close them all."""
    host, _, port = running.url.removeprefix("http://").rpartition(":")
    watchers = [Watcher((host, int(port)), running.key, batch_id, Seen()) for _ in range(count)]
    await connect_all(watchers)
    print(f"{own_memory(running):.1f} MB of the service with {count} streams")
    for watcher in watchers:
        watcher.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--streams", type=int, default=0)
    parser.add_argument("--threads", action="store_true", help="show each thread")
    options = parser.parse_args()
    began = time.monotonic()
    most = str(max(options.streams, 100))
    limits = dict.fromkeys(
        ("TRANCHE_STREAMS_PER_PROCESS", "TRANCHE_STREAMS_PER_KEY", "TRANCHE_CONNECTIONS_PER_ADDRESS"), most
    )
    with service({"waits.py": WAITS}, **limits) as running:
        print(f"ready after {time.monotonic() - began:.1f} s")
        if options.streams:
            with running.client() as api:
                body = {"pipeline": "waits", "items": [{"record": {"n": 1}}]}
                batch_id = api.post("/api/batches", json=body).raise_for_status().json()["batch_id"]
            print(f"{own_memory(running):.1f} MB of the service before the streams")
            asyncio.run(follow(running, batch_id, options.streams))
            with running.client() as api:
                api.post(f"/api/batches/{batch_id}/cancel").raise_for_status()
        time.sleep(SETTLED_SECONDS)
        measure(running, options.seconds, by_thread=options.threads)


if __name__ == "__main__":
    main()
