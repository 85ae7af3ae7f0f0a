"""Feeds for lists: what happens to the batches that an audience may see, as snapshots of those that changed.

Notifications say at once which batches changed. What they cannot say, because nobody listened, because there were too
many or because LISTEN is off, is found by comparing the versions of the organisation's newest and open batches.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple
from uuid import UUID

from app.batches.listing import BatchRow, list_batches_by_id
from app.batches.responses import pipelines_of, read_batches
from app.events import repository
from app.events.frames import Frame, behind_frame, transient_frame
from app.events.schemas import BatchDeletedEvent, BatchUpdatedEvent
from app.events.topic import Topic
from app.kit.db import Database
from app.kit.isolation import each, together
from app.kit.outage import Outage

log = logging.getLogger("tranche.feeds")
FLUSH_SECONDS: Final = 0.25
SLOWEST_FLUSH_SECONDS: Final = 1.0
AT_A_TIME: Final = 200
"""Batches read by one query; a flush of more than these comes later, so that a busy service tells less often."""
RETRY_SECONDS: Final = 1.0


class Audience(NamedTuple):
    """Those who see the same batches: an organisation's, all of them or those of some pipelines only."""

    organisation_id: UUID
    pipelines: frozenset[str] | None = None


class Feed(Topic):
    """One audience's feed. `known` are the versions that its readers have been sent, or have loaded themselves."""

    def __init__(self, audience: Audience) -> None:
        super().__init__(0, self._behind, audience.organisation_id)
        self.audience = audience
        self.known: dict[UUID, str] = {}
        self.ready = asyncio.Lock()
        self.compared = False

    def shows(self, row: BatchRow) -> bool:
        """Whether a batch is one that its readers may see."""
        organisation_id, pipelines = self.audience
        if row.batch.organisation_id != organisation_id:
            return False
        return pipelines is None or pipelines.issuperset(pipelines_of(row.batch, row.pipeline))

    def showed(self, batch_id: UUID, organisation_id: UUID | None) -> bool:
        """Whether a batch that is gone was one of these: of a limited audience only what it is known to have seen."""
        if organisation_id != self.audience.organisation_id:
            return False
        return self.audience.pipelines is None or batch_id in self.known

    async def publish(self, events: Iterable[BatchUpdatedEvent | BatchDeletedEvent]) -> None:
        """Append an event for each, and tell the readers."""
        frames = [(self.last + place, transient_frame(event), False) for place, event in enumerate(events, 1)]
        if frames:
            self.add(frames)
            await self.tell()

    async def _behind(self, cursor: int) -> list[Frame]:
        return [(self.last, behind_frame(), False)]


class Feeds:
    """The feeds that somebody in this process reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._feeds: dict[Audience, Feed] = {}
        self._dirty: dict[UUID, UUID | None] = {}
        self._compare = False
        self._changed = asyncio.Event()

    def note(self, batch_id: UUID, organisation_id: UUID | None) -> None:
        """A batch changed. The organisation is needed to report one that is gone."""
        if self._feeds:
            self._dirty[batch_id] = organisation_id or self._dirty.get(batch_id)
            self._changed.set()

    def note_all(self) -> None:
        """Any batch may have changed."""
        if self._feeds:
            self._compare = True
            self._changed.set()

    async def follow(self, audience: Audience) -> Feed:
        """The audience's feed, kept until its last reader has left. What changes from now on will be published."""
        feed = self._feeds.setdefault(audience, Feed(audience))
        feed.readers += 1
        try:
            async with feed.ready:
                if not feed.compared:
                    feed.known = await self._versions(feed)
                    feed.compared = True
        except BaseException:
            feed.readers -= 1
            self.forget(feed)
            raise
        return feed

    def forget(self, feed: Feed) -> None:
        """Publish nothing more to a feed that nobody reads."""
        if not feed.readers:
            self._feeds.pop(feed.audience, None)

    async def run(self) -> None:
        """Tell what changed, at most every quarter of a second."""
        pause = FLUSH_SECONDS
        while True:
            await self._changed.wait()
            await asyncio.sleep(pause)
            self._changed.clear()
            dirty, self._dirty = self._dirty, {}
            compare, self._compare = self._compare, False
            try:
                if compare:
                    dirty |= await self._compare_all()
                await self._publish(dirty)
            except Exception as error:
                if not isinstance(error, Outage):
                    log.warning("lists were not updated", exc_info=error)
                self._dirty = dirty | self._dirty
                self.note_all()
                await asyncio.sleep(RETRY_SECONDS)
            pause = min(SLOWEST_FLUSH_SECONDS, FLUSH_SECONDS * (1 + len(dirty) / AT_A_TIME))

    async def _compare_all(self) -> dict[UUID, UUID | None]:
        found: dict[UUID, UUID | None] = {}

        async def compare(feed: Feed) -> None:
            found.update(dict.fromkeys(await self._differing(feed), feed.audience.organisation_id))

        await each(list(self._feeds.values()), compare, log, lambda feed: f"comparing the lists of {feed.audience}")
        return found

    async def _versions(self, feed: Feed) -> dict[UUID, str]:
        async with self._database.transaction() as session:
            return await repository.list_versions(session, *feed.audience)

    async def _differing(self, feed: Feed) -> Sequence[UUID]:
        """Batches that are new, changed, or no longer among the newest: those may have aged, or be gone."""
        before, feed.known = feed.known, await self._versions(feed)
        if not feed.compared:
            return []
        changed = [batch_id for batch_id, version in feed.known.items() if before.get(batch_id) != version]
        return [*changed, *(before.keys() - feed.known.keys())]

    async def _publish(self, dirty: dict[UUID, UUID | None]) -> None:
        waiting = iter(dirty.items())
        while group := list(islice(waiting, AT_A_TIME)):
            await together(group, self._publish_some, log, lambda one: f"telling lists of batch {one[0]}")

    async def _publish_some(self, group: Sequence[tuple[UUID, UUID | None]]) -> None:
        async with self._database.transaction() as session:
            organisations = {audience.organisation_id for audience in self._feeds}
            rows = await list_batches_by_id(session, list(organisations), [batch_id for batch_id, _ in group])
            found = list(zip(rows, await read_batches(session, rows), strict=True))
        there = {row.batch.id for row in rows}
        for feed in list(self._feeds.values()):
            mine = [read for row, read in found if feed.shows(row)]
            gone = [
                batch_id
                for batch_id, organisation_id in group
                if batch_id not in there and feed.showed(batch_id, organisation_id)
            ]
            await feed.publish(BatchUpdatedEvent(type="batch.updated", batch=batch) for batch in mine)
            await feed.publish(BatchDeletedEvent(type="batch.deleted", batch_id=batch_id) for batch_id in gone)
