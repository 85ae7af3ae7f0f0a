"""An answer that comes before its request's body was read, so that the client sees it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from starlette.types import Message, Receive, Scope, Send

SMALL_BODY: Final = 64 * 1024
"""Bytes that anybody may send, and that are parsed on the event loop: 6 ms of it at the worst."""
LINGER_SECONDS, LINGER_BYTES = 3.0, 64 * 1024 * 1024


def declared_length(scope: Scope) -> int | None:
    """The Content-Length of a request, 0 without a body; None when its body comes in chunks of unknown number."""
    headers = dict(scope["headers"])
    if b"transfer-encoding" in headers:
        return None
    length: bytes = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() and len(length) < 19 else 0


class EarlyAnswer:
    """Closes the connection when the answer comes before a large body was read: the rest of it is not wanted.

    First it takes in what the client is still sending, for a while: a connection closed over unread bytes is reset,
    and the client's kernel then drops the answer before the client has seen it. A client that asked first
    (`Expect: 100-continue`) and was not told to go on sends nothing.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive, self._send, self._closing = receive, send, False
        length = declared_length(scope)
        self._unread = length is None or length > SMALL_BODY
        self._waits = dict(scope["headers"]).get(b"expect", b"").lower() == b"100-continue"

    def give_up(self) -> None:
        """Close the connection after the answer, whatever is still to come."""
        self._unread = self._waits = True

    async def receive(self) -> Message:
        self._waits = False
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
            if not self._waits:
                await self._take_rest()
            message = {"type": "http.response.body"}
        await self._send(message)

    async def _take_rest(self) -> None:
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while self._unread and taken < LINGER_BYTES:
                    taken += len((await self.receive()).get("body", b""))
