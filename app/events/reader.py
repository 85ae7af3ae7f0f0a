"""One client's stream: replay from its cursor, then live, until the batch ends, the client leaves or we do.

A reader has no task. While it is live its topic writes to its connection; while the connection is full it waits to be
resumed; only what the tail of its topic no longer reaches is read by a task.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Final, Protocol

from app.events.admission import Seat
from app.events.frames import HEARTBEAT, Frame, bye_frame
from app.events.metrics import CUT, SENT
from app.events.settings import StreamSettings
from app.events.topic import CAUGHT_UP, Chunk, Topic, join
from app.kit.loop_turns import context_for
from app.kit.web.taken_connection import TakenConnection

log = logging.getLogger("tranche.streams")
RETRY_SECONDS: Final = 0.5


class Followed(Protocol):
    """What a reader needs of the hub."""

    settings: StreamSettings
    stopping: asyncio.Event

    def is_outage(self, error: BaseException) -> bool:
        """Whether a read failed only because the database is away."""

    def leave(self, reader: Reader) -> None:
        """One reader less."""


class Reader(TakenConnection):
    """A cursor into a topic, with a connection."""

    __slots__ = (
        "_full_since",
        "_hub",
        "_is_ending",
        "_paused_at",
        "_reading",
        "_seat",
        "_taken",
        "_until",
        "cursor",
        "topic",
    )

    def __init__(self, hub: Followed, topic: Topic, cursor: int, seat: Seat) -> None:
        super().__init__()
        self.topic, self.cursor = topic, cursor
        self._hub, self._seat = hub, seat
        self._until = time.monotonic() + hub.settings.stream_max_age_seconds * random.uniform(0.8, 1.2)
        self._is_ending = False
        self._reading: asyncio.Task[None] | None = None
        self._paused_at = self._full_since = 0.0
        self._taken = 0

    def start(self, opening: bytes) -> None:
        """Send the first bytes, and go on."""
        self._seat.holder = self
        self.put(opening)
        if self._seat.is_closed:
            self.finish()
        elif self._hub.stopping.is_set():
            self.say_bye()
        else:
            self.advance()

    def advance(self) -> None:
        """Send what follows the cursor for as long as the client takes it; then be live."""
        while not (self.write_paused or self._is_ending or self._reading):
            chunk = self.topic.chunk_after(self.cursor)
            if chunk is None:
                context = context_for(self.topic.owner)
                self._reading = asyncio.get_running_loop().create_task(self._read_page(), context=context)
            elif chunk is CAUGHT_UP:
                self._be_live()
                return
            else:
                self._send(chunk)

    def _send(self, chunk: Chunk) -> None:
        SENT.inc(chunk.events)
        self.cursor = chunk.last
        self.sent += len(chunk.body)
        self.transport.write(chunk.wire if self.chunked else chunk.body)
        if chunk.over or time.monotonic() > self._until:
            self.finish()

    def _be_live(self) -> None:
        if self.topic.gone or time.monotonic() > self._until:
            self.finish()
        else:
            self.topic.live.add(self)

    async def _read_page(self) -> None:
        try:
            frames = await self._page()
        except Exception:
            log.exception("a stream could not be read")
            self.transport.abort()
            return
        finally:
            self._reading = None
        for chunk in join(frames):
            if self.write_paused or self._is_ending:
                return
            self._send(chunk)
        if frames:
            self.advance()
        elif not self._is_ending:
            self._be_live()  # what there was has expired

    async def _page(self) -> list[Frame]:
        while True:
            try:
                return await self.topic.page(self.cursor)
            except Exception as error:
                if not self._hub.is_outage(error):
                    raise
            await asyncio.sleep(RETRY_SECONDS * random.uniform(1, 2))

    def finish(self, *, close: bool = False) -> None:
        """End the stream in good order: whatever was written before arrives."""
        if not self._is_ending:
            self._is_ending = True
            self.topic.live.discard(self)
            self._stop_reading()
            self.end(close=close)

    def say_bye(self) -> None:
        """End it because the service ends: the client comes back to where it is."""
        if not self._is_ending:
            if not self.write_paused:
                self.put(bye_frame())
            self.finish(close=True)

    def look(self, now: float) -> bool:
        """End what is too old, cut who takes nothing, and break a long silence; whether there was one."""
        if self._is_stuck(now):
            CUT.labels("stuck").inc()
            self.transport.abort()  # an orderly close would wait for the client to take what is buffered
        elif self in self.topic.live:
            if now > self._until:
                self.finish()
            elif now - self.topic.told_at >= self._hub.settings.stream_heartbeat_seconds:
                self.put(HEARTBEAT)
                return True
        return False

    def _is_stuck(self, now: float) -> bool:
        """Whether nothing was taken of what waits for so long, or not enough for more to be given."""
        size = self.transport.get_write_buffer_size()
        if not size and not self._is_ending:
            self._full_since = 0.0
            return False
        taken = self.sent - size  # but for the framing of chunks, so it may fall a little behind
        if not self._full_since or taken > self._taken:
            self._full_since, self._taken = now, taken
        since = min(self._full_since, self._paused_at) if self.write_paused else self._full_since
        patience = self._hub.settings.stream_send_timeout_seconds
        # Readers that got stuck together are not cut off together: that would hold up the others for a moment.
        return now - since > patience * random.uniform(0.7, 1.0)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._paused_at = time.monotonic()
        self.topic.live.discard(self)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.advance()

    def over(self) -> None:
        self._is_ending = True
        self.topic.live.discard(self)
        self._stop_reading()
        self._seat.release()
        self._hub.leave(self)

    def _stop_reading(self) -> None:
        if self._reading:
            self._reading.cancel()
