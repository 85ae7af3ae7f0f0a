"""Answers of servers that send too much, pack what they send, or send something else than JSON."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from app.kit.outbound.client import outbound_client
from app.kit.outbound.reading import (
    ERROR_BYTES,
    AnswerNotJson,
    AnswerPacked,
    AnswerTooLong,
    exchange,
    read_beginning,
    read_json,
)
from tests.kit.web_server import Server, respond, serving

MOST = 100_000


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(Server()) as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with outbound_client(allow=["127.0.0.0/8"]) as client:
        yield client


async def ask(client: httpx.AsyncClient, server: Server, answer: bytes) -> httpx.Response:
    server.answers["/"] = answer
    return await exchange(client, "POST", server.url(), most=MOST, json={"a": 1}, headers={"accept-encoding": "br"})


async def test_answer_of_the_longest_allowed_length(client: httpx.AsyncClient, server: Server) -> None:
    value = ["x" * (MOST - 4)]
    response = await ask(client, server, respond("200 OK", json.dumps(value).encode(), X_Kept="yes"))
    assert (response.status_code, response.headers["x-kept"], await read_json(response)) == (200, "yes", value)
    asked = server.requests[0].lower()
    assert "accept-encoding: identity" in asked
    assert "br" not in asked.split("accept-encoding")[1].splitlines()[0]


@pytest.mark.parametrize(
    "answer",
    [
        respond("200 OK", b"x" * (MOST + 1)),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * (MOST + 1),
        respond("200 OK", gzip.compress(b" " * 100_000_000), Content_Encoding="gzip"),
    ],
    ids=["announced", "not announced", "packed"],
)
async def test_answer_that_is_too_long(client: httpx.AsyncClient, server: Server, answer: bytes) -> None:
    with pytest.raises(AnswerTooLong, match="longer than 100,000 bytes"):
        await ask(client, server, answer)


async def test_packed_answers(client: httpx.AsyncClient, server: Server) -> None:
    packed = gzip.compress(b'{"found": ') + gzip.compress(b"true}")
    assert await read_json(await ask(client, server, respond("200 OK", packed, Content_Encoding="gzip"))) == {
        "found": True
    }
    for torn in (packed[:-3], b"not packed"):
        with pytest.raises(httpx.ReadError, match="damaged"):
            await ask(client, server, respond("200 OK", torn, Content_Encoding="gzip"))
    with pytest.raises(AnswerPacked):
        await ask(client, server, respond("200 OK", b"x", Content_Encoding="br"))


@pytest.mark.parametrize("body", [b"<html>", b'{"a":', b"[" * 5000, b"\xff\xfe"])
async def test_answer_that_is_no_json(client: httpx.AsyncClient, server: Server, body: bytes) -> None:
    response = await ask(client, server, respond("200 OK", body))
    with pytest.raises(AnswerNotJson):
        await read_json(response)


async def test_empty_answer_is_none(client: httpx.AsyncClient, server: Server) -> None:
    assert await read_json(await ask(client, server, respond("204 No Content"))) is None


@pytest.mark.parametrize("torn", [False, True])
async def test_refusal_keeps_its_status_whatever_its_body_is(
    client: httpx.AsyncClient, server: Server, torn: bool
) -> None:
    body = b"x" * 2 * ERROR_BYTES
    answer = respond("503 Service Unavailable", body, Retry_After="7")
    response = await ask(client, server, answer[: -ERROR_BYTES - 1] if torn else answer)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
    assert response.content == body[: ERROR_BYTES - 1 if torn else ERROR_BYTES]
    with pytest.raises(httpx.HTTPStatusError):
        response.raise_for_status()


async def test_beginning_of_a_body_that_never_ends(client: httpx.AsyncClient, server: Server) -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello")
        await writer.drain()
        await asyncio.Event().wait()

    server.answers["/"] = slowly
    async with client.stream("GET", server.url()) as response:
        assert await read_beginning(response, 5, 60) == b"hello"
    async with client.stream("GET", server.url()) as response:
        assert await read_beginning(response, 1000, 0.2) == b"hello"
