"""How long a job takes from its claim to its end when its sheet was read before.

    python -m bench.cache_hits [--pages 5] [--jobs 100] [--rounds 40]

Milliseconds from one event to the other as a client's stream brings them: `job.started`, which is sent once the claim
is committed, and `job.completed`, once the end is.
  quiet, new    one job alone, for a swimmer of whom nobody has asked yet: the list of swims is a new file
  quiet, known  the same swimmer again: nothing new is stored
  busy          a batch of `--jobs` jobs, four at once as is usual
Each figure stands beside its limit; `rows` is the same from the times in the rows. A commit by bare asyncpg on the same
server, in the same minute, says how fast the disk was: a job waits for several.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx

from app.kit.postgres.server import EmbeddedPostgres
from bench.service import RunningService, median, service
from tests.extractions.random_meets import RandomMeet

LIMIT_MS = 15.0


class Took(NamedTuple):
    """Milliseconds of one job, by the stream's clock and by the rows'."""

    stream: float
    rows: float


def draw(path: Path, pages: int) -> list[str]:
    """A sheet of at least so many pages; the names of the swimmers on it."""
    meet = RandomMeet(random.Random(5))
    meet.draw(path, pages=pages)
    return sorted({swim.name for swim in meet.truth if swim.kind == "individual"})


def run(client: httpx.Client, swimmer: str, files: list[dict[str, str]]) -> list[Took]:
    """Submit a batch of files that are stored already, follow it to its end, and say what its jobs took."""
    body = {"pipeline": "pdf-extraction", "params": {"swimmer_name": swimmer}, "items": files, "start": False}
    created = client.post("/api/batches", json=body)
    created.raise_for_status()
    return follow(client, created.json()["links"], len(files))


def follow(client: httpx.Client, links: dict[str, str], jobs: int) -> list[Took]:
    """Start a draft once its stream is open, so that opening it takes no time from the jobs; what these took."""
    seen: dict[tuple[str, str], tuple[float, datetime]] = {}
    with client.stream("GET", links["events"], headers={"Accept": "text/event-stream"}) as stream:
        client.post(f"{links['self']}/start").raise_for_status()
        for line in stream.iter_lines():
            if line.startswith("data: {"):
                arrived, event = time.perf_counter(), json.loads(line[6:])
                seen[event["type"], event["job_id"]] = arrived, datetime.fromisoformat(event["at"])
    ended = [(seen["job.started", job], end) for (kind, job), end in seen.items() if kind == "job.completed"]
    if len(ended) != jobs:
        raise RuntimeError(f"{len(ended)} of {jobs} jobs were completed")
    return [Took((end[0] - start[0]) * 1000, (end[1] - start[1]).total_seconds() * 1000) for start, end in ended]


def upload(client: httpx.Client, path: Path, swimmer: str) -> dict[str, str]:
    """Have the sheet read for the first time; the item that names its file."""
    parts = [("files", (path.name, path.read_bytes(), "application/pdf"))]
    data = {"pipeline": "pdf-extraction", "swimmer_name": swimmer, "start": "false"}
    created = client.post("/api/jobs/batch", data=data, files=parts)
    created.raise_for_status()
    follow(client, created.json()["links"], 1)
    (job,) = client.get(f"/api/batches/{created.json()['batch_id']}").json()["batch"]["jobs"]
    return {"file_id": job["file_id"]}


async def commits(dsn: str, count: int) -> list[float]:
    """Milliseconds of so many commits of one row each."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("create schema bench; create table bench.rows (n int)")
        took: list[float] = []
        for n in range(count):
            began = time.perf_counter()
            await connection.execute("insert into bench.rows values ($1)", n)
            took.append((time.perf_counter() - began) * 1000)
        return took
    finally:
        await connection.execute("drop schema bench cascade")
        await connection.close()


def measure(running: RunningService, pages: int, jobs: int, rounds: int) -> None:
    """Run all and print the table."""
    figures: dict[str, list[Took]] = {"quiet, new": [], "quiet, known": []}
    with tempfile.TemporaryDirectory() as folder, running.client() as client:
        path = Path(folder) / "sheet.pdf"
        names = draw(path, pages)
        file = upload(client, path, names[0])
        run(client, names[0], [file] * 3)
        for name in names[1 : rounds + 1]:
            figures["quiet, new"] += run(client, name, [file])
            figures["quiet, known"] += run(client, name, [file])
        began = time.perf_counter()
        figures[f"busy, {jobs} jobs"] = run(client, names[0], [file] * jobs)
        wall = (time.perf_counter() - began) * 1000
    disk = asyncio.run(commits(EmbeddedPostgres(running.home).dsn, 200))
    print(f"{pages} pages, {len(names)} swimmers, {rounds} rounds; a commit takes {median(disk):.1f} ms")
    print(f"{'claim to end':<15}{'median':>10}{'p95':>10}{'rows':>10}{'limit':>10}")
    for kind, took in figures.items():
        streams = sorted(each.stream for each in took)
        values = median(streams), streams[int(len(streams) * 0.95)], median([each.rows for each in took]), LIMIT_MS
        print(f"{kind:<15}" + "".join(f"{value:>7.1f} ms" for value in values) + f"  {values[0] / LIMIT_MS:.2f} of it")
    print(f"{jobs} jobs took {wall:.0f} ms from the POST to the end, {wall / jobs:.1f} ms each")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=40)
    with service() as running:
        measure(running, **vars(parser.parse_args()))
