"""Readings that this process used lately, kept in memory: jobs of one sheet come together."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

from app.extractions.repository import Reading, ReadingKey

MOST_CHARACTERS: Final = 16 * 1024 * 1024
KEPT_SECONDS: Final = 600.0
"""So long a reading may be used without its row: the same content, extractor and version give no other one."""


class KnownReadings:
    """Readings by their key, which names the organisation. Those that were used longest ago go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[ReadingKey, tuple[Reading, float]] = OrderedDict()
        self._characters = 0

    def find(self, key: ReadingKey) -> Reading | None:
        """The reading, if it was kept within the last ten minutes."""
        reading, until = self._kept.get(key, (None, 0.0))
        if reading is None:
            return None
        if until < time.monotonic():
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return reading

    def keep(self, key: ReadingKey, reading: Reading) -> None:
        """Keep a reading that the database has, unless it alone would take more than half of the room."""
        self._drop(key)
        if len(reading.data) > MOST_CHARACTERS // 2:
            return
        self._kept[key] = (reading, time.monotonic() + KEPT_SECONDS)
        self._characters += len(reading.data)
        while self._characters > MOST_CHARACTERS:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: ReadingKey) -> None:
        if gone := self._kept.pop(key, None):
            self._characters -= len(gone[0].data)
