"""How the tests submit batches and follow them to their end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
from httpx_sse import aconnect_sse

from tests.patience import within

TERMINAL = frozenset({"batch.completed", "batch.partial", "batch.failed", "batch.cancelled"})


async def submit(api: httpx.AsyncClient, pipeline: str, records: list[dict[str, Any]], **more: Any) -> str:
    """Submit records; the batch's id."""
    items = [{"record": record} for record in records]
    reply = await api.post("/api/batches", json={"pipeline": pipeline, "items": items, **more})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["batch_id"])


async def stream(api: httpx.AsyncClient, batch_id: str, last_event_id: int = 0) -> AsyncIterator[dict[str, Any]]:
    """The events of one connection, as their data."""
    headers = {"Last-Event-ID": str(last_event_id)}
    async with aconnect_sse(api, "GET", f"/api/batches/{batch_id}/events", headers=headers) as source:
        async for event in source.aiter_sse():
            if not event.data:  # httpx-sse also hands out the opening `retry:`, which the standard says is no event
                continue
            data = json.loads(event.data)
            assert event.event == data.get("type", event.event)
            if "id" in data:
                assert event.id == str(data["id"])
            yield data


async def follow(api: httpx.AsyncClient, batch_id: str, seconds: float = 60) -> list[dict[str, Any]]:
    """Every event of a batch up to its last."""
    async with within(seconds):
        events = [event async for event in stream(api, batch_id)]
    assert events[-1]["type"] in TERMINAL, events[-1]
    check_log(events)
    return events


def check_log(events: list[dict[str, Any]]) -> None:
    """Ids from 1 without a hole; exactly one terminal event, and it is the last; counters that add up."""
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] in TERMINAL for event in events].count(True) == 1
    assert events[-1]["type"] in TERMINAL
    for event in events:
        counters = dict(event["counters"])
        counters.pop("cached")
        assert counters.pop("total") == sum(counters.values())


async def get_batch(api: httpx.AsyncClient, batch_id: str) -> dict[str, Any]:
    """The batch with its first jobs."""
    reply = await api.get(f"/api/batches/{batch_id}")
    assert reply.status_code == 200, reply.text
    batch: dict[str, Any] = reply.json()["batch"]
    return batch


async def run(api: httpx.AsyncClient, pipeline: str, records: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """Submit records and wait for the end; the batch with its events under `events`."""
    batch_id = await submit(api, pipeline, records, **more)
    events = await follow(api, batch_id)
    return await get_batch(api, batch_id) | {"events": events}
