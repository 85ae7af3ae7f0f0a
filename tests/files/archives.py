"""Archives of entries that a test names one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.files.archive import Archive, Members


class Entry(NamedTuple):
    path: str
    size: int
    crc32: int
    storage_key: str
    modified: datetime


def archive_of(entries: Sequence[Entry]) -> Archive:
    return Archive(
        Members(
            [entry.path for entry in entries],
            [entry.size for entry in entries],
            [entry.crc32 for entry in entries],
            [entry.storage_key for entry in entries],
            [int(entry.modified.timestamp()) for entry in entries],
        )
    )
