"""The answer that is a stream: it finds a place for it, sends the header, and hands the connection to a reader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.auth.caller import Caller
from app.events.admission import Seat
from app.events.asgi_pipe import Pipe
from app.events.errors import NoStreamsLeft, TooManyStreams
from app.events.frames import opening_frame
from app.events.hub import Hub
from app.events.reader import Reader
from app.events.topic import Topic
from app.kit.container import container_of
from app.kit.declarations import raises
from app.kit.web.connection_guard import guard_of
from app.limits.errors import QuotaExceeded
from app.limits.streams import StreamSlots

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
Follow = Callable[[], Awaitable[tuple[Topic, int]]]
"""Gives what is followed, as one reader more, and where this one begins."""


@raises(TooManyStreams, NoStreamsLeft, QuotaExceeded)
class EventStream(Response):
    """The response: our own rather than a library's, for the memory of thousands of idle streams and a polite end.

    `opening` is sent first. Problems are raised before the header is sent.
    """

    def __init__(
        self, hub: Hub, caller: Caller, follow: Follow, opening: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(headers=HEADERS | dict(headers or {}))
        del self.headers["content-length"]
        self._hub, self._caller, self._follow, self._opening = hub, caller, follow, opening

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        reader = await self._take_seat(container_of(Request(scope)).get(StreamSlots))
        opening = opening_frame() + self._opening
        guard = guard_of(scope)
        try:
            if guard and guard.may_hand_over():
                await send(start)
                if guard.hand_over(reader):
                    reader.start(opening)
                else:
                    reader.connection_lost(None)  # the client has left meanwhile
            else:
                await Pipe(reader).run(start, opening, receive, send)
        except BaseException:
            reader.connection_lost(None)
            raise

    async def _take_seat(self, slots: StreamSlots) -> Reader:
        give_back = await slots.take(self._caller.organisation_id)
        seat: Seat | None = None
        try:
            seat = self._hub.admission.admit(self._caller)
            topic, cursor = await self._follow()
        except BaseException:
            if seat:
                seat.release()
            if give_back:
                give_back()
            raise
        seat.give_back = give_back
        reader = Reader(self._hub, topic, cursor, seat)
        self._hub.readers.add(reader)
        return reader
