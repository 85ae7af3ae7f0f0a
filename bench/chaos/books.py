"""After the faults: whether everything that was acknowledged was done, once, and none of it failed."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import asyncpg

from bench.chaos.load import TERMINAL, Load
from bench.chaos.world import World

DRAIN_SECONDS = 180


async def check(world: World, load: Load) -> dict[str, Sequence[str]]:
    """What is wrong, by line of the books."""
    books: dict[str, list[str]] = {
        "acknowledged batches lost": [],
        "batches that are there twice": [],
        "jobs stuck": [],
        "healthy jobs failed": [],
        "results doubled": [],
        "event ids missing": [],
        "streams with a gap": [],
        "contents broken": [],
        "strange answers": load.strange,
    }
    unfinished = set(load.jobs)
    until = time.monotonic() + DRAIN_SECONDS
    while unfinished and time.monotonic() < until:
        for batch_id in list(unfinished):
            reply = await load.ask("GET", f"/api/batches/{batch_id}")
            if reply is not None and reply.json()["batch"]["status"] in TERMINAL:
                unfinished.discard(batch_id)
        await asyncio.sleep(0.3)
    await load.finish()
    connection = await asyncpg.connect(world.cluster.dsn)
    for batch_id, count in load.jobs.items():
        await _check_batch(connection, load, batch_id, count, books)
    rows = await connection.fetch("select name from batches group by name having count(*) > 1")
    books["batches that are there twice"] += [row["name"] for row in rows]
    await connection.close()
    return books


async def _check_batch(
    connection: asyncpg.Connection[asyncpg.Record], load: Load, batch_id: str, count: int, books: dict[str, list[str]]
) -> None:
    batch = await connection.fetchrow("select * from batches where id = $1", batch_id)
    if batch is None or batch["total_jobs"] != count:
        books["acknowledged batches lost"].append(batch_id)
        return
    jobs = await connection.fetch("select * from jobs where batch_id = $1 order by sequence", batch_id)
    for job in jobs:
        name = (
            f"{batch_id} job {job['sequence']}: {job['status']} {job['error_code'] or ''} {job['error_message'] or ''}"
        )
        if job["status"] in ("pending", "running"):
            books["jobs stuck"].append(name)
        elif job["status"] != "completed":
            books["healthy jobs failed"].append(name[:300])
    events = await connection.fetch(
        "select id, type, job_id, step from events where batch_id = $1 order by id", batch_id
    )
    ids = [event["id"] for event in events]
    if ids != list(range(1, batch["last_event_id"] + 1)):
        books["event ids missing"].append(batch_id)
    ends = Counter(event["job_id"] for event in events if event["type"] == "job.completed")
    steps = Counter((event["job_id"], event["step"]) for event in events if event["type"] == "step.completed")
    books["results doubled"] += [f"{batch_id}: {what}" for what, times in (ends | steps).items() if times > 1]
    if (seen := load.followers.get(batch_id)) is not None and seen != ids:
        books["streams with a gap"].append(f"{batch_id}: {len(seen)} of {len(ids)}, {_gap(seen)}")
    for job in jobs if batch["name"].startswith("chaos-") else ():
        if wrong := await _check_content(load, job):
            books["contents broken"].append(f"{batch_id} job {job['sequence']}: {wrong}")


def _gap(seen: Sequence[int]) -> str:
    jumps = [f"{a} to {b}" for a, b in pairwise(seen) if b != a + 1]
    return ", ".join(jumps[:5]) or "the end is missing"


async def _check_content(load: Load, job: Any) -> str:
    if job["status"] != "completed" or (job["filename"] is None and job["sequence"] % 10):
        return ""  # of small results each tenth
    reply = await load.ask("GET", f"/api/jobs/{job['id']}/outputs/kept.bin")
    expected = load.contents.get(job["filename"] or "") or hashlib.sha256(str(job["sequence"]).encode()).hexdigest()
    if reply is None:
        return "it cannot be read"
    return "" if hashlib.sha256(reply.content).hexdigest() == expected else "it is another"
