"""Collects contents that no file names any more, a slice of the store at a time."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
from sqlalchemy import func, select

from app.files.models import File
from app.files.storage import Storage
from app.kit.db import Database, advisory_lock

GRACE: Final = timedelta(hours=24)
"""A content is written before its row, and a backup may hold the row only, so young ones are left alone."""

LOCK_KEY: Final = 7_236_541_025


def pause_collection(database: Database) -> AbstractAsyncContextManager[asyncpg.Connection[asyncpg.Record]]:
    """No content is collected meanwhile, by any process. Gives the connection that holds the lock."""
    return advisory_lock(lambda: database.connect("tranche-hold"), LOCK_KEY)


async def collect(database: Database, storage: Storage, prefix: str) -> int:
    """Delete unreferenced contents whose key starts with `prefix` (two hex digits); returns how many."""
    old = await storage.list_keys(prefix, datetime.now(UTC) - GRACE)
    deleted = 0
    for start in range(0, len(old), 1000):
        some = old[start : start + 1000]
        async with database.transaction() as session:
            if not (await session.execute(select(func.pg_try_advisory_xact_lock(LOCK_KEY)))).scalar_one():
                break  # somebody holds it: there is a next turn
            named = set((await session.execute(select(File.storage_key).where(File.storage_key.in_(some)))).scalars())
            orphans = [key for key in some if key not in named]
            await storage.delete(orphans)
        deleted += len(orphans)
    return deleted
