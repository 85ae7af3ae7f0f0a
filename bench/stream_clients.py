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
