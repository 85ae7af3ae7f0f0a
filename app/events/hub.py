"""The hub: each process reads each followed batch's new events once, however many clients follow it.

A reader is a cursor, not a queue: it takes frames after its cursor from the batch's shared tail, else pages of the
table, and once it has caught up the topic writes to it. There is nothing to overflow and no gap between replay and live
events.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

import asyncpg

from app.auth.caller import Credential
from app.auth.remembered import Remembered
from app.batches import log as event_log
from app.batches.log import LogEnds, LoggedEvent
from app.events.admission import CREDENTIALS, Admission
from app.events.feeds import Feed, Feeds
from app.events.frames import Frame, durable_frame
from app.events.log_cache import PAGE, LogCache
from app.events.metrics import LAG, MISSING
from app.events.reader import Reader
from app.events.readers import Readers
from app.events.settings import StreamSettings
from app.events.topic import TAIL, TAILS, Page, Topic
from app.kit.data_loader import DataLoader
from app.kit.db import Database
from app.kit.ending import Ending
from app.kit.listen import listen
from app.kit.loop_turns import run_for
from app.kit.service import Periodic
from app.kit.shares import Weigh, alike
from app.kit.words import quantity

log = logging.getLogger("tranche.hub")
READS_AT_A_TIME: Final = 4
POLL_SECONDS: Final = 5.0
POLL_SECONDS_WITHOUT_LISTEN: Final = 1.0
RETRY_SECONDS: Final = 0.5
LEAVING_SECONDS: Final = 1.0
"""For clients to take what was written to them before the process ends."""
_NEWEST: Final = "select id, last_event_id from batches where id = any($1)"


class BatchTopic(Topic):
    """A batch's events."""

    def __init__(self, batch_id: UUID, last: int, page: Page, owner: UUID) -> None:
        super().__init__(last, page, owner)
        self.batch_id = batch_id


