"""How soon something happens on a service that does nothing else, in milliseconds.

    python -m bench.latency [--samples 100] [--rounds 5]

stage   from the 201 of a POST to the first event of a stage, as a client gets it that opens the batch's stream then;
        `stage.written` is until that event's own time, by which it is written: without the stream
hit     the claim to the end of a job whose sheet was read before (see bench.cache_hits)
page    the first byte of the page to sign in on, over a new connection

A round is so many samples with a pause before each, and its figure their 99th percentile; for the page and
a job that is known their median. Beside the stage stands what the machine allows: a commit with NOTIFY until heard.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import asyncpg
import httpx

from app.kit.postgres.server import EmbeddedPostgres
from bench.cache_hits import draw, run, upload
from bench.measures import OURS, Extent, Measure, as_text, at_most, in_turns
from bench.orchestration import NO_OP
from bench.service import RunningService, service

PAUSE_SECONDS = 0.05
STAGE_MS, HIT_MS, PAGE_MS = 20.0, 15.0, 10.0
NOTIFIED = "a commit with NOTIFY, heard"
HEALTH = "/healthz over a new connection"


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def first_stage(client: httpx.Client, streams: httpx.Client) -> tuple[float, float]:
    """Milliseconds from the 201 until the first event of a stage arrives, and until it was written."""
    time.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))
    created = client.post("/api/batches", json={"pipeline": "no-op", "items": [{"record": {"n": 1}}]})
    answered, moment = time.perf_counter(), time.time()
    created.raise_for_status()
    arrived = written = 0.0
    with streams.stream("GET", created.json()["links"]["events"], headers={"Accept": "text/event-stream"}) as stream:
        for line in stream.iter_lines():
            if not arrived and line.startswith("data: {") and (event := json.loads(line[6:]))["type"] == "job.started":
                arrived = time.perf_counter()
                written = datetime.fromisoformat(event["at"]).timestamp()
    return (arrived - answered) * 1000, max(0.0, written - moment) * 1000


def first_byte(running: RunningService, path: str) -> float:
    """Milliseconds from the connecting to the first byte of the answer."""
    time.sleep(PAUSE_SECONDS / 5)
    at = urlsplit(running.url)
    began = time.perf_counter()
    with socket.create_connection((at.hostname, at.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: close\r\n\r\n".encode())
        got = connection.recv(65536)
        took = (time.perf_counter() - began) * 1000
        assert got.startswith(b"HTTP/1.1 200"), got[:200]
        while connection.recv(65536):
            pass
    return took


async def notified(dsn: str, samples: int) -> list[float]:
    """Milliseconds from the sending of a commit with NOTIFY until another connection has heard it."""
    writer, listener = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    try:
        await writer.execute("create table if not exists bench_notified (n int)")
        heard = asyncio.Event()
        await listener.add_listener("bench_heard", lambda *_: heard.set())
        took: list[float] = []
        for number in range(samples):
            await asyncio.sleep(PAUSE_SECONDS / 5)
            heard.clear()
            began = time.perf_counter()
            async with writer.transaction():
                await writer.execute("insert into bench_notified values ($1)", number)
                await writer.execute("select pg_notify('bench_heard', '')")
            await heard.wait()
            took.append((time.perf_counter() - began) * 1000)
        return took
    finally:
        await listener.close()
        await writer.execute("drop table bench_notified")
        await writer.close()


def of_stages(running: RunningService, extent: Extent, samples: int) -> Iterator[Measure]:
    """The 99th percentile of each round, to the client and to the row."""
    dsn = EmbeddedPostgres(running.home).dsn
    rows: list[float] = []
    with running.client() as client, running.client() as streams:
        for _ in range(extent.of(20, 1)):
            first_stage(client, streams)

        def ours() -> float:
            found = [first_stage(client, streams) for _ in range(samples)]
            rows.append(percentile([written for _, written in found], 0.99))
            return percentile([arrived for arrived, _ in found], 0.99)

        def limit() -> float:
            return percentile(asyncio.run(notified(dsn, samples)), 0.99)

        figures = in_turns(extent.rounds, {OURS: ours, NOTIFIED: limit})
    limits, goals = {NOTIFIED: figures[NOTIFIED]}, (at_most(STAGE_MS),)
    note = f"each round's 99th percentile of {samples}"
    yield Measure(
        "latency.stage",
        "from the 201 to the first event of a stage, at the client",
        "ms",
        figures[OURS],
        limits,
        goals=goals,
        note=note,
    )
    yield Measure("latency.stage.written", "from the 201 to the time of that event", "ms", rows, limits, goals=goals)


def of_hits(running: RunningService, extent: Extent, samples: int) -> Iterator[Measure]:
    """A job whose sheet is known, as bench.cache_hits measures it, one at a time."""
    with tempfile.TemporaryDirectory() as folder, running.client() as client:
        path = Path(folder) / "sheet.pdf"
        name = draw(path, extent.of(5, 1))[0]
        file = upload(client, path, name)
        run(client, name, [file])
        took = [median(run(client, name, [file])[0].stream for _ in range(samples)) for _ in range(extent.rounds)]
    yield Measure("latency.hit", "a job whose sheet is known, claim to end", "ms", took, goals=(at_most(HIT_MS),))


def of_pages(running: RunningService, extent: Extent, samples: int) -> Iterator[Measure]:
    """The first byte of the console, which shows the sign-in form to whoever has not signed in."""

    def middle(path: str) -> float:
        return median(first_byte(running, path) for _ in range(samples))

    work: dict[str, Callable[[], float]] = {OURS: partial(middle, "/"), HEALTH: partial(middle, "/healthz")}
    figures = in_turns(extent.rounds, work)
    limits = {HEALTH: figures[HEALTH]}
    work_done = "the sign-in page's first byte over a new connection"
    yield Measure("latency.page", work_done, "ms", figures[OURS], limits, goals=(at_most(PAGE_MS),))


def measures(extent: Extent, samples: int = 100) -> Iterator[Measure]:
    """Three kinds of wait on one idle service."""
    with service({"no_op.py": NO_OP}) as running:
        yield from of_stages(running, extent, extent.of(samples, 2))
        yield from of_hits(running, extent, extent.of(samples // 5, 1))
        yield from of_pages(running, extent, extent.of(samples // 2, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(as_text(list(measures(Extent(rounds=options.rounds), options.samples))))


if __name__ == "__main__":
    main()
