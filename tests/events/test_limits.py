"""How many streams a key and a process may hold, who loses one, and streams of logs that do not begin at 1."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import httpx
import pytest
from httpx_sse import aconnect_sse
from sqlalchemy import delete, update

from app.auth import service, sessions
from app.auth.models import Session
from app.auth.settings import AuthSettings
from app.batches.log import LoggedEvent, NewEvent, record
from app.batches.models import Batch
from app.batches.step_models import Event
from app.events import hub as hub_module
from app.events.hub import Hub
from tests.auth.people import caller, key_of
from tests.batch_helpers import run, submit
from tests.conftest import Api, make_home, make_settings, serving
from tests.patience import within
from tests.service import tenant

pytestmark = pytest.mark.own_service

SSE = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
async def small(database_url: str) -> AsyncIterator[Api]:
    """A service that allows little and looks often."""
    limits = {"streams_per_key": 3, "streams_per_process": 5, "stream_recheck_seconds": 0.2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hub_module, "POLL_SECONDS", 0.2)
        settings = make_settings(make_home(), database_url, stream_send_timeout_seconds=1.0, **limits)
        async with serving(settings) as client:
            yield client


async def frames(client: httpx.AsyncClient, path: str, **headers: str) -> list[tuple[str, str, dict[str, Any]]]:
    """Event, id and data of a stream that ends."""
    async with within(20), aconnect_sse(client, "GET", path, headers=headers) as source:
        return [(event.event, event.id, json.loads(event.data)) async for event in source.aiter_sse() if event.data]


async def test_an_organisation_finds_a_place_while_another_holds_all(database_url: str) -> None:
    async with AsyncExitStack() as stack:
        settings = make_settings(make_home(), database_url, streams_per_key=20, streams_per_process=16)
        flood = await stack.enter_async_context(serving(settings))
        quiet = await stack.enter_async_context(tenant(flood, "Quiet"))
        for _ in range(16):
            assert (await stack.enter_async_context(flood.stream("GET", "/api/events"))).status_code == 200
        assert (await flood.get("/api/events")).status_code == 503
        for _ in range(2):
            assert (await stack.enter_async_context(quiet.stream("GET", "/api/events"))).status_code == 200
        assert (await quiet.get("/api/events")).status_code == 503  # the spare places are taken as well


async def test_readers_that_come_and_go_while_a_log_is_read_cost_the_others_nothing(
    small: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """The last reader of all may leave while its log is being read: nothing is followed by then."""
    batch_id = await submit(small, "no-op", [{}] * 3, start=False)
    path = f"/api/batches/{batch_id}/events"

    async def open_and_close() -> None:
        async with small.stream("GET", path, headers=SSE) as reply:
            await anext(reply.aiter_raw())

    hub = small.installation.get(Hub)
    reads, read = 0, hub.events_after

    async def read_while_the_last_one_leaves(batch_id: UUID, cursor: int, limit: int) -> list[LoggedEvent]:
        nonlocal reads
        found = await read(batch_id, cursor, limit)
        async with within(10):
            while hub._topics:  # the reader below closes its stream by itself
                await asyncio.sleep(0.001)
        reads += 1
        return found

    with pytest.MonkeyPatch.context() as patch, caplog.at_level("WARNING", logger="tranche.hub"):
        for _ in range(30):
            await open_and_close()
        patch.setattr(hub, "events_after", read_while_the_last_one_leaves)
        for _ in range(5):
            await open_and_close()
        async with within(10):
            while reads < 1:
                await asyncio.sleep(0.01)
    assert [record for record in caplog.records if record.name == "tranche.hub"] == []


async def ended(reply: httpx.Response) -> str:
    """What came until the service ended the stream, in good order."""
    async with within(10):
        return "".join([text async for text in reply.aiter_text()])


async def test_a_key_and_a_process_have_so_many_streams(small: Api) -> None:
    batch_id = await submit(small, "no-op", [{}], start=False)
    path = f"/api/batches/{batch_id}/events"
    async with AsyncExitStack() as stack, caller(small, await key_of(small, "Second")) as second:
        for _ in range(3):
            reply = await stack.enter_async_context(small.stream("GET", path, headers=SSE))
            assert reply.status_code == 200
        refused = await small.get(path, headers=SSE)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
        assert int(refused.headers["retry-after"]) > 0
        assert (await small.head(path, headers=SSE)).status_code == 200
        assert (await small.get(path)).status_code == 200  # pages are no streams
        for _ in range(2):
            assert (await stack.enter_async_context(second.stream("GET", "/api/events"))).status_code == 200
        refused = await second.get("/api/events")
        assert (refused.status_code, refused.json()["code"]) == (503, "no_streams_left")
        assert int(refused.headers["retry-after"]) > 0
    async with within(10):
        while small.installation.get(Hub).admission.count:
            await asyncio.sleep(0.01)
    assert small.installation.get(Hub).admission._open == {}


async def test_a_stream_ends_with_the_key_or_session_that_opened_it(small: Api) -> None:
    batch_id = await submit(small, "no-op", [{}], start=False)
    path = f"/api/batches/{batch_id}/events"
    key = (await small.post("/api/keys", json={"name": "soon gone"})).json()
    async with small.installation.database.transaction() as session:
        admin = await service.ensure_user(session, "Default", "admin", "admin")
        cookie = (await sessions.open_session(session, admin, small.installation.get(AuthSettings)))[1]
    async with (
        caller(small, key["key"]) as program,
        caller(small, cookie=cookie) as browser,
        program.stream("GET", path, headers=SSE) as of_key,
        browser.stream("GET", "/api/events") as of_session,
        small.stream("GET", path, headers=SSE) as of_other,
    ):
        others = of_other.aiter_text()
        await anext(others)
        await small.delete(f"/api/keys/{key['id']}")
        assert "event: batch.created" in await ended(of_key)
        async with small.installation.database.transaction() as session:
            await session.execute(
                update(Session).where(Session.kind == "browser").values(expires_at=Session.created_at)
            )
        await ended(of_session)
        async with small.installation.database.transaction() as session:
            await record(session, UUID(batch_id), [NewEvent("job.progressed", data={"message": "still there"})])
        async with within(10):
            async for text in others:
                if "still there" in text:
                    break


async def test_a_log_whose_beginning_has_expired_starts_with_a_snapshot(small: Api) -> None:
    batch = await run(small, "no-op", [{}])
    path, newest = f"/api/batches/{batch['id']}/events", batch["last_event_id"]
    async with small.installation.database.transaction() as session:
        await session.execute(delete(Event).where(Event.batch_id == UUID(batch["id"]), Event.id < 5))
    received = await frames(small, path, **{"Last-Event-ID": "2"})
    assert received[0][::2] == ("reset", {"type": "reset", "reason": "expired", "oldest": 5, "last_event_id": newest})
    assert received[1][:2] == ("snapshot", "4")
    assert received[1][2]["batch"] == {name: batch[name] for name in received[1][2]["batch"]}
    assert [event["id"] for _, _, event in received[2:]] == list(range(5, newest + 1))
    assert [event["id"] for _, _, event in await frames(small, path, **{"Last-Event-ID": "4"})] == list(
        range(5, newest + 1)
    )
    async with small.installation.database.transaction() as session:
        await session.execute(delete(Event).where(Event.batch_id == UUID(batch["id"])))
    assert (await small.get(path, headers=SSE | {"Last-Event-ID": "2"})).status_code == 204


async def test_streams_of_a_batch_that_is_deleted_end(small: Api) -> None:
    batch_id = await submit(small, "no-op", [{}], start=False)
    async with small.stream("GET", f"/api/batches/{batch_id}/events", headers=SSE) as reply:
        assert (await small.delete(f"/api/batches/{batch_id}")).status_code == 204
        await ended(reply)
    assert (await small.get(f"/api/batches/{batch_id}/events", headers=SSE)).status_code == 404


async def test_a_hole_in_a_log_is_told_of_and_stops_nobody(small: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of ours makes one; a hand in the database may."""
    batch_id = await submit(small, "no-op", [{}], start=False)
    async with small.stream("GET", f"/api/batches/{batch_id}/events", headers=SSE) as reply:
        text = reply.aiter_text()
        await anext(text)
        async with small.installation.database.transaction() as session:
            await session.execute(update(Batch).where(Batch.id == UUID(batch_id)).values(last_event_id=5))
            await record(session, UUID(batch_id), [NewEvent("job.progressed")])
        async with within(10):
            while "id: 6\n" not in await anext(text):
                pass
    assert f"missing in the log of batch {batch_id}: 4 events before event 6" in caplog.text


