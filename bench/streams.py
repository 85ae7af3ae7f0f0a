"""Event streams under load, each figure beside its limit.

    python -m bench.streams [--streams 5000] [--seconds 20] [--only steady|killed|stuck]

steady: so many open streams on one process, with about 2,000 deliveries a second.
killed: the same, then kill -9 of the service; how long after its return everybody has caught up.
stuck:  300 readers that never read, on a backlog of 20 MB; how soon they are gone, and what a healthy client notices.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import resource
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import uvloop

from app.batches.log import NewEvent, record
from app.kit.db import Database
from bench.stream_clients import Seen, Watcher, connect_all, stuck_reader
from tests.conftest import WORKLOADS, make_home
from tests.live import LiveServer

BATCHES, COMMITS_PER_SECOND, STUCK, BACKLOG_BYTES = 50, 20, 300, 20_000_000
EVENT_BYTES = 600
verdicts: list[bool] = []


def report(what: str, figure: float, unit: str, limit: float) -> None:
    """One line, with its limit."""
    verdicts.append(figure <= limit)
    print(
        f"  {what:<44} {figure:10,.1f} {unit:<3} limit {limit:>8,.1f}  {'ok' if figure <= limit else 'TOO MUCH'}",
        flush=True,
    )


@contextmanager
def started(**environment: str) -> Iterator[LiveServer]:
    """The service on a fresh data folder."""
    home = make_home()
    many = {"TRANCHE_STREAMS_PER_KEY": "10000", "TRANCHE_STREAMS_PER_PROCESS": "10000"}
    server = LiveServer(home, WORKLOADS, **(many | environment))
    try:
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def drafts(server: LiveServer, count: int) -> list[str]:
    """Batches that nothing happens to but what we write."""
    body = {"pipeline": "no-op", "items": [{"record": {}}], "start": False}
    with server.client() as client:
        return [client.post("/api/batches", json=body).json()["batch_id"] for _ in range(count)]


def resident_mb(server: LiveServer) -> float:
    assert server.process
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


class Writer:
    """Writes events to the batches in turn, at a steady pace; `written` is the last id of each."""

    def __init__(self, server: LiveServer, batches: list[str]) -> None:
        self._database = Database(server.postgres().dsn, pool_size=2)
        self.written = dict.fromkeys(batches, 1)

    async def run(self) -> None:
        batches, turn, began = list(self.written), 0, time.monotonic()
        while True:
            batch_id = batches[turn % len(batches)]
            async with self._database.transaction() as session:
                await record(session, UUID(batch_id), [NewEvent("job.progressed", data={"progress": 0.5})])
            self.written[batch_id] += 1
            turn += 1
            await asyncio.sleep(max(0.0, began + turn / COMMITS_PER_SECOND - time.monotonic()))

    async def stop(self) -> None:
        await self._database.stop()


@asynccontextmanager
async def writing(server: LiveServer, batches: list[str]) -> AsyncIterator[Writer]:
    writer = Writer(server, batches)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await writer.stop()


def watchers_of(server: LiveServer, batches: list[str], count: int, seen: Seen) -> list[Watcher]:
    address = ("127.0.0.1", server.port)
    return [Watcher(address, server.admin_key, batches[number % len(batches)], seen) for number in range(count)]


async def caught_up(watchers: list[Watcher], written: dict[str, int]) -> None:
    """Until everybody has seen what was written by now."""
    wanted = dict(written)
    while any(watcher.last < wanted[watcher.batch_id] for watcher in watchers):
        await asyncio.sleep(0.02)


async def steady_and_killed(options: argparse.Namespace) -> None:
    with started() as server:
        batches, seen = drafts(server, BATCHES), Seen()
        print(f"{options.streams} streams on {BATCHES} batches; resident before: {resident_mb(server):.0f} MB")
        watchers = watchers_of(server, batches, options.streams, seen)
        began = time.monotonic()
        await connect_all(watchers)
        print(f"  all connected after {time.monotonic() - began:.1f} s")
        async with writing(server, batches) as writer:
            await asyncio.sleep(3)
            seen.latencies.clear()
            began = time.monotonic()
            await asyncio.sleep(options.seconds)
            rate, latencies = len(seen.latencies) / (time.monotonic() - began), len(seen.latencies)
            print(f"  {rate:,.0f} deliveries a second, {latencies:,} in all; p50 {seen.quantile(0.5):.1f} ms")
            report("resident memory of the process", resident_mb(server), "MB", 300)
            report("p99 from commit to client", seen.quantile(0.99), "ms", 1000)
            report("ids left out", seen.gaps, "", 0)
            report("ids told twice", seen.repeats, "", 0)
            if options.only != "steady":
                await asyncio.to_thread(server.kill)
                await asyncio.sleep(1)
                back = await asyncio.to_thread(server.start)
                began = time.monotonic()
                print(f"kill -9 under {options.streams} streams; the service was back after {back:.1f} s")
                await caught_up(watchers, writer.written)
                report("everybody caught up after its return", time.monotonic() - began, "s", 10)
                report("ids left out", seen.gaps, "", 0)
                report("ids told twice", seen.repeats, "", 0)
                print(f"  resident afterwards: {resident_mb(server):.0f} MB")
        for watcher in watchers:
            watcher.stop()


async def add_backlog(server: LiveServer, batch_id: str) -> None:
    """20 MB of events as clients will see them."""
    database = Database(server.postgres().dsn, pool_size=2)
    event = NewEvent("job.progressed", data={"message": "x" * (EVENT_BYTES - 350)})
    count = BACKLOG_BYTES // EVENT_BYTES
    for _ in range(0, count, 1000):
        async with database.transaction() as session:
            await record(session, UUID(batch_id), [event] * 1000)
    await database.stop()


async def probe(server: LiveServer, path: str, slowest: list[float]) -> None:
    """Ask for a path again and again; what the slowest answer took, in milliseconds."""
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
        while True:
            began = time.monotonic()
            (await client.get(path)).raise_for_status()
            slowest[0] = max(slowest[0], 1000 * (time.monotonic() - began))
            await asyncio.sleep(0.1)


def open_streams(client: httpx.Client) -> int:
    found = re.search(r"^tranche_streams_open (\S+)", client.get("/metrics").text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def kernel_mb() -> float:
    """What the kernel holds for TCP on this machine."""
    found = re.search(r"TCP: .* mem (\d+)", Path("/proc/net/sockstat").read_text())
    return int(found[1]) * resource.getpagesize() / 1e6 if found else 0.0


async def stuck(options: argparse.Namespace) -> None:
    with started() as server:
        batches = drafts(server, 2)
        await add_backlog(server, batches[1])
        seen = Seen()
        healthy = watchers_of(server, batches[:1], 20, seen)
        await connect_all(healthy)
        async with writing(server, batches[:1]):
            health, listing = [0.0], [0.0]
            probes = [asyncio.create_task(probe(server, "/healthz", health))]
            probes += [asyncio.create_task(probe(server, "/api/batches", listing))]
            await asyncio.sleep(2)
            seen.latencies.clear()
            client, began = server.client(), time.monotonic()
            while time.monotonic() - began < options.seconds:  # looking costs time too, so it is done before as well
                await asyncio.sleep(0.5)
                await asyncio.to_thread(open_streams, client)
            before, before_kernel = seen.quantile(0.99), kernel_mb()
            seen.latencies.clear()
            print(f"{STUCK} readers on {BACKLOG_BYTES / 1e6:.0f} MB; resident {resident_mb(server):.0f} MB")
            began, address = time.monotonic(), ("127.0.0.1", server.port)
            readers = [
                await asyncio.to_thread(stuck_reader, address, server.admin_key, batches[1]) for _ in range(STUCK)
            ]
            while await asyncio.to_thread(open_streams, client) < len(healthy) + STUCK:
                await asyncio.sleep(0.1)
            arriving = seen.quantile(0.99)
            # Opening 300 streams at once is work like any other, and is told apart from holding them.
            print(f"  healthy client's p99 while they connect, {time.monotonic() - began:.1f} s: {arriving:.1f} ms")
            seen.latencies.clear()
            memory = kernel = gone = 0.0
            while time.monotonic() - began < max(options.seconds, 40):
                await asyncio.sleep(0.5)
                memory, kernel = max(memory, resident_mb(server)), max(kernel, kernel_mb() - before_kernel)
                if await asyncio.to_thread(open_streams, client) <= len(healthy):
                    gone = gone or time.monotonic() - began
                    if time.monotonic() - began > options.seconds:
                        break
                else:
                    gone = 0.0
            during = seen.quantile(0.99)
            print(f"  healthy client's p99: {before:.1f} ms before, {during:.1f} ms with them")
            report("all of them gone after", gone or 999, "s", 30)
            report("healthy client's p99, times what it was", during / before, "x", 1.5)
            report("kernel memory for TCP", kernel, "MB", 100)
            report("resident memory of the process", memory, "MB", 300)
            report("slowest /healthz", health[0], "ms", 1000)
            report("slowest list of batches", listing[0], "ms", 1000)
            report("ids left out or told twice", seen.gaps + seen.repeats, "", 0)
            for task in probes:
                task.cancel()
            await asyncio.gather(*probes, return_exceptions=True)
        client.close()
        for reader in readers:
            reader.close()
        for watcher in healthy:
            watcher.stop()


def main() -> None:
    """Run what was asked for; the exit code says whether every limit held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", choices=("steady", "killed", "stuck"))
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.only != "stuck":
        uvloop.run(steady_and_killed(options))
    if options.only not in ("steady", "killed"):
        uvloop.run(stuck(options))
    raise SystemExit(0 if all(verdicts) else 1)


if __name__ == "__main__":
    main()
