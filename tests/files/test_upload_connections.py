"""Uploads seen from the wire: cut, too large, and answered before they were read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from app.kit.web.early_answer import LINGER_BYTES, LINGER_SECONDS
from tests.conftest import Api
from tests.files.bodies import FORM, Wire, eventually, form, part, rows_of, spooled, stored
from tests.patience import patient

MIB = 1024 * 1024
LIMIT = 8 * MIB
TYPE = FORM["Content-Type"]
OPENING = form(part("pipeline", "no-op"), part("files", b"", "big.bin"), closed=False)[:-2]
BUFFERS = 16 * MIB
"""What the kernel takes in on both sides of a connection without anyone having read it."""


@pytest.fixture(autouse=True)
async def nothing_is_left(api: Api) -> AsyncIterator[None]:
    before = await rows_of(api), stored(api)
    yield
    await eventually(lambda: spooled(api) == [])
    assert (await rows_of(api), stored(api)) == before


@pytest.mark.parametrize(
    ("method", "path", "body"), [("POST", "/api/jobs/batch", OPENING), ("PUT", "/api/files/a", b"")]
)
async def test_cut_connection_leaves_nothing(api: Api, method: str, path: str, body: bytes) -> None:
    wire = await Wire.to(api)
    await wire.head(method, path, Content_Type=TYPE, Content_Length=str(4 * MIB))
    await wire.send(body + b"x" * MIB)
    await eventually(lambda: sum(file.stat().st_size for file in spooled(api)) > 0)
    wire.cut()


async def test_too_large_by_its_own_word_is_refused_before_it_is_sent(api: Api) -> None:
    for method, path in (("POST", "/api/jobs/batch"), ("PUT", "/api/files/a")):
        wire = await Wire.to(api)
        await wire.head(method, path, Content_Type=TYPE, Content_Length=str(1 << 40))
        status, _, problem = await wire.answer()
        assert status == 413
        assert b'"code":"upload_too_large"' in problem
        assert spooled(api) == []
        wire.cut()


async def test_sender_that_asks_first_is_told_no_before_it_sends(api: Api) -> None:
    wire = await Wire.to(api)
    await wire.head("PUT", "/api/files/a", Content_Length=str(1 << 40), Expect="100-continue")
    status, _, _ = await wire.answer()
    assert status == 413
    wire.cut()


@pytest.mark.parametrize(
    ("method", "path", "body"), [("POST", "/api/jobs/batch", OPENING), ("PUT", "/api/files/a", b"")]
)
async def test_endless_body_is_stopped_early(api: Api, method: str, path: str, body: bytes) -> None:
    wire = await Wire.to(api)
    await wire.head(method, path, Content_Type=TYPE, Transfer_Encoding="chunked")
    answer, sent, began = asyncio.create_task(wire.answer()), 0, time.monotonic()
    try:
        await wire.send_chunk(body or b"x")
        while sent < 100 * LIMIT:
            await wire.send_chunk(b"x" * MIB)
            sent += MIB
    except ConnectionError:
        pass
    assert sent <= LIMIT + LINGER_BYTES + BUFFERS
    assert time.monotonic() - began < LINGER_SECONDS + patient(5)
    status, headers, _ = await answer
    assert status == 413
    assert b"connection: close" in headers


async def test_client_that_sends_everything_first_still_sees_the_answer(api: Api) -> None:
    body = form(part("pipeline", "no-op"), *(part("files", b"x" * (3 * MIB), f"{n}.bin") for n in range(8)))
    for headers in (FORM, FORM | {"Authorization": "Bearer wrong"}):
        answer = await api.post("/api/jobs/batch", content=body, headers=headers)
        assert answer.status_code == (401 if "Authorization" in headers else 413)
        assert answer.headers["Connection"] == "close"


async def test_refused_sender_is_let_go(api: Api) -> None:
    wire = await Wire.to(api)
    await wire.head("PUT", "/api/files/a", key="wrong", Transfer_Encoding="chunked")
    status, _, _ = await wire.answer()
    assert status == 401
    assert await wire.is_closed(LINGER_SECONDS + 5)


async def test_small_bodies_keep_the_connection(api: Api) -> None:
    wire = await Wire.to(api)
    for _ in range(2):
        await wire.head("POST", "/api/jobs/batch", Content_Type="text/plain", Content_Length="4")
        await wire.send(b"text")
        status, headers, _ = await wire.answer()
        assert status == 400
        assert b"connection: close" not in headers
    wire.cut()
