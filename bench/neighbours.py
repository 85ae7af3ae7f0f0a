"""What a quiet organisation notices of one that floods the service, beside its own quiet time in the same run.

    python -m bench.neighbours [--samples 20] [--cycles 3] [--parts lists,uploads] [--control]

The quiet one submits small sheets (PDF), one after the other, each of them new, and reads lists meanwhile. In every
cycle it does so alone, and then while the other one floods (see `bench.flood`). A ratio is the figure in the flood by
that alone; the limit is 2 for p99. With --control the flood goes to a server that does nothing: what its client costs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from bench.flood import PARTS, client_of, flooder, server_of_nothing
from bench.service import RunningService, service
from tests.extractions.random_meets import RandomMeet

LIMIT = 2.0
TICKS = os.sysconf("SC_CLK_TCK")
WARM_UP = 3.0
"""Seconds for a flood to rise before anything is measured."""


def key_for(running: RunningService, organisation: str) -> str:
    """An administrator's key of a new organisation."""
    command = [sys.executable, "-m", "app", "keys", "create", "bench", "--organisation", organisation, "--admin"]
    environment = os.environ | {"TRANCHE_HOME": str(running.home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1]


def sheets(count: int) -> list[bytes]:
    """Small sheets, no two alike."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            path = Path(folder) / f"{number}.pdf"
            RandomMeet(random.Random(number)).draw(path, pages=1)
            found.append(path.read_bytes())
    return found


def run_sheet(client: httpx.Client, sheet: bytes) -> float:
    """Seconds from the first byte of a sheet to the last event of its job."""
    began = time.perf_counter()
    form = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist"}
    made = client.post("/api/jobs", data=form, files={"file": ("sheet.pdf", sheet, "application/pdf")})
    made.raise_for_status()
    with client.stream("GET", made.json()["links"]["events"], headers={"Accept": "text/event-stream"}) as stream:
        last = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")][-1]
    assert last["type"] == "batch.completed", last
    return time.perf_counter() - began


def run_request(client: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - began


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def until_idle(client: httpx.Client) -> None:
    """Wait for the flood to drain away: nothing of it may be counted as quiet time."""
    while client.get("/api/status").json()["slots"]["used"]:
        time.sleep(0.2)


NO_OP = """
from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline("no-op", title="A step that does nothing", accepts=("record",))


@pipeline.step()
async def first(ctx: StepContext) -> None: ...
"""


def processor_seconds(pid: int, *, tree: bool = True) -> float:
    """Processor time of a process so far, with that of its descendants, also those that ended."""
    parents: dict[int, tuple[int, float, float]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            own, ended = (sum(map(int, fields[place : place + 2])) / TICKS for place in (11, 13))
            parents[int(path.parent.name)] = int(fields[1]), own, ended
    if not tree:
        return parents[pid][1] if pid in parents else 0.0
    found, line = 0.0, [pid]
    while line:
        one = line.pop()
        found += sum(parents.get(one, (0, 0.0, 0.0))[1:])
        line += [child for child, (parent, _, _) in parents.items() if parent == one]
    return found


class Meter:
    """Who used the processors: in each kind of phase, seconds of processor time for each second."""

    def __init__(self, running: RunningService, flooder_pid: int) -> None:
        postmaster = int(next(running.home.glob("postgres-*/postmaster.pid")).read_text().split()[0])
        self._measures: dict[str, Callable[[], float]] = {
            "service": lambda: processor_seconds(running.pid, tree=False),
            "children": lambda: processor_seconds(running.pid) - processor_seconds(running.pid, tree=False),
            "database": lambda: processor_seconds(postmaster),
            "flood's client": lambda: processor_seconds(flooder_pid),
        }
        self.used: dict[bool, dict[str, float]] = {
            floods: dict.fromkeys(self._measures, 0.0) for floods in (False, True)
        }
        self.seconds = {False: 0.0, True: 0.0}

    @contextmanager
    def measured(self, floods: bool) -> Iterator[None]:
        began, before = time.perf_counter(), {name: measure() for name, measure in self._measures.items()}
        yield
        self.seconds[floods] += time.perf_counter() - began
        for name, measure in self._measures.items():
            self.used[floods][name] += measure() - before[name]


def report(found: dict[str, dict[bool, list[float]]], meter: Meter) -> None:
    for kind, by_flood in found.items():
        alone, flooded = by_flood[False], by_flood[True]
        for share in (0.5, 0.99):
            quiet, loud = percentile(alone, share) * 1000, percentile(flooded, share) * 1000
            ratio = loud / quiet
            verdict = "" if share < 0.9 else f"  limit {LIMIT:g}: {'met' if ratio <= LIMIT else 'MISSED'}"
            figures = f"alone {quiet:>8.1f}   flooded {loud:>8.1f}   ratio {ratio:5.2f}"
            print(f"  {kind:<8} p{share * 100:<4g} {figures}{verdict}")
    for floods, name in ((False, "alone"), (True, "flooded")):
        used = ", ".join(f"{who} {seconds / meter.seconds[floods]:.2f}" for who, seconds in meter.used[floods].items())
        print(f"  processors {name}: {used}")


def main() -> None:
    """Run the cycles and print the figures and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--cycles", type=int, default=3)
    parser.add_argument("--parts", default=",".join(PARTS), help="what the flood is made of")
    parser.add_argument("--control", action="store_true", help="the flood goes to a server that does nothing")
    options = parser.parse_args()
    found: dict[str, dict[bool, list[float]]] = {kind: {False: [], True: []} for kind in ("sheet", "request")}
    unlimited = {"TRANCHE_RATE_KEY_PER_MINUTE": "0", "TRANCHE_RATE_ORGANISATION_PER_MINUTE": "0"}
    waiting = sheets(2 * options.samples * options.cycles + 2)
    with (
        service({"no_op.py": NO_OP}, **unlimited) as running,
        server_of_nothing() as nothing,
        client_of(running.url, key_for(running, "Quiet")) as client,
        flooder(nothing if options.control else running.url, key_for(running, "Flood"), options.parts.split(",")) as (
            flooding,
            flooder_pid,
        ),
    ):
        meter = Meter(running, flooder_pid)
        for _ in range(2):
            run_sheet(client, waiting.pop())
        for _ in range(options.cycles):
            for floods in (False, True):
                if floods:
                    flooding.set()
                    time.sleep(WARM_UP)
                with meter.measured(floods):
                    for _ in range(options.samples):
                        found["sheet"][floods].append(run_sheet(client, waiting.pop()))
                        for path in ("/api/batches", "/api/pipelines", "/api/files") * 2:
                            found["request"][floods].append(run_request(client, path))
                flooding.clear()
            until_idle(client)
    print(f"{options.cycles} cycles of {options.samples} sheets and {6 * options.samples} requests, in milliseconds")
    report(found, meter)


if __name__ == "__main__":
    main()