class Hub(Periodic):
    """What this process's streams follow, kept current by LISTEN and a safety poll. `stopping` ends every stream.

    Its turns are the poll: a lost notification costs at most the wait for one, never an event.
    """

    log = log

    def __init__(
        self,
        database: Database,
        settings: StreamSettings,
        ending: Ending,
        memory: Remembered[Credential],
        weigh: Weigh = alike,
    ) -> None:
        super().__init__()
        self._ending, self._memory = ending, memory
        self.interval = self.first_wait = POLL_SECONDS if settings.stream_listen else POLL_SECONDS_WITHOUT_LISTEN
        self._database, self.settings = database, settings
        self._topics: dict[UUID, BatchTopic] = {}
        self._dirty: set[UUID] = set()
        self._changed = asyncio.Event()
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._log_cache: LogCache | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.stopping = asyncio.Event()
        self.admission = Admission(database, settings, weigh)
        self.readers = Readers(settings)
        self.feeds = Feeds(database)
        self._ends = DataLoader(self._read_ends)

    async def start(self) -> None:
        self._pool = await self._database.connect_pool("tranche-hub", size=READS_AT_A_TIME)
        self._log_cache = LogCache(self._pool)
        loops = [self._read_dirty(), self.feeds.run(), self._say_bye_in_time()]
        if self.settings.stream_listen:
            channel = event_log.CHANNEL
            loops.append(
                listen(
                    self._database,
                    channel,
                    hear=self._hear,
                    missed=self._on_everything,
                    name="tranche-listen",
                    wake={CREDENTIALS: (self._memory.hear, self.admission.wake)},
                    lost=self._memory.hear_nothing,
                )
            )
        self._tasks = [asyncio.create_task(loop, name="hub") for loop in loops]
        await self.admission.start()
        await super().start()

    async def stop(self) -> None:
        self.say_bye()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                await self.readers.wait_until_gone()
        self.readers.stop()
        await super().stop()
        await self.admission.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._pool:
            self._pool.terminate()

    async def _say_bye_in_time(self) -> None:
        await self._ending.asked.wait()
        self.say_bye()

    def is_outage(self, error: BaseException) -> bool:
        """Whether a read failed only because the database is away."""
        return self._database.note_outage(error)

    def say_bye(self) -> None:
        """End every stream with `event: bye`."""
        self.stopping.set()
        for reader in self.readers:
            reader.say_bye()

    def follow(self, batch_id: UUID, organisation_id: UUID, last_event_id: int) -> Topic:
        """The batch's topic, kept until its last reader has left. `last_event_id` is what the table held just now."""
        topic = self._topics.get(batch_id)
        if topic is None:
            topic = self._topics[batch_id] = BatchTopic(
                batch_id, last_event_id, partial(self.page, batch_id), organisation_id
            )
        topic.readers += 1
        self._mark(batch_id)  # something may have been written between that look and this line
        return topic

    def unfollow(self, topic: Topic) -> None:
        """One reader of a topic less."""
        topic.readers -= 1
        if topic.readers:
            return
        if isinstance(topic, BatchTopic):
            del self._topics[topic.batch_id]
        elif isinstance(topic, Feed):
            self.feeds.forget(topic)

    def leave(self, reader: Reader) -> None:
        """A stream has ended."""
        self.readers.discard(reader)
        self.unfollow(reader.topic)

    async def find_ends(self, organisation_id: UUID, batch_id: UUID) -> LogEnds | None:
        """Where the log of one of the organisation's batches begins and ends now."""
        ends = await self._ends.find(batch_id)
        return ends if ends and ends.organisation_id == organisation_id else None

    async def _read_ends(self, batch_ids: Sequence[UUID]) -> dict[UUID, LogEnds]:
        assert self._pool
        return await event_log.ends(self._pool, batch_ids)

    async def page(self, batch_id: UUID, cursor: int) -> list[Frame]:
        """Frames after a cursor, from the table: those of one page."""
        assert self._log_cache
        return await self._log_cache.after(batch_id, cursor)

    async def events_after(self, batch_id: UUID, cursor: int, limit: int) -> list[LoggedEvent]:
        """Events after a cursor, from the table."""
        assert self._pool
        return await event_log.after(self._pool, batch_id, cursor, limit)

    def _on_batch(self, batch_id: UUID, organisation_id: UUID | None) -> None:
        self._mark(batch_id)
        self.feeds.note(batch_id, organisation_id)

    def _on_everything(self) -> None:
        self._dirty |= set(self._topics)
        self._changed.set()
        self.feeds.note_all()

    def _mark(self, batch_id: UUID) -> None:
        if batch_id in self._topics:
            self._dirty.add(batch_id)
            self._changed.set()

    async def _read_dirty(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            dirty, self._dirty = list(self._dirty), set()
            outcomes = await asyncio.gather(*map(self._read, dirty), return_exceptions=True)
            failed = {batch_id: error for batch_id, error in zip(dirty, outcomes, strict=True) if error}
            if not failed:
                continue
            error, batches = next(iter(failed.values())), quantity(len(failed), "batch", "batches")
            if not self.is_outage(error):
                log.error("the events of %s cannot be read", batches, exc_info=error)
            await asyncio.sleep(RETRY_SECONDS)
            self._dirty |= failed.keys()
            self._changed.set()

    async def _read(self, batch_id: UUID) -> None:
        while topic := self._topics.get(batch_id):
            events = await self.events_after(batch_id, topic.last, PAGE)
            followed = max(1, len(self._topics))  # the last reader may have left meanwhile
            if events:
                LAG.observe(max(0.0, time.time() - events[-1].created_at.timestamp()))
            keep = max(1, min(TAIL, TAILS // followed))
            run_for(topic.owner)
            if missing := topic.add([durable_frame(batch_id, event) for event in events], keep):
                MISSING.inc(missing)
                log.error(
                    "missing in the log of batch %s: %s before event %s",
                    batch_id,
                    quantity(missing, "event"),
                    topic.last,
                )
            if events:
                await topic.tell()
            if len(events) < PAGE:
                return

    def _hear(self, payload: str) -> None:
        """Batches by comma, with their organisation behind an @ where the row may be gone; or `*` for too many."""
        if payload == "*":
            self._on_everything()
            return
        for name in payload.split(","):
            batch, _, organisation = name.partition("@")
            try:
                self._on_batch(UUID(batch), UUID(organisation) if organisation else None)
            except ValueError:
                log.warning("a notification names no batch: %.80r", name)

    async def turn(self) -> None:
        """Mark the topics whose batches have newer events, and end those whose batches are gone."""
        self.feeds.note_all()
        await self.admission.tidy()
        if not self._topics:
            return
        assert self._pool
        asked = list(self._topics)
        newest = {row["id"]: row["last_event_id"] for row in await self._pool.fetch(_NEWEST, asked)}
        for batch_id in asked:
            topic = self._topics.get(batch_id)
            if topic and batch_id not in newest:
                topic.gone = True
                topic.wake()
            elif topic and topic.last < newest[batch_id]:
                self._mark(batch_id)
