"""A server that webhooks are sent to: it answers as a test says, and keeps what it got."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from standardwebhooks import Webhook

from tests.patience import within

Answer = int | bytes | Callable[["Received"], Awaitable[int]]


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The JSON, if the reference library takes the signature."""
        return Webhook(secret).verify(self.body, self.headers)


class Receiver:
    """`answers` are used up in order; then it says 200. Paths are kept apart by `on`."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: deque[Answer] = deque()
        self.received: list[Received] = []
        self._received = asyncio.Condition()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def on(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]

    async def wait(self, path: str, count: int, seconds: float = 30) -> list[Received]:
        """What came to a path, once there are `count`."""
        async with within(seconds), self._received:
            await self._received.wait_for(lambda: len(self.on(path)) >= count)
        return self.on(path)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().partition(": ")[::2] for line in head[1:] if line)
            headers |= dict(line.partition(": ")[::2] for line in head[1:] if line.lower().startswith("webhook-"))
            body = await reader.readexactly(int(headers["content-length"]))
            request = Received(head[0].split()[1], headers, body.decode())
            answer: Any = self.answers.popleft() if self.answers else 200
            async with self._received:
                self.received.append(request)
                self._received.notify_all()
            if callable(answer):
                answer = await answer(request)
            if isinstance(answer, int):
                answer = b"HTTP/1.1 %d So\r\nContent-Length: 6\r\nConnection: close\r\n\r\nanswer" % answer
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server:
        yield receiver


def redirect_to(url: str) -> bytes:
    return f"HTTP/1.1 307 Elsewhere\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def decoded(request: Received) -> Any:
    return json.loads(request.body)
