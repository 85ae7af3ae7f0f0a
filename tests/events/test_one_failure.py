"""A batch whose events or row cannot be read, and a stream that cannot be looked at, keep no other waiting."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update

from app.batches.models import Batch
from app.events.feeds import Audience, Feeds
from app.events.hub import Hub
from app.events.readers import Readers
from app.events.settings import StreamSettings
from app.kit.db import Database
from tests.conftest import Api
from tests.patience import within
from tests.refused_rows import change, two_batches

pytestmark = [pytest.mark.own_service]


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    """Without a worker: what is looked at is the loop that a test makes."""
    return {"worker": "off"}


@pytest.fixture(scope="module")
def database(api: Api) -> Database:
    return api.installation.database


async def _organisation_id(api: Api) -> UUID:
    return UUID((await api.get("/api/session")).json()["organisation"]["id"])


async def test_events_of_one_batch_that_cannot_be_read_keep_no_others_waiting(api: Api, database: Database) -> None:
    hub, organisation_id = api.installation.get(Hub), await _organisation_id(api)
    batches = await two_batches(api)
    topics = [hub.follow(UUID(batch_id), organisation_id, 1) for batch_id in batches]
    kinds = dict(zip(batches, (9_999, 11), strict=True))  # the first is of no kind that there is
    row = text("insert into event_log (batch_id, id, sequence, attempt, kind, tally) values (:id, 2, 1, 1, :kind, '0')")
    async with database.transaction() as session:
        for batch_id, kind in kinds.items():
            await session.execute(row, {"id": UUID(batch_id), "kind": kind})
            await session.execute(update(Batch).where(Batch.id == UUID(batch_id)).values(last_event_id=2))
    try:
        async with within(30):
            await hub.turn()
            while topics[1].last < 2:
                await asyncio.sleep(0.01)
        assert topics[0].last == 1
    finally:
        for topic in topics:
            hub.unfollow(topic)


async def test_lists_are_told_beside_a_batch_that_cannot_be_shown(api: Api, database: Database) -> None:
    organisation_id = await _organisation_id(api)
    broken, other = await two_batches(api)
    await change(database, broken, plans={"no-op": 7})
    feeds = Feeds(database)
    feed = await feeds.follow(Audience(organisation_id))
    running = asyncio.create_task(feeds.run())
    try:
        for batch_id in (broken, other):
            feeds.note(UUID(batch_id), organisation_id)
        async with within(30):
            while not feed.last:
                await asyncio.sleep(0.01)
        assert feed.last == 1
    finally:
        running.cancel()
        await change(database, broken, plans=None)


async def test_a_stream_that_cannot_be_looked_at_is_cut_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    looked, cut = asyncio.Event(), list[str]()
    topic: Any = SimpleNamespace(forget_chunks=lambda: None)

    class Stream:
        is_over = False

        def __init__(self, broken: bool) -> None:
            self.topic, self.broken, self.transport = topic, broken, self

        def look(self, now: float) -> bool:
            if self.broken:
                raise ZeroDivisionError
            looked.set()
            return False

        def abort(self) -> None:
            cut.append("broken" if self.broken else "other")

    readers = Readers(StreamSettings(stream_heartbeat_seconds=0.05))
    broken, other = Stream(True), Stream(False)
    readers.add(broken)  # type: ignore[arg-type]
    async with within(30):
        while not cut:
            await asyncio.sleep(0.01)
        readers.add(other)  # type: ignore[arg-type]
        await looked.wait()
    assert set(cut) == {"broken"}
    for stream in (broken, other):
        readers.discard(stream)  # type: ignore[arg-type]
    readers.stop()
