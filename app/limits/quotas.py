"""Quotas: how much of something an organisation may have, checked in the transaction that makes more of it.

A check takes a lock that the transaction keeps, then counts what is there: whoever comes next waits, and counts what
this one has made. So no number of requests at the same time passes a limit. What has no limit is neither locked nor
counted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db import Database
from app.kit.declarations import raises
from app.limits import quota_repository as repository
from app.limits.errors import QuotaExceeded, StorageQuotaExceeded
from app.limits.metrics import QUOTA_REFUSALS
from app.limits.settings import LimitSettings
from app.limits.warnings import SHARE, crosses, warn

Count = Callable[[AsyncSession, UUID], Awaitable[int]]
"""How much of something an organisation has now."""
MEASURED_EVERY: Final = timedelta(minutes=5)
"""Contents are summed up again after that time, and before anybody is refused: between, only uploads are added."""


class Quota(StrEnum):
    """What is limited."""

    STORED_BYTES = "stored_bytes"
    BATCHES_PER_DAY = "batches_per_day"
    JOBS_IN_FLIGHT = "jobs_in_flight"
    OPEN_STREAMS = "open_streams"
    WEBHOOKS = "webhooks"
    KEYS = "keys"
    USERS = "users"


WORDS: Final[Mapping[Quota, str]] = {
    Quota.STORED_BYTES: "bytes of stored contents",
    Quota.BATCHES_PER_DAY: "batches a day",
    Quota.JOBS_IN_FLIGHT: "jobs that wait or run",
    Quota.OPEN_STREAMS: "open streams",
    Quota.WEBHOOKS: "webhooks",
    Quota.KEYS: "keys",
    Quota.USERS: "users",
}
for _quota in Quota:  # there from the start, at 0
    QUOTA_REFUSALS.labels(_quota.value)
PASSING: Final = frozenset({Quota.JOBS_IN_FLIGHT, Quota.OPEN_STREAMS})
"""Of these there may be room again soon."""
SOON: Final = 30


class More(NamedTuple):
    """How much more of something a change makes, and what counts it."""

    added: int
    counted_by: Count


@raises(QuotaExceeded)
async def check(
    session: AsyncSession,
    organisation_id: UUID,
    wanted: Mapping[Quota, More],
    *,
    written: bool = False,
    lock: bool = True,
) -> None:
    """Raise QuotaExceeded (429) when a change passes a limit. `written`: the rows are there, so that they are counted.

    Called as late as the transaction can, because others wait from here on. Without `lock` it only spares the work
    that would be refused at the end.
    """
    for name, most in sorted((await repository.find_limits(session, organisation_id, list(wanted))).items()):
        if most is None:
            continue
        quota = Quota(name)
        if lock:
            await repository.lock(session, organisation_id, quota)
        added, count = wanted[quota]
        used = await count(session, organisation_id) - (added if written else 0)
        if used + added > most:
            raise await refusal(session, organisation_id, quota, most, used)
        if lock:
            await note(session, organisation_id, quota, most, used, used + added)


async def note(session: AsyncSession, organisation_id: UUID, quota: Quota, most: int, used: int, after: int) -> None:
    """Tell of it when a change that is within the limit comes near to it."""
    if crosses(used, after, most):
        await warn(session, organisation_id, quota.value, WORDS[quota], most, after)


async def refusal(
    session: AsyncSession, organisation_id: UUID, quota: Quota, most: int, used: int
) -> QuotaExceeded | StorageQuotaExceeded:
    """The problem of a change that would pass a limit."""
    QUOTA_REFUSALS.labels(quota.value).inc()
    detail = f"The organisation may have {most:,} {WORDS[quota]}, and has {max(used, 0):,}."
    more: dict[str, Any] = {"quota": quota.value, "limit": most, "used": max(used, 0)}
    if quota is Quota.STORED_BYTES:
        return StorageQuotaExceeded(f"{detail} Nothing was stored.", **more)
    wait = SOON if quota in PASSING else 0
    if quota is Quota.BATCHES_PER_DAY:
        wait = await repository.seconds_to_midnight(session, organisation_id)
    return QuotaExceeded(detail, headers={"Retry-After": str(wait)} if wait else {}, **more)


async def is_limited(session: AsyncSession, organisation_id: UUID, quota: Quota) -> bool:
    """Whether the organisation has a limit of this."""
    return (await repository.find_limits(session, organisation_id, [quota]))[quota] is not None


@raises(StorageQuotaExceeded)
async def check_room(session: AsyncSession, organisation_id: UUID, added: int, measure: Count) -> None:
    """Raise StorageQuotaExceeded (507) when `added` bytes of contents would not fit. It only spares the work."""
    most = (await repository.find_limits(session, organisation_id, [Quota.STORED_BYTES]))[Quota.STORED_BYTES]
    if most is None:
        return
    known = await repository.find_stored(session, organisation_id, MEASURED_EVERY)
    if known is None or known + added > most:
        used = await measure(session, organisation_id)
        if used + added > most:
            raise await refusal(session, organisation_id, Quota.STORED_BYTES, most, used)


class StorageRoom(NamedTuple):
    """Bytes that an organisation may still store, and the problem of a body with more."""

    left: int
    refusal: StorageQuotaExceeded


async def find_room(
    session: AsyncSession, organisation_id: UUID, wanted: int | None, measure: Count
) -> StorageRoom | None:
    """The room for an upload of `wanted` bytes, or of nobody knows how many; None when there is no limit."""
    most = (await repository.find_limits(session, organisation_id, [Quota.STORED_BYTES]))[Quota.STORED_BYTES]
    if most is None:
        return None
    known = await repository.find_stored(session, organisation_id, MEASURED_EVERY)
    if known is None or wanted is None or known + wanted > most:
        known = await measure(session, organisation_id)
    problem = await refusal(session, organisation_id, Quota.STORED_BYTES, most, known)
    assert isinstance(problem, StorageQuotaExceeded)
    return StorageRoom(max(0, most - known), problem)


@raises(StorageQuotaExceeded)
async def add_stored(session: AsyncSession, organisation_id: UUID, added: int, measure: Count) -> None:
    """Count contents whose rows were written just now, `added` bytes more than there were; raises as `check_room`."""
    most = (await repository.find_limits(session, organisation_id, [Quota.STORED_BYTES]))[Quota.STORED_BYTES]
    if most is None or not added:
        return
    await repository.lock(session, organisation_id, Quota.STORED_BYTES)
    known = await repository.find_stored(session, organisation_id, MEASURED_EVERY)
    if known is None or known + added > most:
        used = await measure(session, organisation_id)
        if used > most:
            raise await refusal(session, organisation_id, Quota.STORED_BYTES, most, used - added)
        await repository.save_stored(session, organisation_id, used)
    else:
        await repository.add_stored(session, organisation_id, added)
        used = known + added
    await note(session, organisation_id, Quota.STORED_BYTES, most, used - added, used)


def state_of(used: int, most: int | None) -> str:
    """`ok`, `near` from 80 % on, or `reached`."""
    if most is None:
        return "ok"
    return "reached" if used >= most else "near" if used >= SHARE * most else "ok"


class QuotaDefaults:
    """Writes what the installation allows everybody where every process finds it, at each start."""

    def __init__(self, database: Database, settings: LimitSettings) -> None:
        self._database = database
        self._limits = {quota.value: getattr(settings, f"quota_{quota.value}") for quota in Quota}

    async def start(self) -> None:
        async with self._database.transaction() as session:
            await repository.set_limits(session, None, self._limits)

    async def stop(self) -> None:
        """Nothing is held."""
