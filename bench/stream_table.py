"""Streams of one batch beside what the machine allows and what others take: deliveries, delay, opening, memory, bursts.

    script/bench streams [--rounds 5] [--small]

A batch has 1,000 readers and then 4,000, and 20 events a second; every server sends frames of the same size to the same
clients. The bare server is the limit: uvloop, and a loop over its connections that writes the same bytes to each.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

import httpx
import uvloop

from app.batches.log import NewEvent, record
from app.kit.db import Database
from bench.measures import OURS, Extent, Goal, Measure, at_least, at_most
from bench.peers.streams import Peer, bare, nchan, sse_starlette
from bench.stream_clients import Follower, Told
from bench.streams import drafts, started

EVENTS_PER_SECOND: Final = 20
BURST: Final = 2000
FRAME_BYTES: Final = 400
RETURNED_SECONDS: Final = 8
"""By then memory has gone back: the hub looks every 5 seconds."""


@dataclass
class Found:
    """What one server did in one round."""

    microseconds: float
    p99: float
    connect: float
    kilobytes: float
    megabytes: float
    left: float
    burst: float


class Publisher(Protocol):
    """Adds events to what the clients follow, all of them at one moment."""

    async def add(self, count: int) -> None: ...

    async def stop(self) -> None: ...


class Committing:
    """Writes them to a batch's log."""

    def __init__(self, dsn: str, batch_id: str) -> None:
        self._database, self._batch = Database(dsn, pool_size=2), UUID(batch_id)

    async def add(self, count: int) -> None:
        async with self._database.transaction() as session:
            await record(session, self._batch, [NewEvent("job.progressed", data={"progress": 0.5})] * count)

    async def stop(self) -> None:
        await self._database.stop()


class Posting:
    """Posts frames of the same size to a peer, those of a burst in one body where it takes several."""

    def __init__(self, peer: Peer) -> None:
        self._client, self._peer, self._last = httpx.AsyncClient(timeout=60), peer, 1

    def _frame(self) -> bytes:
        self._last += 1
        data = b'{"id":%d,"at":"%b"' % (self._last, datetime.now(UTC).isoformat().encode())
        data += b',"message":"%b"}' % (b"x" * (FRAME_BYTES - 60 - len(data)))
        return data if self._peer.frames_itself else b"id: %d\nevent: job.progressed\ndata: %b\n\n" % (self._last, data)

    async def add(self, count: int) -> None:
        at_once = 1 if self._peer.frames_itself else 200
        for first in range(0, count, at_once):
            body = b"".join(self._frame() for _ in range(min(at_once, count - first)))
            url = f"http://127.0.0.1:{self._peer.port}{self._peer.publish_path}"
            (await self._client.post(url, content=body)).raise_for_status()

    async def stop(self) -> None:
        await self._client.aclose()


@dataclass
class Target:
    """A running server: where its streams are, and what writes to them."""

    pid: int
    port: int
    path: str
    key: str
    publisher: Callable[[], Publisher]


@contextmanager
def ours() -> Iterator[Target | None]:
    with started(TRANCHE_CONNECTIONS_PER_ADDRESS="20000", TRANCHE_RATE_KEY_PER_MINUTE="0") as server:
        batch_id = drafts(server, 1)[0]
        dsn = server.postgres().dsn
        assert server.process
        path = f"/api/batches/{batch_id}/events"
        yield Target(server.process.pid, server.port, path, server.admin_key, partial(Committing, dsn, batch_id))


@contextmanager
def theirs(peer: Callable[[], AbstractContextManager[Peer | None]]) -> Iterator[Target | None]:
    with peer() as running:
        yield Target(running.pid, running.port, running.path, "", partial(Posting, running)) if running else None


SERVERS: Final = {
    OURS: ours,
    "bare uvloop": partial(theirs, bare),
    "nginx + nchan": partial(theirs, nchan),
    "sse-starlette": partial(theirs, sse_starlette),
}
LIMITS: Final = ("bare uvloop",)


def resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _until_all(followers: list[Follower], last: int) -> None:
    while any(follower.last < last for follower in followers):
        await asyncio.sleep(0.005)


async def measure(target: Target, streams: int, seconds: float, rest: float) -> Found:
    """One round with one server."""
    told, publisher, address = Told(), target.publisher(), ("127.0.0.1", target.port)
    before = resident_mb(target.pid)
    followers = [Follower(address, target.path, target.key, told) for _ in range(streams)]
    began = time.monotonic()
    await asyncio.gather(*(follower.connect() for follower in followers))
    while told.opened < streams:
        await asyncio.sleep(0.005)
    connect = time.monotonic() - began
    await publisher.add(1)
    await asyncio.sleep(1)
    start = max(follower.last for follower in followers)
    await _until_all(followers, start)
    opened = resident_mb(target.pid)
    told.delays.clear()
    used, began, events = processor_seconds(target.pid), time.monotonic(), int(seconds * EVENTS_PER_SECOND)
    for turn in range(events):
        await publisher.add(1)
        await asyncio.sleep(max(0.0, began + (turn + 1) / EVENTS_PER_SECOND - time.monotonic()))
    await _until_all(followers, start + events)
    used = processor_seconds(target.pid) - used
    ordered = sorted(told.delays)
    began = time.monotonic()
    await publisher.add(BURST)
    await _until_all(followers, start + events + BURST)
    burst = BURST * streams / (time.monotonic() - began)
    assert not told.wrong, f"{told.wrong} events were left out or came twice"
    for follower in followers:
        follower.stop()
    await publisher.stop()
    await asyncio.sleep(rest)
    return Found(
        1e6 * used / (events * streams),
        1000 * ordered[int(len(ordered) * 0.99)],
        connect,
        1024 * (opened - before) / streams,
        opened,
        resident_mb(target.pid) / before,
        burst,
    )


def measures(extent: Extent) -> Iterator[Measure]:
    """The rows of `script/bench`."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for streams, many in ((extent.of(1000, 20), False), (extent.of(4000, 40), True)):
        found: dict[str, list[Found]] = {}
        absent: list[str] = []
        for turn in range(extent.rounds):
            for name in [*SERVERS] if turn % 2 == 0 else [*SERVERS][::-1]:
                if name not in (OURS, *LIMITS) and not extent.peers:
                    continue
                with SERVERS[name]() as target:
                    if target:
                        found.setdefault(name, []).append(
                            uvloop.run(measure(target, streams, extent.of(10, 1), extent.of(RETURNED_SECONDS, 0)))
                        )
                    elif name not in absent:
                        absent.append(name)
        yield from _rows(streams, found, absent, many=many)


def _rows(streams: int, found: dict[str, list[Found]], absent: list[str], *, many: bool) -> Iterator[Measure]:
    def row(member: str, what: str, unit: str, *goals: Goal) -> Measure:
        values = {name: [getattr(one, member) for one in rounds] for name, rounds in found.items()}
        return Measure(
            f"streams.{streams}.{member}",
            f"{what}: {streams:,} of one batch, {EVENTS_PER_SECOND} events/s",
            unit,
            values[OURS],
            {name: values[name] for name in LIMITS},
            {name: one for name, one in values.items() if name not in (OURS, *LIMITS)},
            goals,
            absent,
        )

    yield row("microseconds", "processor time for a delivery", "us", at_most(10))
    yield row("p99", "p99 from commit to client", "ms", at_most(100 if many else 30))
    yield row("connect", "all of them opened", "s", at_most(1 if many else 0.3))
    yield row("kilobytes", "memory of each", "KB", *([] if many else [at_most(13)]))
    if many:
        yield row("megabytes", "memory of the service with them", "MB", at_most(150))
        yield row("left", "memory once they have left, times what it was", "x", at_most(1.2))
    yield row("burst", f"burst of {BURST:,} events", "deliveries/s", at_least(643_000 if many else 825_000))
