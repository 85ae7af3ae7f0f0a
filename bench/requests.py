"""What each request of the API costs: milliseconds of the service's processor, beside a bare FastAPI + asyncpg route.

    python -m bench.requests [--rounds 5] [--requests 200] [--beside FOLDER] [ROUTE ...]

Starts the service, puts 30 batches into it, and asks for each route in turn, first one request after the other, then 16
at a time: processor time of the whole process (all threads) per request. In the same rounds the same is asked of
`bench.bare_api`, which sends the same queries to the same database and answers with bodies of the same members, and
with --beside of another checkout of the service with its own .venv. Medians of the rounds, and how many times bare.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from app.kit.postgres.server import EmbeddedPostgres
from bench.measures import Extent, Measure, at_most
from bench.orchestration import NO_OP
from bench.service import RunningService, median, service

AT_ONCE: Final = 16
BARE: Final = "bare FastAPI + asyncpg"
LISTED: Final = 20
RATES: Final = {
    f"TRANCHE_RATE_{who}_PER_MINUTE": "1000000000"
    for who in ("KEY", "ORGANISATION", "ADDRESS", "WRONG_KEYS", "WRONG_TOTAL")
}  # counted, never reached
DRAFT: Final = json.dumps({"pipeline": "no-op", "start": False, "items": [{"record": {"n": 1}}]}).encode()


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request. `goal`: times the bare route's processor time; a stream is closed once it has begun.

    `status` is how the status begins that is expected.
    """

    path: str
    goal: float | None = 1.5
    method: str = "GET"
    body: bytes = b""
    headers: str = ""
    stream: bool = False
    status: bytes = b"2"

    def written(self, host: str, key: str, batch_id: str) -> bytes:
        """The request as it is sent."""
        kind = f"content-type: application/json\r\ncontent-length: {len(self.body)}\r\n" if self.body else ""
        head = f"{self.method} {self.path.format(batch=batch_id)} HTTP/1.1\r\nhost: {host}\r\n"
        return f"{head}authorization: Bearer {key}\r\n{kind}{self.headers}\r\n".encode() + self.body


ROUTES: Final = {
    "one batch": Route("/api/batches/{batch}"),
    "list of 20": Route(f"/api/batches?limit={LISTED}"),
    "events page": Route("/api/batches/{batch}/events"),
    "POST of a draft": Route("/api/batches", method="POST", body=DRAFT),
    "/healthz": Route("/healthz", goal=None),
    "console": Route("/", goal=None),
    "sign-in page": Route("/sign-in?token=trn_none", goal=None, status=b"410"),
    "opening a stream": Route(
        "/api/batches/{batch}/events?last_event_id=1", None, headers="accept: text/event-stream\r\n", stream=True
    ),
}
NOT_BARE: Final = ("console", "sign-in page", "opening a stream")


@dataclass(frozen=True)
class Served:
    """A process that answers, its address, its key and a batch that it has."""

    port: int
    pid: int
    key: str
    batch_id: str
    took: dict[tuple[str, int], list[float]] = field(default_factory=dict)
    first_byte: dict[str, list[float]] = field(default_factory=dict)

    def processor_seconds(self) -> float:
        """Of all threads of the process, to the nanosecond (clock_getcpuclockid(3))."""
        return time.clock_gettime((~self.pid << 3) | 2)


class Client:
    """One connection, which costs as little as it can: it shares the machine with what is measured."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @staticmethod
    async def to(port: int) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes, status: bytes) -> None:
        """Send a request and read its whole answer. RuntimeError: it was refused."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not head[9:].startswith(status):
            raise RuntimeError(head.decode())
        await self._reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))

    async def begin(self, request: bytes, status: bytes) -> None:
        """Send a request, and read until the first piece of its body is there."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head[9:].startswith(status):
            raise RuntimeError(head.decode())
        await self._reader.read(1)

    def close(self) -> None:
        self._writer.transport.abort()


async def ask(served: Served, route: Route, count: int, at_once: int) -> float:
    """Send so many requests, and give the milliseconds of processor time of each."""
    request = route.written(f"127.0.0.1:{served.port}", served.key, served.batch_id)
    clients = [] if route.stream else [await Client.to(served.port) for _ in range(at_once)]
    for client in clients:
        await client.ask(request, route.status)

    async def work(client: Client | None) -> None:
        for _ in range(count // at_once):
            if client:
                await client.ask(request, route.status)
            else:
                opened = await Client.to(served.port)
                await opened.begin(request, route.status)
                opened.close()

    began = served.processor_seconds()
    await asyncio.gather(*(work(client) for client in clients or [None] * at_once))
    await asyncio.sleep(0.05)  # what is done after the last answer belongs to it
    used = served.processor_seconds() - began
    for client in clients:
        client.close()
    return used * 1000 / (count // at_once * at_once)


async def first_byte(served: Served, route: Route) -> float:
    """Milliseconds from a new connection's request to the first byte of its answer."""
    client = await Client.to(served.port)
    began = time.perf_counter()
    await client.begin(route.written(f"127.0.0.1:{served.port}", served.key, served.batch_id), route.status)
    took = time.perf_counter() - began
    client.close()
    return took * 1000


