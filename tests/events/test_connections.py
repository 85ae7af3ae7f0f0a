"""Streams on real sockets, whose connection the server hands over: framing, load, what follows, and who gets stuck."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from app.batches.log import NewEvent, record
from app.events.hub import Hub
from app.kit.logs import FIELDS
from app.kit.web.connection_guard import GuardedProtocol
from bench.stream_clients import Seen, Watcher, connect_all
from bench.streams import caught_up
from tests.batch_helpers import submit
from tests.conftest import Api, make_home, make_settings, serving
from tests.patience import within

pytestmark = pytest.mark.own_service
IDS = re.compile(rb"^id: (\d+)$", re.MULTILINE)


@pytest.fixture(scope="module")
async def api(database_url: str) -> AsyncIterator[Api]:
    values = {"stream_send_timeout_seconds": 2.0, "streams_per_key": 500, "trusted_proxies": ""}
    settings = make_settings(make_home(), database_url, **values)
    async with serving(settings) as client:
        yield client


class Raw:
    """A stream as the bytes that come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer, self.seen = reader, writer, b""

    @classmethod
    async def open(cls, api: Api, batch_id: str, version: str = "1.1", *, limit: int = 2**16) -> Raw:
        host, port = str(api.base_url.host), api.base_url.port
        raw = cls(*await asyncio.open_connection(host, port, limit=limit))
        await raw.ask(api, f"/api/batches/{batch_id}/events", version)
        return raw

    async def ask(self, api: Api, path: str, version: str = "1.1") -> None:
        head = f"GET {path} HTTP/{version}\r\nHost: test\r\nAccept: text/event-stream\r\n"
        self.writer.write(f"{head}{'Authorization'}: {api.headers['Authorization']}\r\n\r\n".encode())
        await self.writer.drain()

    async def until(self, wanted: bytes) -> bytes:
        async with within(8):
            while wanted not in self.seen:
                part = await self.reader.read(65536)
                assert part, f"the connection ended before {wanted!r}"
                self.seen += part
        return self.seen

    async def read_slowly(self, wanted: bytes) -> None:
        while wanted not in self.seen[-4000:]:
            part = await self.reader.read(8192)
            assert part, "it was cut"
            self.seen += part
            await asyncio.sleep(0.001)

    async def rest(self) -> bytes:
        async with within(8):
            while part := await self.reader.read(65536):
                self.seen += part
        return self.seen

    def close(self) -> None:
        self.writer.transport.abort()


async def write(api: Api, batch_id: str, *, events: int = 1, size: int = 0) -> None:
    event = NewEvent("job.progressed", data={"message": "x" * size} if size else {})
    async with api.installation.database.transaction() as session:
        await record(session, UUID(batch_id), [event] * events)


async def end(api: Api, batch_id: str) -> None:
    assert (await api.post(f"/api/batches/{batch_id}/start")).status_code == 200


def bodies(answer: bytes) -> bytes:
    """The body of a chunked answer, whose framing must be whole."""
    rest, found = answer.partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        assert rest[length : length + 2] == b"\r\n"
        found, rest = found + rest[:length], rest[length + 2 :]
        if not length:
            return found
    raise AssertionError("the body has no end")


