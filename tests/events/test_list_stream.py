"""The stream of an organisation's batches: what a list needs to follow, and nothing of anybody else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse

from app.events import hub as hub_module
from app.events.hub import Hub
from app.events.schemas import STREAM_EVENT
from tests.auth.people import caller, key_of
from tests.batch_helpers import run, submit
from tests.conftest import Api, make_home, make_settings, serving
from tests.patience import within

pytestmark = pytest.mark.every_postgres

EventStream = AsyncIterator[dict[str, Any]]


@asynccontextmanager
async def listening(client: httpx.AsyncClient) -> AsyncIterator[EventStream]:
    """The events of the list's stream, from when it is open."""
    async with aconnect_sse(client, "GET", "/api/events") as source:

        async def events() -> EventStream:
            async for event in source.aiter_sse():
                if event.data:
                    assert event.id == ""
                    STREAM_EVENT.validate_json(event.data)
                    data = json.loads(event.data)
                    assert data["type"] == event.event
                    yield data

        yield events()


async def until(stream: EventStream, batch_id: str, **wanted: Any) -> list[dict[str, Any]]:
    """What is told of a batch up to a snapshot with these members."""
    seen = []
    async with within(20):
        async for event in stream:
            if event["type"] == "batch.updated" and event["batch"]["id"] == batch_id:
                seen.append(event["batch"])
                if all(event["batch"][name] == value for name, value in wanted.items()):
                    return seen
    raise AssertionError(f"the stream ended after {seen}")


async def until_deleted(stream: EventStream, batch_id: str) -> None:
    async with within(20):
        async for event in stream:
            if event == {"type": "batch.deleted", "batch_id": batch_id}:
                return


async def test_new_batches_and_their_changes_are_told_as_the_list_shows_them(api: Api) -> None:
    async with listening(api) as stream:
        batch_id = await submit(api, "slow", [{} for _ in range(60)], params={"seconds": 0.01}, max_parallel=4)
        seen = await until(stream, batch_id, status="completed")
    listed = (await api.get("/api/batches")).json()["batches"]
    assert seen[-1] == next(batch for batch in listed if batch["id"] == batch_id)
    ids = [batch["last_event_id"] for batch in seen]
    assert ids == sorted(set(ids))
    assert len(seen) < ids[-1] / 3  # many events, few snapshots


async def test_changes_without_an_event_are_told_too(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    path = f"/api/batches/{batch['id']}"
    async with listening(api) as stream:
        await api.patch(path, json={"name": "Renamed"})
        await until(stream, batch["id"], name="Renamed")
        archived_at = (await api.post(f"{path}/archive")).json()["archived_at"]
        assert (await until(stream, batch["id"], name="Renamed"))[-1]["archived_at"] is not None, archived_at
        await api.delete(path)
        await until_deleted(stream, batch["id"])


async def test_nobody_is_told_of_batches_of_others(api: Api) -> None:
    async with (
        caller(api, await key_of(api, "Second")) as second,
        listening(api) as first_events,
        listening(second) as second_events,
    ):
        theirs = await run(second, "no-op", [{}])
        await second.delete(f"/api/batches/{theirs['id']}")
        mine = await run(api, "no-op", [{}])
        await until_deleted(second_events, theirs["id"])
        seen = []
        async for event in first_events:
            seen.append(event["batch"]["id"] if "batch" in event else event["batch_id"])
            if event["type"] == "batch.updated" and event["batch"]["status"] == "completed":
                break
    assert set(seen) == {mine["id"]}


@pytest.mark.parametrize("listen", [False, True])
async def test_what_no_notification_told_is_found_by_looking(
    listen: bool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listening that hears nothing, and LISTEN switched off: new, changed and deleted batches come all the same."""
    monkeypatch.setattr(hub_module, "POLL_SECONDS", 0.2)
    monkeypatch.setattr(hub_module, "POLL_SECONDS_WITHOUT_LISTEN", 0.2)
    monkeypatch.setattr(hub_module.Hub, "_hear", lambda *_: None)
    async with serving(make_settings(make_home(), database_url, stream_listen=listen)) as api:
        old = await run(api, "no-op", [{}])
        async with listening(api) as stream:
            new = await run(api, "no-op", [{}])
            await until(stream, new["id"], status="completed")
            await api.post(f"/api/batches/{old['id']}/archive")
            assert (await until(stream, old["id"], status="completed"))[-1]["archived_at"]
            await api.delete(f"/api/batches/{old['id']}")
            await until_deleted(stream, old["id"])


async def test_a_list_is_told_to_load_anew_when_it_was_too_slow(api: Api) -> None:
    feeds = api.installation.get(Hub).feeds
    async with listening(api) as stream:
        feed = next(iter(feeds._feeds.values()))
        feed.frames.clear()
        feed.add([(feed.last + 5, b"event: batch.updated\ndata: {}\n\n", False)])  # four have passed by
        await feed.tell()
        assert await anext(stream) == {"type": "reset", "reason": "behind", "last_event_id": None, "oldest": None}


async def test_who_wants_json_is_shown_the_way(api: Api) -> None:
    reply = await api.get("/api/events", headers={"Accept": "application/json"})
    assert reply.status_code == 406
    assert reply.json()["code"] == "only_a_stream"
    head = await api.head("/api/events")
    assert (head.status_code, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
