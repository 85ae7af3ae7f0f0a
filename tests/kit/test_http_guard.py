"""Slow senders are cut off; those who are only waited for are not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest

from app.kit.web.body_limit import STREAMED_RATE
from tests.conftest import ADMIN_KEY, Api, make_home, make_settings, serving
from tests.files.bodies import FORM, form, part
from tests.patience import patient, within

PATIENCE = patient(0.25)
HEAD = f"POST /api/batches HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
SLOW = {
    "silent": b"",
    "half a request line": b"GET /heal",
    "half a header": HEAD.encode() + b"X-Half: ",
    "no body": f"{HEAD}Content-Type: application/json\r\nContent-Length: 40\r\n\r\n".encode(),
    "half a body": f'{HEAD}Content-Type: application/json\r\nContent-Length: 40\r\n\r\n{{"pipe'.encode(),
    "half a chunk": f"{HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{{".encode(),
}


@pytest.fixture(scope="module")
async def api(database_url: str) -> AsyncIterator[Api]:
    settings = make_settings(make_home(), database_url, request_patience_seconds=PATIENCE, stream_heartbeat_seconds=0.2)
    async with serving(settings) as client:
        yield client


async def talk(api: Api, *parts: bytes) -> tuple[bytes, float]:
    """What comes back until the service closes the connection, and after how many seconds."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", api.base_url.port)
    for piece in parts:
        writer.write(piece)
        await writer.drain()
    async with within(10):
        answer = await reader.read()
    writer.close()
    return answer, time.monotonic() - began


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
async def test_who_does_not_go_on_is_cut_off(api: Api, sent: bytes) -> None:
    answer, seconds = await talk(api, sent)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b'"code": "request_timeout"' in answer
    assert PATIENCE * 0.9 < seconds < PATIENCE + patient(5)


async def test_a_second_request_on_a_connection_must_arrive_too(api: Api) -> None:
    answer, _ = await talk(api, b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHo")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


async def test_many_slow_senders_hold_up_nobody(api: Api) -> None:
    slow = [asyncio.create_task(talk(api, sent)) for sent in list(SLOW.values()) * 80]
    began = time.monotonic()
    assert (await api.get("/healthz")).status_code == 200
    assert time.monotonic() - began < patient(2)
    assert {answer[:12] for answer, _ in await asyncio.gather(*slow)} == {b"HTTP/1.1 408"}


@pytest.mark.parametrize("pieces", [1, 40], ids=["at once", "in pieces"])
async def test_a_header_over_64_kb_is_refused(api: Api, pieces: int) -> None:
    line = b"X-Long: " + b"x" * 66_000
    size = len(line) // pieces + 1
    parts = [line[first : first + size] for first in range(0, len(line), size)]
    answer, _ = await talk(api, b"GET /healthz HTTP/1.1\r\nHost: test\r\n", *parts, b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 431 ")


async def test_what_is_no_http_is_a_400(api: Api) -> None:
    answer, _ = await talk(api, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_a_body_that_keeps_coming_may_take_its_time(api: Api) -> None:
    body = form(part("pipeline", "checksum"), part("files", bytes(int(4 * PATIENCE * STREAMED_RATE)), "a.txt"))

    async def slowly() -> AsyncIterator[bytes]:
        for first in range(0, len(body), len(body) // 6):
            yield body[first : first + len(body) // 6]
            await asyncio.sleep(PATIENCE / 3)

    assert (await api.post("/api/jobs/batch", content=slowly(), headers=FORM)).status_code == 201


@pytest.mark.parametrize("path", ["/api/jobs/batch", "/api/session", "/api/batches"])
async def test_a_body_that_drips_is_cut_off(api: Api, path: str) -> None:
    kind = FORM["Content-Type"] if path == "/api/jobs/batch" else "application/json"
    head = f"POST {path} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {ADMIN_KEY}\r\nContent-Type: {kind}\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", api.base_url.port)
    writer.write(f"{head}Content-Length: 60000\r\n\r\n".encode())
    answer = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    async with within(20):
        while not answer.done():
            writer.write(b"-")
            await asyncio.wait([answer], timeout=PATIENCE / 5)
        assert (await answer).startswith(b"HTTP/1.1 408 ")
        with suppress(ConnectionResetError):  # what is written to a connection that is closed resets it
            await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.0\r\n\r\n", b"200"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", b"200"),
    ],
)
async def test_a_request_names_one_host(api: Api, head: bytes, status: bytes) -> None:
    answer, _ = await talk(api, head)
    assert answer.split(b" ")[1] == status


async def test_connections_of_an_address_are_counted(database_url: str) -> None:
    settings = make_settings(make_home(), database_url, trusted_proxies="10.0.0.1", connections_per_address=8)
    async with serving(settings) as api:
        opened = [await asyncio.open_connection("127.0.0.1", api.base_url.port) for _ in range(8)]
        answer, _ = await talk(api)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"too_many_connections" in answer
        for _, writer in opened:
            writer.close()
        async with within(5):
            while (await talk(api, b"GET /healthz HTTP/1.0\r\n\r\n"))[0][9:12] != b"200":
                await asyncio.sleep(0)


async def test_streams_and_idle_connections_stay(api: Api) -> None:
    batch_id = (
        await api.post("/api/batches", json={"pipeline": "no-op", "start": False, "items": [{"record": {}}]})
    ).json()
    path, heartbeats = f"/api/batches/{batch_id['batch_id']}/events", 0
    async with httpx.AsyncClient(base_url=api.base_url, headers=api.headers) as client:
        await client.get("/healthz")
        async with client.stream("GET", path, headers={"Accept": "text/event-stream"}) as reply:
            async for text in reply.aiter_text():
                heartbeats += text.count(": hb")
                if heartbeats * 0.2 > 2 * PATIENCE:
                    break
        assert (await client.get("/healthz")).status_code == 200