async def test_readers_that_never_read_are_cut_and_hurt_nobody(small: Api) -> None:
    """Three readers on a long log. The limits of the kernel and of the service hold each at some hundred kilobytes."""
    batch_id = await submit(small, "no-op", [{}], start=False)
    event = NewEvent("job.progressed", data={"message": "x" * 2000})
    for _ in range(4):
        async with small.installation.database.transaction() as session:
            await record(session, UUID(batch_id), [event] * 1000)
    host, port = str(small.base_url.host), small.base_url.port
    head = f"GET /api/batches/{batch_id}/events HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n"
    readers = []
    for _ in range(3):
        reader = socket.create_connection((host, port))
        reader.sendall(f"{head}{'Authorization'}: {small.headers['Authorization']}\r\n\r\n".encode())
        readers.append(reader)
    hub = small.installation.get(Hub)
    async with within(10):
        while hub.admission.count < 3:
            await asyncio.sleep(0.01)
        async with caller(small, await key_of(small, "Second")) as second:
            mine = await run(second, "no-op", [{}, {}])  # a healthy reader, meanwhile
        assert mine["status"] == "completed"
        while hub.admission.count:
            await asyncio.sleep(0.05)
    for reader in readers:
        reader.settimeout(10)
        taken = 0
        while part := await asyncio.to_thread(reader.recv, 1 << 20):
            taken += len(part)
        assert taken < 4_000_000  # half of the log; what the kernel had taken already, then the end
        reader.close()
