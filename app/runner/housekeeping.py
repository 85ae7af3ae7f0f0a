"""What time takes away: expired batches, old keys and sessions, unused contents; and a look at the books."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final
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
from app.kit.isolation import each, together
from app.kit.room import Expire
from app.kit.service import Periodic
from app.kit.words import quantity
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

Chore = Callable[[], Awaitable[Any]]


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
        self._gone = 0
        """Batches that this process removed."""

    async def turn(self) -> None:
        """Remove what has expired, collect one slice of the store, and audit batches that ended lately."""
        async with self._database.transaction() as session:
            if not await _is_ours(session):
                return
        rows = [partial(self._remove_rows, delete_expired) for delete_expired in self._expiring]
        chores: list[Chore] = [self._remove_batches, *rows, self._collect, self._audit]
        await each(chores, lambda chore: chore(), log, lambda chore: f"keeping house ({_named(chore)})")

    async def _collect(self) -> None:
        collected = await collect(self._database, self._storage, next(self._prefixes))
        EXPIRED.labels("contents").inc(collected)
        if collected:
            log.info("%s unused contents are gone", collected)

    async def _remove_batches(self) -> None:
        until, found = time.monotonic() + EXPIRY_SECONDS, None
        while found is None or len(found) == FOUND_AT_A_TIME:
            async with self._database.transaction() as session:
                found = await removal.find_expired(session, FOUND_AT_A_TIME)
            before = self._gone
            for group in groups(found):
                await together(group, self._remove_group, log, lambda batch_id: f"removing batch {batch_id}")
                if time.monotonic() > until:
                    self.wake()
                    return
            if self._gone == before:
                return  # all are held by somebody

    async def _remove_group(self, group: Sequence[UUID]) -> None:
        async with self._database.transaction() as session:
            gone = await removal.remove_expired(session, group) if await _is_ours(session) else 0
        self._gone += gone
        EXPIRED.labels("batches").inc(gone)
        if gone:
            log.info("%s are gone, which had expired", quantity(gone, "batch", "batches"))

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
            found = (await session.execute(query)).scalars().all()
        await each(found, self._audit_one, log, lambda batch_id: f"the audit of batch {batch_id}")

    async def _audit_one(self, batch_id: UUID) -> None:
        async with self._database.transaction() as session:
            for difference in await audit(session, batch_id):
                log.error("batch %s does not add up: %s", batch_id, difference)


def _named(chore: Chore) -> str:
    if not isinstance(chore, partial):
        return chore.__name__.strip("_")
    (delete_expired,) = chore.args
    return f"{delete_expired.__module__}.{delete_expired.__qualname__}"


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
