"""What time takes away: expired batches, old keys and sessions, unused contents; and a look at the books."""

from __future__ import annotations

import itertools
import logging
from typing import Final

from sqlalchemy import func, select, text

from app.batches import removal
from app.batches.audit import audit
from app.batches.models import Batch
from app.batches.states import BATCH_TERMINAL
from app.files.garbage_collection import collect
from app.kit.db import Database
from app.kit.service import Periodic
from app.runner.context import Resources

log = logging.getLogger("tranche.housekeeping")
INTERVAL: Final = 60.0
EXPIRED_AT_A_TIME: Final = 100
AUDITED_AT_A_TIME: Final = 20
LOCK_KEY: Final = 7_236_541_022
PREFIXES: Final = [f"{number:02x}" for number in range(256)]
"""The store is walked in 256 slices, one a minute: the whole of it every four hours."""


class Housekeeping(Periodic):
    """One turn a minute, by one process at a time."""

    interval = first_wait = INTERVAL
    log = log

    def __init__(self, resources: Resources) -> None:
        super().__init__()
        self._database: Database = resources.database
        self._storage = resources.storage
        self._expiring = resources.expiring
        self._prefixes = itertools.cycle(PREFIXES)

    async def turn(self) -> None:
        """Remove what has expired, collect one slice of the store, and audit batches that ended lately."""
        async with self._database.transaction() as session:
            lock = select(func.pg_try_advisory_xact_lock(LOCK_KEY))
            if not (await session.execute(lock)).scalar_one():
                return
            expired = await removal.find_expired(session, EXPIRED_AT_A_TIME)
        for batch_id in expired:
            async with self._database.transaction() as session:
                batch = await session.get(Batch, batch_id, with_for_update={"key_share": True})
                if batch:
                    await removal.remove(session, batch_id)
        for delete_expired in self._expiring:
            async with self._database.transaction() as session:
                if gone := await delete_expired(session):
                    log.info("%s.%s: %s", delete_expired.__module__, delete_expired.__qualname__, gone)
        collected = await collect(self._database, self._storage, next(self._prefixes))
        if expired or collected:
            log.info("%s expired batches and %s unused contents are gone", len(expired), collected)
        await self._audit()

    async def _audit(self) -> None:
        async with self._database.transaction() as session:
            lately = Batch.completed_at > func.now() - text("interval '2 minutes'")
            query = select(Batch.id).where(Batch.status.in_(BATCH_TERMINAL), lately).limit(AUDITED_AT_A_TIME)
            for batch_id in (await session.execute(query)).scalars().all():
                for difference in await audit(session, batch_id):
                    log.error("batch %s does not add up: %s", batch_id, difference)