async def until(condition: Callable[[], bool]) -> None:
    async with within(8):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_stream_is_chunked_to_its_end_and_the_connection_serves_on(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    raw = await Raw.open(api, batch_id)
    await raw.until(b"batch.created")
    await write(api, batch_id, events=3)
    await raw.until(b"id: 4\n")
    await end(api, batch_id)
    answer = await raw.until(b"\r\n0\r\n\r\n")
    numbers = [int(one) for one in IDS.findall(bodies(answer))]
    assert numbers == list(range(1, len(numbers) + 1))
    assert b"transfer-encoding: chunked" in answer
    raw.seen = b""
    await raw.ask(api, "/healthz")
    assert (await raw.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    raw.close()


async def test_http_1_0_is_sent_no_chunks_and_ends_with_the_connection(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    raw = await Raw.open(api, batch_id, "1.0")
    await raw.until(b"batch.created")
    await write(api, batch_id)
    await raw.until(b"id: 2\n")
    await end(api, batch_id)
    head, _, body = (await raw.rest()).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body.startswith(b"retry: ")
    assert re.sub(rb"(?m)^(id|event|data|retry|:).*\n", b"", body).strip() == b""


async def test_a_request_that_came_during_a_stream_is_answered_after_it(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    raw = await Raw.open(api, batch_id)
    await raw.until(b"batch.created")
    await raw.ask(api, "/healthz")
    await end(api, batch_id)
    await raw.until(b"\r\n0\r\n\r\nHTTP/1.1 200")
    raw.close()


async def test_a_stream_behind_another_request_of_its_connection_is_served_as_well(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    host, port = str(api.base_url.host), api.base_url.port
    raw = Raw(*await asyncio.open_connection(host, port))
    path = f"/api/batches/{batch_id}/events"
    await asyncio.gather(raw.ask(api, path), raw.ask(api, "/healthz"))  # two at once: the first is not all there is
    await raw.until(b"batch.created")
    await end(api, batch_id)
    await raw.until(b"\r\n0\r\n\r\nHTTP/1.1 200")
    raw.close()


async def test_nobody_misses_or_repeats_an_event_beside_slow_stuck_and_leaving_readers(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    hub, address = api.installation.get(Hub), (str(api.base_url.host), api.base_url.port or 0)
    key = api.headers["Authorization"].removeprefix("Bearer ")
    seen = Seen()
    steady = [Watcher(address, key, batch_id, seen) for _ in range(40)]
    leaving = [Watcher(address, key, batch_id, seen) for _ in range(10)]
    async with within(60):
        await connect_all([*steady, *leaving])
        slow = await Raw.open(api, batch_id, limit=1024)
        stuck = await Raw.open(api, batch_id, limit=1024)
        stuck.reader._transport.pause_reading()  # type: ignore[attr-defined]
        last = 1 + 40 * 60
        reading = asyncio.create_task(slow.read_slowly(b"id: %d\n" % last))
        last = 1
        for turn in range(60):
            await write(api, batch_id, events=40, size=800)
            last += 40
            for watcher in leaving:
                watcher._transport.abort()  # type: ignore[union-attr]
            if turn % 20 == 0:
                await caught_up(steady, {batch_id: last})
        await caught_up([*steady, *leaving], {batch_id: last})
        await reading
        numbers = [int(one) for one in IDS.findall(re.sub(rb"\r\n[0-9a-f]+\r\n", b"", slow.seen))]
        assert numbers == list(range(1, last + 1))
        assert (seen.gaps, seen.repeats) == (0, 0)
        slow.close()
        for watcher in [*steady, *leaving]:
            watcher.stop()
        while hub.admission.count:  # the stuck one is cut
            await asyncio.sleep(0.05)
    stuck.close()
    assert hub._topics == {}


async def test_who_takes_nothing_is_cut_however_little_waits_for_them(api: Api) -> None:
    """Less than what stops us from writing waits for this reader: only its age shows that it is gone."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    hub = api.installation.get(Hub)
    raw = await Raw.open(api, batch_id, limit=1024)
    await raw.until(b"batch.created")
    raw.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: hub.admission.count == 1)
    (reader,) = hub.readers
    async with within(30):
        while not reader.transport.get_write_buffer_size():
            await write(api, batch_id, events=10, size=4000)
        assert not reader.write_paused
        while hub.admission.count:
            await asyncio.sleep(0.05)
    raw.close()


async def test_a_connection_goes_back_while_more_waits_than_a_request_may_leave(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """A stream lets 256 KB wait, a request 64: the server is asked to pause as soon as it has the connection again."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    hub = api.installation.get(Hub)
    raw = await Raw.open(api, batch_id, limit=1024)
    await raw.until(b"batch.created")
    raw.reader._transport.pause_reading()  # type: ignore[attr-defined]
    await until(lambda: hub.admission.count == 1)
    (reader,) = hub.readers
    async with within(30):
        while reader.transport.get_write_buffer_size() < 70_000:
            sent = reader.sent
            await write(api, batch_id, size=30_000)
            await until(lambda sent=sent: reader.sent > sent)  # type: ignore[misc]
    assert not reader.write_paused
    await end(api, batch_id)
    await until(lambda: not hub.admission.count)
    raw.reader._transport.resume_reading()  # type: ignore[attr-defined]
    await raw.until(b"\r\n0\r\n\r\n")
    raw.seen = b""
    await raw.ask(api, "/healthz")
    assert (await raw.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    raw.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_stream_that_ended_is_logged_as_a_whole(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="tranche.access")
    batch_id = await submit(api, "no-op", [{}], start=False)
    raw = await Raw.open(api, batch_id)
    await raw.until(b"batch.created")
    route = "/api/batches/{batch_id}/events"

    def lines() -> list[dict[str, Any]]:
        return [fields for one in caplog.records if (fields := getattr(one, FIELDS, {})).get("route") == route]

    assert lines() == []
    await end(api, batch_id)
    answer = await raw.until(b"\r\n0\r\n\r\n")
    await until(lambda: bool(lines()))
    (fields,) = lines()
    assert (fields["status"], fields["bytes"]) == (200, len(bodies(answer)))
    assert fields["batch_id"] == batch_id
    assert fields["duration_ms"] > 0
    raw.close()


async def test_streams_count_as_connections_of_their_address_until_they_end(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    raw = await Raw.open(api, batch_id)
    await raw.until(b"batch.created")
    hub = api.installation.get(Hub)
    (reader,) = hub.readers
    guard = reader._home
    assert isinstance(guard, type)
    assert issubclass(guard, GuardedProtocol)
    before = guard._open["127.0.0.1"]
    assert before
    raw.close()
    await until(lambda: guard._open["127.0.0.1"] < before)
    assert hub.admission.count == 0


async def test_a_server_that_gives_no_connection_serves_streams_by_asgi(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    headers = [(b"host", b"test"), (b"accept", b"text/event-stream")]
    headers.append((b"authorization", api.headers["Authorization"].encode()))
    path = f"/api/batches/{batch_id}/events"
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
    scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers}
    scope |= {"client": ("127.0.0.1", 1), "server": ("test", 80), "state": {}}

    async def following() -> tuple[asyncio.Task[None], Callable[[bytes], Any]]:
        call = asyncio.create_task(api.app(dict(scope), receive, sent.put))  # type: ignore[arg-type]
        assert (await sent.get())["status"] == 200
        got = b""

        async def told(wanted: bytes) -> bytes:
            nonlocal got
            while wanted not in got:
                got += (await sent.get())["body"]
            return got

        return call, told

    async with within(30):
        call, told = await following()
        await told(b"id: 1\n")
        await write(api, batch_id)
        await told(b"id: 2\n")
        left.set()
        await call
        left.clear()
        call, told = await following()
        await told(b"id: 2\n")
        await end(api, batch_id)
        await told(b"event: batch.completed")
        await call
        while (message := await sent.get()).get("more_body"):
            pass
        assert message["body"] == b""
        assert api.installation.get(Hub).admission.count == 0


async def test_the_hubs_turn_gives_back_the_memory_of_streams_that_ended(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, tidied = api.installation.get(Hub), asyncio.Event()

    async def tidy() -> None:
        tidied.set()

    monkeypatch.setattr(hub.admission, "tidy", tidy)
    hub.wake()
    async with within(10):
        await tidied.wait()
