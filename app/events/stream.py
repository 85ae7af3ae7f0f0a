"""One client's stream: replay from its cursor, then live, until the batch ends, the client leaves or we do."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.auth.caller import Caller
from app.events.errors import NoStreamsLeft, TooManyStreams
from app.events.feeds import Audience
from app.events.frames import HEARTBEAT, Frame, behind_frame, bye_frame, opening_frame
from app.events.hub import READ_ERRORS, RETRY_SECONDS, Hub
from app.events.metrics import CUT
from app.events.settings import StreamSettings
from app.events.topic import Topic
from app.kit.container import container_of
from app.kit.declarations import raises
from app.kit.http_guard import abort
from app.limits.errors import QuotaExceeded
from app.limits.streams import StreamSlots

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
MAX_CHUNK: Final = 64 * 1024
Chunks = AsyncGenerator[bytes, None]


async def batch_chunks(
    hub: Hub, settings: StreamSettings, batch_id: UUID, last_event_id: int, cursor: int, opening: bytes = b""
) -> Chunks:
    """A batch's events after the cursor. `opening` is sent first; `last_event_id` is what the table held just now."""

    async def catch_up(cursor: int) -> list[Frame]:
        return await hub.page(batch_id, cursor)

    with hub.follow(batch_id, last_event_id) as topic:
        yield opening_frame() + opening
        async with aclosing(_chunks_after(hub, settings, topic, cursor, catch_up)) as chunks:
            async for chunk in chunks:
                yield chunk


async def list_chunks(hub: Hub, settings: StreamSettings, audience: Audience) -> Chunks:
    """What happens to the batches that the readers may see from now on."""
    async with hub.feeds.follow(audience) as feed:

        async def catch_up(cursor: int) -> list[Frame]:
            return [(feed.last, behind_frame(), False)]

        start = feed.last
        yield opening_frame()
        async with aclosing(_chunks_after(hub, settings, feed, start, catch_up)) as chunks:
            async for chunk in chunks:
                yield chunk


async def _chunks_after(
    hub: Hub, settings: StreamSettings, topic: Topic, cursor: int, catch_up: Callable[[int], Awaitable[list[Frame]]]
) -> Chunks:
    """Chunks of whole frames after the cursor, until the last event, the stream's greatest age, or bye.

    `catch_up` gives frames after a cursor that the topic's tail no longer reaches.
    """
    deadline = time.monotonic() + settings.stream_max_age_seconds * random.uniform(0.8, 1.2)
    while True:
        changed = topic.waiter()
        frames = topic.after(cursor)
        if frames is None:
            try:
                frames = await catch_up(cursor)
            except READ_ERRORS:
                if not hub.stopping.is_set():
                    await asyncio.sleep(RETRY_SECONDS * random.uniform(1, 2))
                    continue
        if frames:
            cursor, over = frames[-1][0], frames[-1][2]
            for chunk in _joined(frames):
                yield chunk
            if over or time.monotonic() > deadline:
                return
            continue
        if hub.stopping.is_set():
            yield bye_frame()
            return
        if topic.gone or time.monotonic() > deadline:
            return
        try:
            async with asyncio.timeout(settings.stream_heartbeat_seconds):
                await changed.wait()
        except TimeoutError:
            yield HEARTBEAT


def _joined(frames: list[Frame]) -> Iterator[bytes]:
    """Frames in pieces of at most about 64 KiB, so that one send covers many small events."""
    gathered, size = [], 0
    for _, body, _ in frames:
        gathered.append(body)
        size += len(body)
        if size >= MAX_CHUNK:
            yield b"".join(gathered)
            gathered, size = [], 0
    if gathered:
        yield b"".join(gathered)


class ReaderStuck(Exception):
    """The client takes nothing any more."""


@raises(TooManyStreams, NoStreamsLeft, QuotaExceeded)
class EventStream(Response):
    """The response: our own rather than a library's, for the memory of thousands of idle streams and a polite end."""

    def __init__(
        self,
        hub: Hub,
        settings: StreamSettings,
        caller: Caller,
        chunks: Chunks,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(headers=HEADERS | dict(headers or {}))
        del self.headers["content-length"]
        self._hub, self._caller, self._chunks = hub, caller, chunks
        # Readers that got stuck together are not cut off together: that would hold up the others for a moment.
        self._patience = settings.stream_send_timeout_seconds * random.uniform(0.7, 1.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        slots = container_of(Request(scope)).get(StreamSlots)
        async with slots.hold(self._caller.organisation_id):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.admission.admit(self._caller) as stream:
            leaving = asyncio.ensure_future(_until_disconnect(receive))
            leaving.add_done_callback(lambda _: stream.close("left"))
            try:
                await self._send_all(send)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not stream.closed or (task and task.uncancel()):
                    raise  # somebody else wants this task to end
                if stream.closed != "left":
                    await send({"type": "http.response.body", "body": b""})
            except ReaderStuck:
                CUT.labels("stuck").inc()
                stream.over()
                abort(scope)  # an orderly close would wait for the reader to take what is buffered
                await asyncio.wait([leaving], timeout=1)
            finally:
                stream.over()
                leaving.cancel()
                await asyncio.wait([leaving])

    async def _send_all(self, send: Send) -> None:
        async def put(message: dict[str, object]) -> None:
            try:
                async with asyncio.timeout(self._patience):
                    await send(message)
            except TimeoutError:
                raise ReaderStuck from None

        async with aclosing(self._chunks) as chunks:
            first = await anext(chunks)  # what cannot start is answered as an error
            await put({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await put({"type": "http.response.body", "body": first, "more_body": True})
            async for chunk in chunks:
                await put({"type": "http.response.body", "body": chunk, "more_body": True})
        await put({"type": "http.response.body", "body": b""})


async def _until_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
