"""Idempotency-Key when the service dies in the middle of the request."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from typing import Any

import asyncpg
import httpx

from tests.idempotency.test_idempotency import check_first, check_in_flight, held, new_key
from tests.live import LiveServer
from tests.patience import patient, within


async def post_again(server: LiveServer, key: dict[str, str], body: dict[str, Any]) -> httpx.Response:
    """The answer once the request of the dead process is no longer in flight."""
    headers = {"Authorization": f"Bearer {server.admin_key}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=patient(30)) as client, within(30):
        while (answer := await client.post("/api/batches", json=body, headers=key)).status_code == 409:
            check_in_flight(answer)
            await asyncio.sleep(0.05)
    return answer


async def test_kill_9_in_the_middle_and_the_same_key_again(live_server: LiveServer) -> None:
    """Once with the batch half written for certain, then at random moments of the request."""
    dsn = live_server.postgres().dsn
    draft = {"pipeline": "no-op", "start": False, "items": [{"record": {"n": n}} for n in range(2000)]}
    began = time.monotonic()
    check_first(await post_again(live_server, new_key(), draft | {"name": "warm"}))
    seconds = time.monotonic() - began
    outcomes = set()
    for turn in range(6):
        key, body = new_key(), draft | {"name": f"turn {turn}"}
        headers = {"Authorization": f"Bearer {live_server.admin_key}"} | key
        async with httpx.AsyncClient(base_url=live_server.url, headers=headers, timeout=patient(30)) as client:
            if turn == 0:
                async with held(dsn, 1) as reached:
                    running = asyncio.create_task(client.post("/api/batches", json=body))
                    await reached
                    await asyncio.to_thread(live_server.kill)
            else:
                running = asyncio.create_task(client.post("/api/batches", json=body))
                await asyncio.wait([running], timeout=random.uniform(0, 1.2 * seconds))
                await asyncio.to_thread(live_server.kill)
            with suppress(httpx.TransportError):
                await running
        await asyncio.to_thread(live_server.start)
        answer = await post_again(live_server, key, body)
        assert answer.status_code == 201, answer.text
        outcomes.add("Idempotent-Replayed" in answer.headers)
        connection = await asyncpg.connect(dsn)
        found = await connection.fetch("select id, total_jobs from batches where name = $1", body["name"])
        of_batch = "select count(*) from jobs where batch_id = $1"
        jobs = [await connection.fetchval(of_batch, row["id"]) for row in found]
        await connection.close()
        assert [(str(row["id"]), row["total_jobs"]) for row in found] == [(answer.json()["batch_id"], 2000)]
        assert jobs == [2000]
    assert False in outcomes
