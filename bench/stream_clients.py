"""Thousands of stream clients in one cheap process: a protocol object each, and nothing decoded that is not needed."""

from __future__ import annotations

import asyncio
import random
import re
import socket
import time
from dataclasses import dataclass, field
from datetime import datetime

FRAME = re.compile(rb"id: (\d+)\nevent: [a-z.]+\ndata: (.*)\n\n")
NUMBER = re.compile(rb'"id":(\d+)')
MOMENT = re.compile(rb'"at":"([^"]+)"')


def request(key: str, batch_id: str, last: int) -> bytes:
    """What opens a stream after an event."""
    head = f"GET /api/batches/{batch_id}/events HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n"
    return f"{head}Authorization: Bearer {key}\r\nLast-Event-ID: {last}\r\n\r\n".encode()


@dataclass
class Seen:
    """What all watchers together saw: seconds from commit to client, ids left out and ids told twice."""

    latencies: list[float] = field(default_factory=list)
    gaps: int = 0
    repeats: int = 0

    def quantile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


class Watcher(asyncio.Protocol):
    """Follows one batch for ever: comes back with its Last-Event-ID, after a moment, whenever it is cut."""

    def __init__(self, address: tuple[str, int], key: str, batch_id: str, seen: Seen) -> None:
        self.address, self.key, self.batch_id, self.seen = address, key, batch_id, seen
        self.last, self.stopped = 0, False
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._returning: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Try until it works."""
        while not self.stopped:
            try:
                await asyncio.get_running_loop().create_connection(lambda: self, *self.address)
                return
            except OSError:
                await asyncio.sleep(random.uniform(0.2, 1.2))

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport, self._buffer = transport, b""
        path = f"/api/batches/{self.batch_id}/events"
        head = (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\nAuthorization: Bearer {self.key}\r\n"
        )
        transport.write(f"{head}Last-Event-ID: {self.last}\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end, now = 0, time.time()
        for frame in FRAME.finditer(self._buffer):
            end = frame.end()
            number = int(frame[1])
            self.seen.repeats += number <= self.last
            self.seen.gaps += number > self.last + 1
            self.last = max(number, self.last)
            moment = MOMENT.search(frame[2])
            if moment:
                self.seen.latencies.append(now - datetime.fromisoformat(moment[1].decode()).timestamp())
        self._buffer = self._buffer[end:] if end else self._buffer[-65536:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.stopped:
            self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        await asyncio.sleep(random.uniform(0.2, 1.2))
        await self.connect()

    def stop(self) -> None:
        self.stopped = True
        if self._transport:
            self._transport.abort()


@dataclass
class Told:
    """What all followers together were told: seconds from commit to client, and how many numbers were not the next."""

    delays: list[float] = field(default_factory=list)
    opened: int = 0
    wrong: int = 0
    read: dict[bytes, list[tuple[int, float]]] = field(default_factory=dict)

    def events_in(self, data: bytes) -> list[tuple[int, float]]:
        """Number and moment of each event. Nearly all clients get the same bytes, which are read once."""
        found = self.read.get(data)
        if found is None:
            moments = [datetime.fromisoformat(one.decode()).timestamp() for one in MOMENT.findall(data)]
            found = list(zip(map(int, NUMBER.findall(data)), moments, strict=True))
            if len(self.read) > 200:
                self.read.clear()
            self.read[data] = found
        return found


class Follower(asyncio.Protocol):
    """Follows one stream once, whoever serves it: an event is an object with `id` and `at`."""

    def __init__(self, address: tuple[str, int], path: str, key: str, told: Told) -> None:
        head = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n"
        self._request = f"{head}Authorization: Bearer {key}\r\n\r\n".encode()
        self._address, self._told, self._rest = address, told, b""
        self.last, self._is_open = 0, False

    async def connect(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, *self._address)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            assert data.startswith(b"HTTP/1.1 200"), data
            self._is_open = True
            self._told.opened += 1
        now = time.time()
        if self._rest:
            data, self._rest = self._rest + data, b""
        if not data.endswith((b"\n\n", b"\n\n\r\n")):
            end = data.rfind(b"\n\n") + 2
            data, self._rest = data[:end] if end > 1 else b"", data[end:] if end > 1 else data
        for number, moment in self._told.events_in(data):
            self._told.wrong += self.last > 0 and number != self.last + 1
            self.last = number
            self._told.delays.append(now - moment)

    def stop(self) -> None:
        self._transport.abort()


def stuck_reader(address: tuple[str, int], key: str, batch_id: str) -> socket.socket:
    """Asks for a batch's whole log and never reads a byte of it."""
    reader = socket.create_connection(address)
    reader.sendall(request(key, batch_id, 0))
    return reader


async def connect_all(watchers: list[Watcher], at_a_time: int = 200) -> None:
    """Connect the watchers and wait until each has its first event."""
    for first in range(0, len(watchers), at_a_time):
        await asyncio.gather(*(watcher.connect() for watcher in watchers[first : first + at_a_time]))
    while not all(watcher.last for watcher in watchers):
        await asyncio.sleep(0.05)
