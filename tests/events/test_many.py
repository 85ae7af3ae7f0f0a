"""Many streams on one process that is killed: the small sister of `python -m bench.streams`."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx

from app.batches.log import NewEvent, record
from app.kit.db import Database
from bench.stream_clients import Seen, Watcher, connect_all
from bench.streams import caught_up, resident_mb
from tests.batch_helpers import submit
from tests.conftest import WORKLOADS, make_home
from tests.live import LiveServer
from tests.patience import patient, within

STREAMS, KB_EACH = 300, 60


async def test_all_catch_up_after_kill_9_and_none_costs_much() -> None:
    server = LiveServer(make_home(), WORKLOADS, TRANCHE_STREAMS_PER_KEY="1000")
    await asyncio.to_thread(server.start)
    database = Database(server.postgres().dsn, pool_size=2)
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    try:
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=patient(30)) as api:
            batches = [await submit(api, "no-op", [{}], start=False) for _ in range(3)]
        seen, address = Seen(), ("127.0.0.1", server.port)
        watchers = [Watcher(address, server.admin_key, batches[n % 3], seen) for n in range(STREAMS)]

        async def tell(times: int) -> None:
            for _ in range(times):
                for batch_id in batches:
                    async with database.transaction() as session:
                        await record(session, UUID(batch_id), [NewEvent("job.progressed")])

        before = resident_mb(server)
        async with within(60):
            await connect_all(watchers)
            await tell(10)
            await caught_up(watchers, dict.fromkeys(batches, 11))
            assert (resident_mb(server) - before) * 1024 / STREAMS < KB_EACH
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await tell(10)
            await caught_up(watchers, dict.fromkeys(batches, 21))
        assert (seen.gaps, seen.repeats, len(seen.latencies)) == (0, 0, 21 * STREAMS)
        for watcher in watchers:
            watcher.stop()
    finally:
        await database.stop()
        await asyncio.to_thread(server.destroy)
