"""One client's stream: replay from its cursor, then live, until the batch ends, the client leaves or we do."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.events.frames import HEARTBEAT, bye_frame, opening_frame, passing_frame
from app.events.hub import Hub, Topic

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
MAX_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Seconds of silence before a heartbeat, of life before a polite end, and of patience with a stuck reader."""

    heartbeat: float
    max_age: float
    send_timeout: float


async def frames_after(hub: Hub, topic: Topic, cursor: int, limits: StreamLimits) -> AsyncIterator[bytes]:
    """Chunks of whole frames after the cursor, until the batch's last event, the stream's greatest age, or bye."""
    deadline = time.monotonic() + limits.max_age * random.uniform(0.8, 1.2)
    while True:
        changed = topic.waiter()
        frames = topic.after(cursor)
        if frames is None:
            frames = await hub.page(topic.batch_id, cursor)
        if frames:
            cursor = frames[-1][0]
            for chunk in _chunks([frame for _, frame, _ in frames]):
                yield chunk
            if frames[-1][2] or time.monotonic() > deadline:
                return
            continue
        if hub.stopping.is_set():
            yield bye_frame()
            return
        if time.monotonic() > deadline:
            return
        try:
            async with asyncio.timeout(limits.heartbeat):
                await changed.wait()
        except TimeoutError:
            yield HEARTBEAT


def _chunks(frames: list[bytes]) -> list[bytes]:
    """Frames joined into pieces of at most about 64 KiB, so that one send covers many small events."""
    chunks: list[bytes] = []
    gathered, size = [], 0
    for frame in frames:
        gathered.append(frame)
        size += len(frame)
        if size >= MAX_CHUNK:
            chunks.append(b"".join(gathered))
            gathered, size = [], 0
    return [*chunks, b"".join(gathered)] if gathered else chunks


class EventStream(Response):
    """The response: our own rather than a library's, for the memory of thousands of idle streams and a polite end."""

    def __init__(
        self,
        hub: Hub,
        batch_id: UUID,
        last_event_id: int,
        cursor: int,
        limits: StreamLimits,
        reset: dict[str, object] | None = None,
    ) -> None:
        """`reset`, when given, is told first: the client must drop what it has, and replay follows."""
        super().__init__(headers=HEADERS | {"Last-Event-ID": str(last_event_id)})
        del self.headers["content-length"]
        self._hub, self._batch_id, self._last, self._cursor = hub, batch_id, last_event_id, cursor
        self._limits, self._reset = limits, reset

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        sending = asyncio.ensure_future(self._send_all(send))
        leaving = asyncio.ensure_future(_until_disconnect(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            with suppress(asyncio.CancelledError, TimeoutError, OSError):
                await sending

    async def _send_all(self, send: Send) -> None:
        async def put(body: bytes, more: bool = True) -> None:
            async with asyncio.timeout(self._limits.send_timeout):
                await send({"type": "http.response.body", "body": body, "more_body": more})

        with self._hub.follow(self._batch_id, self._last) as topic:
            await put(opening_frame() + (passing_frame("reset", self._reset) if self._reset else b""))
            async for chunk in frames_after(self._hub, topic, self._cursor, self._limits):
                await put(chunk)
        await put(b"", more=False)


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
