"""LogCache of batches' logs as frames, read once for all who ask for them at about the same time."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

import asyncpg

from app.batches import log as event_log
from app.events.frames import Frame, durable_frame

PAGE: Final = 200
KEPT_BYTES: Final = 16 * 1024 * 1024
Key = tuple[UUID, int]


class LogCache:
    """Page n of a batch holds the events 200n+1 to 200n+200, as far as they were there when it was read.

    A log only grows, so a page that was read stays right; it can only be short. After a restart all clients of a batch
    ask for the same page at once, and so do those who open a finished batch: it is read and encoded once.
    """

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self._pool = pool
        self._kept: OrderedDict[Key, list[Frame]] = OrderedDict()
        self._bytes = 0
        self._reading: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def after(self, batch_id: UUID, cursor: int) -> list[Frame]:
        """The frames after a cursor to the end of its page; when those have expired, the oldest there are."""
        key = batch_id, cursor // PAGE
        if frames := self._known(key, cursor):
            return frames
        lock = self._reading.setdefault(key, asyncio.Lock())
        async with lock:
            if frames := self._known(key, cursor):  # whoever was first has read it for us
                return frames
            events = await event_log.after(self._pool, batch_id, key[1] * PAGE, PAGE)
            frames = [durable_frame(batch_id, event) for event in events]
            if frames and frames[-1][0] <= (key[1] + 1) * PAGE:
                self._keep(key, frames)
        return [frame for frame in frames if frame[0] > cursor]

    def _known(self, key: Key, cursor: int) -> list[Frame]:
        frames = self._kept.get(key, [])
        if frames:
            self._kept.move_to_end(key)
        return [frame for frame in frames if frame[0] > cursor]

    def _keep(self, key: Key, frames: list[Frame]) -> None:
        self._bytes -= _size(self._kept.pop(key, []))
        self._kept[key] = frames
        self._bytes += _size(frames)
        while self._bytes > KEPT_BYTES:
            self._bytes -= _size(self._kept.popitem(last=False)[1])


def _size(frames: list[Frame]) -> int:
    return sum(len(body) for _, body, _ in frames)
