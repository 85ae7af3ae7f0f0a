"""How many event streams an organisation may have open, over all processes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final
from uuid import UUID

from app.kit.data_loader import DataLoader
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.isolation import each
from app.kit.outage import Outage
from app.kit.service import Periodic
from app.limits import quota_repository as repository
from app.limits.quotas import Quota, note, refusal

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
        self._giving: set[asyncio.Task[None]] = set()
        self._limits = DataLoader(self._read_limits)
        self._changing: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, organisation_id: UUID) -> Callable[[], None] | None:
        """A place for one stream, given back by calling what is returned; None: nothing limits the organisation.

        Raises QuotaExceeded (429). Those who come at the same time look at their limits together.
        """
        most = await self.limit_of(organisation_id)
        if most is None:
            return None
        async with self._changing[organisation_id]:
            held = self._held[organisation_id] + 1
            async with self._database.transaction() as session:
                await repository.lock(session, organisation_id, Quota.OPEN_STREAMS)
                used = await repository.count_streams(session, organisation_id)
                if used >= most:
                    raise await refusal(session, organisation_id, Quota.OPEN_STREAMS, most, used)
                await repository.hold_streams(session, organisation_id, self._process_id, held)
                await note(session, organisation_id, Quota.OPEN_STREAMS, most, used, used + 1)
            self._held[organisation_id] = held
        return partial(self._give_soon, organisation_id)

    async def limit_of(self, organisation_id: UUID) -> int | None:
        """How many streams the organisation may have open; None: as many as it likes."""
        return await self._limits.find(organisation_id)

    async def _read_limits(self, organisations: Sequence[UUID]) -> dict[UUID, int]:
        async with self._database.statements() as session:
            return await repository.list_limits(session, organisations, Quota.OPEN_STREAMS)

    def _give_soon(self, organisation_id: UUID) -> None:
        task = asyncio.create_task(self._give(organisation_id))
        self._giving.add(task)
        task.add_done_callback(self._giving.discard)

    async def stop(self) -> None:
        await super().stop()
        await asyncio.gather(*self._giving, return_exceptions=True)

    async def _give(self, organisation_id: UUID) -> None:
        async with self._changing[organisation_id]:
            self._held[organisation_id] -= 1
            with suppress(Outage):  # then it is given back at the next turn
                await self._write(organisation_id, self._held[organisation_id])

    async def _write(self, organisation_id: UUID, streams: int) -> None:
        async with self._database.transaction() as session:
            await repository.hold_streams(session, organisation_id, self._process_id, streams)

    async def turn(self) -> None:
        """Renew what this process holds, and give back what could not be when its stream ended."""
        await each(list(self._held), self._renew, self.log, lambda one: f"renewing the streams of organisation {one}")

    async def _renew(self, organisation_id: UUID) -> None:
        async with self._changing[organisation_id]:
            held = self._held[organisation_id]
            await self._write(organisation_id, held)
            if not held:
                del self._held[organisation_id]
