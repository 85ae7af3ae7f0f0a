"""All streams of a process: one timer looks at each about once a second, however many they are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Final

from app.events.reader import Reader
from app.events.settings import StreamSettings
from app.events.topic import AT_A_TIME, Topic

log = logging.getLogger("tranche.streams")
LOOK_SECONDS: Final = 1.0
LOOKS: Final = 4
"""So often at least within the shortest of the times that the settings name."""


class Readers:
    """The open streams. While there are none, nothing wakes."""

    def __init__(self, settings: StreamSettings) -> None:
        self._settings = settings
        self._all: set[Reader] = set()
        self._looking: asyncio.Task[None] | None = None
        self._none = asyncio.Event()
        self._none.set()

    def __iter__(self) -> Iterator[Reader]:
        return iter(list(self._all))

    def add(self, reader: Reader) -> None:
        self._all.add(reader)
        self._none.clear()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="streams")

    def discard(self, reader: Reader) -> None:
        self._all.discard(reader)
        if not self._all:
            self._none.set()

    async def wait_until_gone(self) -> None:
        """Until the last stream has ended."""
        await self._none.wait()

    def stop(self) -> None:
        """Drop those that are left."""
        for reader in self:
            reader.transport.abort()
        if self._looking:
            self._looking.cancel()

    def _pause(self) -> float:
        given = self._settings
        shortest = min(given.stream_heartbeat_seconds, given.stream_send_timeout_seconds, given.stream_max_age_seconds)
        return min(LOOK_SECONDS, shortest / LOOKS)

    def _look_at(self, reader: Reader, now: float, silent: set[Topic]) -> None:
        try:
            reader.topic.forget_chunks()
            if reader.look(now):
                silent.add(reader.topic)
        except Exception:
            log.exception("a stream is cut; the others go on")
            reader.transport.abort()

    async def _look(self) -> None:
        while self._all:
            await asyncio.sleep(self._pause())
            now, silent = time.monotonic(), set[Topic]()
            for place, reader in enumerate(self, 1):
                if not reader.is_over:
                    self._look_at(reader, now, silent)
                if not place % AT_A_TIME:
                    await asyncio.sleep(0)
            for topic in silent:
                topic.told_at = now
