"""Streams that are opened at the door are answered as the application would, and what is not plain is left to it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from app.events import openings
from app.events.hub import Hub
from app.events.openings import Openings
from app.events.stream import EventStream
from app.kit.logs import FIELDS
from app.kit.web.connection_guard import GuardedProtocol
from tests.batch_helpers import submit
from tests.conftest import Api, make_home, make_settings, serving
from tests.patience import within

pytestmark = pytest.mark.own_service
VARYING = re.compile(rb"(?m)^(date|x-request-id|ratelimit): .*$|^retry: \d+$")
FORWARDED = "X-Forwarded-For: 192.0.2.9\r\nX-Forwarded-Proto: https\r\nX-Request-Id: mine\r\n"


@pytest.fixture(scope="module")
async def api(database_url: str) -> AsyncIterator[Api]:
    values = {"trusted_proxies": "127.0.0.1", "streams_per_key": 3, "rate_organisation_per_minute": 40}
    async with serving(make_settings(make_home(), database_url, **values)) as client:
        yield client


@pytest.fixture
def left_to_application(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that the application was given."""
    seen: list[str] = []
    start = GuardedProtocol.serve

    def serve(self: GuardedProtocol) -> None:
        seen.append(self.scope["path"])
        start(self)

    monkeypatch.setattr(GuardedProtocol, "serve", serve)
    return seen


async def answer(api: Api, path: str, headers: str = "", *, scheme: str = "Bearer", key: str = "", until: str) -> bytes:
    """The bytes of an answer up to a word in it."""
    reader, writer = await asyncio.open_connection(str(api.base_url.host), api.base_url.port)
    key = key or api.headers["Authorization"].removeprefix("Bearer ")
    head = f"GET {path} HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\nAuthorization: {scheme} {key}\r\n"
    writer.write(f"{head}{headers}\r\n".encode())
    async with within(10):
        seen = await reader.readuntil(until.encode())
    writer.transport.abort()
    async with within(10):
        while api.installation.get(Hub).admission.count:
            await asyncio.sleep(0.01)
    return seen


async def test_a_stream_is_answered_byte_for_byte_as_by_the_application(
    api: Api, left_to_application: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The application is made to answer by a word for the scheme that is right, and rare."""
    caplog.set_level(logging.INFO, logger="tranche.access")
    batch_id = await submit(api, "no-op", [{}], start=False)
    path = f"/api/batches/{batch_id}/events"
    for headers in ("", FORWARDED, "Last-Event-ID: 0\r\n"):
        left_to_application.clear()
        caplog.clear()
        here = await answer(api, path, headers, until="}\n\n\r\n")
        there = await answer(api, path, headers, scheme="BEARER", until="}\n\n\r\n")
        assert VARYING.sub(rb"\1", here) == VARYING.sub(rb"\1", there)
        assert here.startswith(b"HTTP/1.1 200 OK\r\n")
        assert (b"strict-transport-security" in here) == (headers == FORWARDED)
        assert left_to_application == []
        async with within(10):
            while len(lines := _lines(caplog)) < 2:
                await asyncio.sleep(0.01)
        for fields in lines:
            del fields["duration_ms"]
            if headers != FORWARDED:
                del fields["request_id"]
        assert lines[0] == lines[1]


def _lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    found = [dict(getattr(one, FIELDS, {})) for one in caplog.records]
    return [fields for fields in found if fields.get("route") == openings.ROUTE]


async def test_the_application_is_not_asked_for_a_plain_stream(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)

    async def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(EventStream, "__call__", fail)
    path = f"/api/batches/{batch_id}/events"
    assert b"batch.created" in await answer(api, path, until="}\n\n\r\n")
    assert b"batch.created" not in await answer(api, f"{path}?last_event_id=1", until=": connected")


async def test_what_is_refused_is_refused_by_the_application(api: Api, left_to_application: list[str]) -> None:
    batch_id = await submit(api, "no-op", [{}])
    path = f"/api/batches/{batch_id}/events"
    whole = await answer(api, path, until="\r\n0\r\n\r\n")
    last = int(re.findall(rb"(?m)^id: (\d+)$", whole)[-1])
    left_to_application.clear()
    assert b" 204 " in await answer(api, path, f"Last-Event-ID: {last}\r\n", until="\r\n\r\n")
    assert b"unknown_id" in await answer(api, path, "Last-Event-ID: 99\r\n", until="}\n\n\r\n")
    assert b" 401 " in await answer(api, path, key="trn_none", until="\r\n\r\n")
    assert b" 404 " in await answer(api, f"/api/batches/{uuid4()}/events", until="\r\n\r\n")
    assert len(left_to_application) == 4


async def test_streams_that_come_together_share_what_is_looked_up_and_keep_the_limit_of_their_key(
    api: Api, left_to_application: list[str]
) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    path, address = f"/api/batches/{batch_id}/events", (str(api.base_url.host), api.base_url.port)
    head = f"GET {path} HTTP/1.1\r\nHost: test\r\nAccept: text/event-stream\r\n"
    request = f"{head}{'Authorization'}: {api.headers['Authorization']}\r\n\r\n".encode()
    async with within(20):
        pairs = await asyncio.gather(*(asyncio.open_connection(*address) for _ in range(6)))
        for _, writer in pairs:
            writer.write(request)
        heads = [await reader.readuntil(b"\r\n\r\n") for reader, _ in pairs]
        assert sorted(int(one.split()[1]) for one in heads) == [200, 200, 200, 429, 429, 429]
        assert len(left_to_application) == 3
        for _, writer in pairs:
            writer.transport.abort()
        while api.installation.get(Hub).admission.count:
            await asyncio.sleep(0.01)


async def test_a_request_is_counted_once_also_where_it_is_refused(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)

    async def left() -> tuple[int, int, int]:
        seen = await answer(api, f"/api/batches/{batch_id}/events", until="\r\n\r\n")
        of_key, of_organisation = re.findall(rb'";r=(\d+)', seen)
        return int(seen.split()[1]), int(of_key), int(of_organisation)

    before = await left()
    assert before[0] == 200
    for _ in range(before[2]):
        now = await left()
        assert now == (200, before[1] - 1, before[2] - 1)
        before = now
    assert before[2] == 0
    assert await left() == (429, before[1] - 1, 0)
    assert await left() == (429, before[1] - 2, 0)


async def test_the_door_is_shut_where_a_room_brings_middleware_of_its_own(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = {"type": "http", "method": "GET", "path": f"/api/batches/{uuid4()}/events", "query_string": b""}
    scope["headers"] = [(b"authorization", b"Bearer key"), (b"accept", b"text/event-stream")]
    assert Openings(api.installation).show(object(), scope)  # type: ignore[arg-type]
    monkeypatch.setattr(openings, "_SEEN_THROUGH", frozenset())
    assert Openings(api.installation).show(object(), scope) is None  # type: ignore[arg-type]
