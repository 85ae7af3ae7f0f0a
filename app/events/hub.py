"""The hub: each process reads each followed batch's new events once, however many clients follow it.

A reader is a cursor, not a queue: it takes frames after its cursor from the batch's shared tail, else pages of the
table, and when it has caught up waits for the topic. There is nothing to overflow and no gap between replay and live.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.batches import log as event_log
from app.batches.log import LoggedEvent
from app.batches.models import Batch
from app.events.frames import TERMINAL_TYPES, durable_frame
from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN
from app.kit.listen import listen

log = logging.getLogger("tranche.hub")
TAIL: Final = 512
PAGE: Final = 256
READS_AT_A_TIME: Final = 4
POLL_SECONDS: Final = 5.0
RECONNECT_SECONDS: Final = 0.5
Frame = tuple[int, bytes, bool]
"""Event id, encoded frame, whether it is the batch's last."""


class Topic:
    """One followed batch: its newest frames, and those who wait for more. `last` is the newest event id read."""

    def __init__(self, batch_id: UUID, last: int) -> None:
        self.batch_id, self.last = batch_id, last
        self.frames: deque[Frame] = deque(maxlen=TAIL)
        self.readers = 0
        self._changed = asyncio.Event()

    def waiter(self) -> asyncio.Event:
        """Set at the next change. Take it before looking, so that nothing falls between looking and waiting."""
        return self._changed

    def wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def add(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame[0] == self.last + 1:
                self.frames.append(frame)
                self.last = frame[0]
        self.wake()

    def after(self, cursor: int) -> list[Frame] | None:
        """The frames after a cursor; None when the tail does not reach back so far."""
        if cursor >= self.last:
            return []
        if not self.frames or cursor + 1 < self.frames[0][0]:
            return None
        start = cursor + 1 - self.frames[0][0]
        return [self.frames[place] for place in range(start, len(self.frames))]


class Hub:
    """Topics of this process, kept current by one LISTEN connection and a safety poll. `stopping` ends every stream."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._topics: dict[UUID, Topic] = {}
        self._dirty: set[UUID] = set()
        self._changed = asyncio.Event()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.stopping = asyncio.Event()

    async def start(self) -> None:
        self._pool = await self._database.connect_pool("tranche-hub", size=READS_AT_A_TIME)
        listening = listen(
            self._database, event_log.CHANNEL, hear=self._hear, missed=self._mark_all, name="tranche-listen"
        )
        loops = (listening, self._read_dirty(), self._poll())
        self._tasks = [asyncio.create_task(loop, name="hub") for loop in loops]

    async def stop(self) -> None:
        self.say_bye()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pool:
            self._pool.terminate()

    def say_bye(self) -> None:
        """End every stream with `event: bye`."""
        self.stopping.set()
        for topic in self._topics.values():
            topic.wake()

    @contextmanager
    def follow(self, batch_id: UUID, last_event_id: int) -> Iterator[Topic]:
        """The batch's topic, kept while anyone follows it. `last_event_id` is what the table held just now."""
        topic = self._topics.setdefault(batch_id, Topic(batch_id, last_event_id))
        topic.readers += 1
        self._mark(batch_id)  # something may have been written between that look and this line
        try:
            yield topic
        finally:
            topic.readers -= 1
            if not topic.readers:
                self._topics.pop(batch_id, None)

    async def page(self, batch_id: UUID, cursor: int) -> list[Frame]:
        """Up to 200 frames after a cursor, from the table."""
        events = await self.events_after(batch_id, cursor, PAGE)
        return [(event.id, durable_frame(batch_id, event), event.type in TERMINAL_TYPES) for event in events]

    async def events_after(self, batch_id: UUID, cursor: int, limit: int) -> list[LoggedEvent]:
        """Events after a cursor, from the table."""
        assert self._pool
        return await event_log.after(self._pool, batch_id, cursor, limit)

    def _mark(self, batch_id: UUID) -> None:
        if batch_id in self._topics:
            self._dirty.add(batch_id)
            self._changed.set()

    def _mark_all(self) -> None:
        self._dirty |= set(self._topics)
        self._changed.set()

    async def _read_dirty(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            dirty, self._dirty = self._dirty, set()
            for batch_id in dirty:
                try:
                    await self._read(batch_id)
                except (SQLAlchemyError, *DATABASE_DOWN) as error:
                    log.warning("no events read: %s", type(error).__name__)
                    self._dirty.add(batch_id)
                except Exception:
                    log.exception("the events of batch %s cannot be read", batch_id)
                    self._dirty.add(batch_id)
            if self._dirty & dirty:
                await asyncio.sleep(RECONNECT_SECONDS)
                self._changed.set()

    async def _read(self, batch_id: UUID) -> None:
        while topic := self._topics.get(batch_id):
            frames = await self.page(batch_id, topic.last)
            topic.add(frames)
            if len(frames) < PAGE:
                return

    def _hear(self, payload: str) -> None:
        if payload == "*":
            self._mark_all()
        else:
            for name in payload.split(","):
                self._mark(UUID(name))

    async def _poll(self) -> None:
        """A lost notification costs at most this delay, never an event."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self._topics:
                continue
            try:
                async with self._database.transaction() as session:
                    query = select(Batch.id, Batch.last_event_id).where(Batch.id.in_(list(self._topics)))
                    found = (await session.execute(query)).all()
            except (SQLAlchemyError, *DATABASE_DOWN) as error:
                log.warning("no poll: %s", type(error).__name__)
                continue
            for batch_id, last_event_id in found:
                topic = self._topics.get(batch_id)
                if topic and topic.last < last_event_id:
                    self._mark(batch_id)
