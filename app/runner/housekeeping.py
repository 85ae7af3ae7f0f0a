"""What time takes away: expired batches, old keys and sessions, unused contents; and a look at the books."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import removal
from app.batches.audit import audit
from app.batches.models import Batch
from app.batches.removal import Expired
from app.batches.states import BATCH_TERMINAL
from app.files.garbage_collection import collect
from app.kit.db import Database
from app.kit.errors import DatabaseUnavailable
from app.kit.room import Expire
from app.kit.service import Periodic
from app.runner.context import Resources
from app.runner.metrics import EXPIRED

log = logging.getLogger("tranche.housekeeping")
INTERVAL: Final = 60.0
EXPIRY_SECONDS: Final = 40.0
"""How long one turn removes batches; what is left then is the next turn's, which follows at once."""
ROWS_SECONDS: Final = 10.0
"""As long for each other kind of row."""
FOUND_AT_A_TIME: Final = 5_000
JOBS_AT_A_TIME: Final = 500
"""Jobs that go in one transaction, with the batches they are of: 0.2 to 0.6 s. One batch with more goes by itself."""
AUDITED_AT_A_TIME: Final = 20
LOCK_KEY: Final = 7_236_541_022
LOCK_NOT_AVAILABLE: Final = "55P03"
"""PostgreSQL's code for a lock that was not had in the time that a statement would wait."""
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
            if not await _is_ours(session):
                return
        expired = await self._remove_batches()
        for delete_expired in self._expiring:
            await self._remove_rows(delete_expired)
        collected = await collect(self._database, self._storage, next(self._prefixes))
        EXPIRED.labels("batches").inc(expired)
        EXPIRED.labels("contents").inc(collected)
        if expired or collected:
            log.info("%s expired batches and %s unused contents are gone", expired, collected)
        await self._audit()

    async def _remove_batches(self) -> int:
        gone, until = 0, time.monotonic() + EXPIRY_SECONDS
        found = None
        while found is None or len(found) == FOUND_AT_A_TIME:
            async with self._database.transaction() as session:
                found = await removal.find_expired(session, FOUND_AT_A_TIME)
            before = gone
            for group in groups(found):
                async with self._database.transaction() as session:
                    if not await _is_ours(session):
                        return gone
                    gone += await removal.remove_expired(session, group)
                if time.monotonic() > until:
                    self.wake()
                    return gone
            if gone == before:
                break  # all are held by somebody
        return gone

    async def _remove_rows(self, delete_expired: Expire) -> None:
        gone, until = 0, time.monotonic() + ROWS_SECONDS
        while some := await self._remove_some(delete_expired):
            gone += some
            if time.monotonic() > until:
                self.wake()
                break
        if gone:
            EXPIRED.labels(_room_of(delete_expired)).inc(gone)
            log.info("%s.%s: %s", delete_expired.__module__, delete_expired.__qualname__, gone)

    async def _remove_some(self, delete_expired: Expire) -> int:
        try:
            async with self._database.transaction() as session:
                return await delete_expired(session)
        except (DBAPIError, DatabaseUnavailable) as error:
            if not _is_locked(error):
                raise
            log.info(
                "%s.%s: locked by somebody, left for later", delete_expired.__module__, delete_expired.__qualname__
            )
            return 0

    async def _audit(self) -> None:
        async with self._database.transaction() as session:
            lately = Batch.completed_at > func.now() - text("interval '2 minutes'")
            query = select(Batch.id).where(Batch.status.in_(BATCH_TERMINAL), lately).limit(AUDITED_AT_A_TIME)
            for batch_id in (await session.execute(query)).scalars().all():
                for difference in await audit(session, batch_id):
                    log.error("batch %s does not add up: %s", batch_id, difference)


def _room_of(delete_expired: Expire) -> str:
    """The room, or the package, whose rows it removes."""
    package, _, rest = delete_expired.__module__.partition(".")
    return rest.partition(".")[0] if package == "app" else package


async def _is_ours(session: AsyncSession) -> bool:
    """Whether no other process keeps house in this moment; until the transaction ends none does."""
    return bool((await session.execute(select(func.pg_try_advisory_xact_lock(LOCK_KEY)))).scalar_one())


def _is_locked(error: BaseException | None) -> bool:
    """Whether a statement gave up because it had to wait for a lock."""
    while error and getattr(error, "sqlstate", None) != LOCK_NOT_AVAILABLE:
        error = error.__cause__
    return error is not None


def groups(found: Sequence[Expired]) -> Iterator[list[UUID]]:
    """Batches that go together: as many as have JOBS_AT_A_TIME jobs, at least one."""
    group: list[UUID] = []
    jobs = 0
    for batch in found:
        if group and jobs + batch.jobs > JOBS_AT_A_TIME:
            yield group
            group, jobs = [], 0
        group.append(batch.id)
        jobs += batch.jobs + 1
    if group:
        yield group
