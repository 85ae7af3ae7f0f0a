"""Whether a second process makes batches end sooner: by itself, and with a worker beside it, in turns.

    script/bench workers [--rounds 5]

Steps that do nothing need processors, of which a machine with two has none to spare for a second process beside
PostgreSQL and the client; steps that wait need slots alone. Figures are jobs a second.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from bench.measures import OURS, Extent, Measure, at_least
from bench.orchestration import NO_OP
from bench.service import RunningService, service

WAITS = """
import asyncio

from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline("waits", title="Waits", accepts=("record",))


@pipeline.step()
async def wait(ctx: StepContext) -> None:
    await asyncio.sleep(0.4)
"""
ALONE = "one process"
AT_ONCE = 2048


@contextmanager
def worker(running: RunningService) -> Iterator[None]:
    """A second process that runs jobs of the same installation, until the block ends."""
    environment = os.environ | {
        "TRANCHE_HOME": str(running.home),
        "TRANCHE_PIPELINES_DIR": str(running.home / "pipelines"),
        "TRANCHE_LOG_LEVEL": "warning",
    }
    process = subprocess.Popen([sys.executable, "-m", "app", "worker"], env=environment, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        with running.client() as client:
            while len(client.get("/api/workers").raise_for_status().json()["workers"]) < 2:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


def rate(running: RunningService, pipeline: str, jobs: int) -> float:
    """Jobs a second, from the POST to the terminal event."""
    body = {"pipeline": pipeline, "max_parallel": AT_ONCE, "items": [{"record": {"n": n}} for n in range(jobs)]}
    with running.client() as client:
        began = time.perf_counter()
        created = client.post("/api/batches", json=body).raise_for_status().json()
        with client.stream("GET", created["links"]["events"], headers={"Accept": "text/event-stream"}) as stream:
            for _ in stream.iter_lines():
                pass
        return jobs / (time.perf_counter() - began)


def measures(extent: Extent) -> Iterator[Measure]:
    """Jobs of three steps that do nothing, and jobs that wait 0.4 s."""
    kinds = {"no-op": (extent.of(2000, 50), 1.7), "waits": (extent.of(1000, 20), 1.9)}
    found: dict[str, dict[str, list[float]]] = {kind: {OURS: [], ALONE: []} for kind in kinds}
    with service({"no_op.py": NO_OP, "waits.py": WAITS}) as running:
        runs = {kind: partial(rate, running, kind, jobs) for kind, (jobs, _) in kinds.items()}
        for run in runs.values():
            run()
        for _ in range(extent.rounds):
            for kind, run in runs.items():
                found[kind][ALONE].append(run())
            with worker(running):
                for run in runs.values():
                    run()  # the second one's connections and plans
                for kind, run in runs.items():
                    found[kind][OURS].append(run())
    for kind, (jobs, goal) in kinds.items():
        yield Measure(
            name=f"workers.{kind}",
            work=f"{jobs:,} jobs of {'three steps that do nothing' if kind == 'no-op' else '0.4 s'}, by two processes",
            unit="jobs/s",
            ours=found[kind][OURS],
            limits={ALONE: found[kind][ALONE]},
            goals=(at_least(goal, ALONE),),
        )
