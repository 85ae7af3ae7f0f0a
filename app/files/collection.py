"""Collects contents that no file names any more, a slice of the store at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import select

from app.files.models import File
from app.files.storage import Storage
from app.kit.db import Database

GRACE: Final = timedelta(hours=24)
"""A content is written before its row, and a backup may hold the row only, so young ones are left alone."""


async def collect(database: Database, storage: Storage, prefix: str) -> int:
    """Delete unreferenced contents whose key starts with `prefix` (two hex digits); returns how many."""
    old = await storage.list_keys(prefix, datetime.now(UTC) - GRACE)
    deleted = 0
    for start in range(0, len(old), 1000):
        some = old[start : start + 1000]
        async with database.transaction() as session:
            named = set((await session.execute(select(File.storage_key).where(File.storage_key.in_(some)))).scalars())
        orphans = [key for key in some if key not in named]
        await storage.delete(orphans)
        deleted += len(orphans)
    return deleted
