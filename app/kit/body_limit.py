"""Refuses request bodies over their limit, before they are read or as soon as they pass it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase

from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.errors import TooLarge, problem_response

SMALL_BODY = 64 * 1024
LINGER_SECONDS, LINGER_BYTES = 3.0, 64 * 1024 * 1024


class _EarlyAnswer:
    """Closes the connection when the answer comes before a large body was read: the rest of it is not wanted.

    First it takes in what the client is still sending, for a while: a connection closed over unread bytes is reset,
    and the client's kernel then drops the answer before the client has seen it.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send, self._closing = receive, send, False
        headers = dict(scope["headers"])
        length: bytes = headers.get(b"content-length", b"0")
        self._unread = b"transfer-encoding" in headers or (length.isdigit() and int(length) > SMALL_BODY)

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and self._unread:
            self._closing = True
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        if self._closing and message["type"] == "http.response.body" and not message.get("more_body", False):
            await self._send({**message, "more_body": True})
            await self._take_rest()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _take_rest(self) -> None:
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while self._unread and taken < LINGER_BYTES:
                    taken += len((await self.receive()).get("body", b""))


class BodyLimit:
    """ASGI middleware. `overrides` maps a path to its own limit in bytes.

    Routes that stream bodies watch over themselves: every path that matches a pattern of `raw`, in which `*` stands for
    anything, and multipart bodies on a path of `multipart`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        overrides: Mapping[str, int],
        raw: tuple[str, ...] = (),
        multipart: tuple[str, ...] = (),
    ) -> None:
        self.app, self.limit, self.overrides, self.raw, self.multipart = app, limit, overrides, raw, multipart

    def _is_streamed(self, scope: Scope) -> bool:
        if any(fnmatchcase(scope["path"], pattern) for pattern in self.raw):
            return True
        kind: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        return scope["path"] in self.multipart and kind.lower().startswith(b"multipart/form-data")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            early = _EarlyAnswer(scope, receive, send)
            receive, send = early.receive, early.send
        if scope["type"] != "http" or self._is_streamed(scope):
            await self.app(scope, receive, send)
            return
        limit = self.overrides.get(scope["path"].rstrip("/"), self.limit)
        detail = f"The body is larger than {limit:,} bytes."
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > limit:
            answer = problem_response(Request(scope), TooLarge.status, TooLarge.code, TooLarge.title, detail)
            await answer(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # FastAPI turns any other exception met while it reads a body into a 400.
                raise HTTPException(413, detail)
            return message

        await self.app(scope, counted, send)
