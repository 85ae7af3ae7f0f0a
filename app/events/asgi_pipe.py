"""A reader's connection where the server gives none: what is written goes through ASGI, by a task."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Message, Receive, Send

from app.events.reader import Reader
from app.kit.web.taken_connection import HIGH_WATER


class Pipe(asyncio.Transport):
    """A transport of which only that much is there that a reader needs."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._changed, self._dropped = asyncio.Event(), asyncio.Event()
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            return
        self._waiting.append(bytes(data))
        self._size += len(data)
        self._changed.set()
        if self._size > HIGH_WATER and not self._reader.write_paused:
            self._reader.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self._size

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True
        self._changed.set()

    def abort(self) -> None:
        self._closing = True
        self._dropped.set()

    async def run(self, start: Message, opening: bytes, receive: Receive, send: Send) -> None:
        """Answer with the header, and with what the reader writes until it closes this or the client leaves."""
        self._reader.attach(self)
        self._reader.start(opening)
        work = [
            asyncio.ensure_future(one) for one in (self._send_all(start, send), _leave(receive), self._dropped.wait())
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self._reader.connection_lost(None)

    async def _send_all(self, start: Message, send: Send) -> None:
        await send(start)
        while True:
            self._changed.clear()
            while self._waiting:
                data = self._waiting.popleft()
                await send({"type": "http.response.body", "body": data, "more_body": True})
                self._size -= len(data)
            if self._closing:
                break
            if self._reader.write_paused:
                self._reader.resume_writing()
            else:
                await self._changed.wait()
        await send({"type": "http.response.body", "body": b""})


async def _leave(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