def fill(client: httpx.Client) -> str:
    """Put batches of one job into the service; the id of one that has ended."""
    body = {"pipeline": "no-op", "items": [{"record": {"n": 1}}]}
    for n in range(30):
        created = client.post("/api/batches", json=body | {"name": f"batch {n}"}).raise_for_status().json()
    batch_id = str(created["batch_id"])
    with client.stream("GET", created["links"]["events"], headers={"Accept": "text/event-stream"}) as stream:
        for line in stream.iter_lines():
            if line.startswith("event: batch.completed"):
                break
    return batch_id


def served_by(running: RunningService) -> Served:
    with running.client() as client:
        return Served(int(running.url.rsplit(":", 1)[1]), running.pid, running.key, fill(client))


@contextmanager
def bare(running: RunningService, served: Served) -> Iterator[Served]:
    """The bare application on the database of a service."""
    port = served.port + 1 if served.port < 65000 else served.port - 1
    environment = os.environ | {"DATABASE_URL": EmbeddedPostgres(running.home).dsn}
    process = subprocess.Popen([sys.executable, "-m", "bench.bare_api", str(port)], env=environment)
    try:
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield Served(port, process.pid, served.key, served.batch_id)
    finally:
        process.terminate()
        process.wait(10)


def measure(all_served: dict[str, Served], routes: dict[str, Route], rounds: int, count: int) -> None:
    """Each route of each process in turn; the first round warms up and is not counted."""
    for turn in range(rounds + 1):
        for name, route in routes.items():
            for who, served in all_served.items():
                if who == "bare" and name in NOT_BARE:
                    continue
                for at_once in (1, AT_ONCE):
                    used = asyncio.run(ask(served, route, count, at_once))
                    if turn:
                        served.took.setdefault((name, at_once), []).append(used)
                if turn and not route.body:
                    served.first_byte.setdefault(name, []).append(asyncio.run(first_byte(served, route)))


def run(rounds: int, count: int, routes: dict[str, Route], beside: Path | None = None) -> dict[str, Served]:
    """Start everything and measure in turns; by who answered."""
    with ExitStack() as stack:
        running = stack.enter_context(service({"no_op.py": NO_OP}, **RATES))
        all_served = {"service": served_by(running)}
        if beside:
            other = stack.enter_context(service({"no_op.py": NO_OP}, None, (), beside, **RATES))
            all_served["beside"] = served_by(other)
        all_served["bare"] = stack.enter_context(bare(running, all_served["service"]))
        measure(all_served, routes, rounds, count)
    return all_served


def measures(extent: Extent) -> Iterator[Measure]:
    """A row for each route, asked for one after the other."""
    all_served = run(extent.rounds, extent.of(200, AT_ONCE), ROUTES)
    for name, route in ROUTES.items():
        ours, limit = (all_served[who].took.get((name, 1)) for who in ("service", "bare"))
        yield Measure(
            f"request, {name}",
            f"{route.method} {route.path}",
            "ms of processor",
            ours or (),
            {BARE: limit} if limit else {},
            goals=[at_most(route.goal, BARE)] if limit and route.goal else (),
        )


def show(all_served: dict[str, Served], routes: dict[str, Route]) -> None:
    print(f"{'ms of processor each':<20}" + "".join(f"{who:>10} {'x' + str(AT_ONCE):>7}" for who in all_served), end="")
    print(f"{'of bare':>10}{'goal':>7}{'first byte':>12}")
    for name, route in routes.items():
        line = f"{name:<20}"
        for served in all_served.values():
            one, many = (served.took.get((name, at_once)) for at_once in (1, AT_ONCE))
            line += f"{median(one):>10.2f} {median(many):>7.2f}" if one and many else " " * 18
        ours, limit = (all_served[who].took.get((name, 1)) for who in ("service", "bare"))
        line += f"{median(ours) / median(limit):>9.2f}x" if ours and limit else " " * 10
        line += f"{route.goal:>6.1f}x" if route.goal else " " * 7
        if waited := all_served["service"].first_byte.get(name):
            line += f"{median(waited):>9.1f} ms"
        print(line)


def main() -> None:
    """Start everything, measure in turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--beside", type=Path, help="another checkout of the service, with a .venv of its own")
    parser.add_argument("routes", nargs="*", choices=[[], *ROUTES], metavar="ROUTE", help=", ".join(ROUTES))
    options = parser.parse_args()
    routes = {name: ROUTES[name] for name in options.routes or ROUTES}
    show(run(options.rounds, options.requests, routes, options.beside), routes)


if __name__ == "__main__":
    main()
