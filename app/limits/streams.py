"""How many event streams an organisation may have open, over all processes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN
from app.kit.ids import new_id
from app.kit.service import Periodic
from app.limits import quota_repository as repository
from app.limits.quotas import Quota, refusal

RENEWED_EVERY: Final = 20.0
"""Seconds; a row that was not renewed for 60 counts no longer."""


class StreamSlots(Periodic):
    """The streams of this process that count for a quota. Organisations without one cost a look at their limit only."""

    interval = first_wait = RENEWED_EVERY
    log = logging.getLogger("tranche.limits")

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database, self._process_id = database, new_id()
        self._held: Counter[UUID] = Counter()
        self._changing: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    @asynccontextmanager
    async def hold(self, organisation_id: UUID) -> AsyncIterator[None]:
        """A place for one stream; raises QuotaExceeded (429)."""
        if not await self._take(organisation_id):
            yield
            return
        try:
            yield
        finally:
            await asyncio.shield(asyncio.ensure_future(self._give(organisation_id)))

    async def _take(self, organisation_id: UUID) -> bool:
        async with self._database.transaction() as session:
            found = await repository.find_limits(session, organisation_id, [Quota.OPEN_STREAMS])
        most = found[Quota.OPEN_STREAMS]
        if most is None:
            return False
        async with self._changing[organisation_id]:
            held = self._held[organisation_id] + 1
            async with self._database.transaction() as session:
                await repository.lock(session, organisation_id, Quota.OPEN_STREAMS)
                used = await repository.count_streams(session, organisation_id)
                if used >= most:
                    raise await refusal(session, organisation_id, Quota.OPEN_STREAMS, most, used)
                await repository.hold_streams(session, organisation_id, self._process_id, held)
            self._held[organisation_id] = held
        return True

    async def _give(self, organisation_id: UUID) -> None:
        async with self._changing[organisation_id]:
            self._held[organisation_id] -= 1
            try:
                await self._write(organisation_id, self._held[organisation_id])
            except (SQLAlchemyError, *DATABASE_DOWN) as error:
                self.log.info("a stream's place is given back at the next turn: %s", type(error).__name__)

    async def _write(self, organisation_id: UUID, streams: int) -> None:
        async with self._database.transaction() as session:
            await repository.hold_streams(session, organisation_id, self._process_id, streams)

    async def turn(self) -> None:
        """Renew what this process holds, and give back what could not be when its stream ended."""
        for organisation_id in list(self._held):
            async with self._changing[organisation_id]:
                held = self._held[organisation_id]
                await self._write(organisation_id, held)
                if not held:
                    del self._held[organisation_id]
