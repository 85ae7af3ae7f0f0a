"""What the quotas of an organisation count of batches and jobs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import repository
from app.kit.declarations import raises
from app.limits import quota_repository, quotas
from app.limits.quotas import Count, More, Quota


async def count_of_day(session: AsyncSession, organisation_id: UUID) -> int:
    """Batches that the organisation has made today where it is, with those that were deleted since."""
    counted = await quota_repository.count_of_day(session, organisation_id) or 0
    return max(counted, await repository.count_batches_of_day(session, organisation_id))


async def _take_of_day(session: AsyncSession, organisation_id: UUID) -> int:
    there = await repository.count_batches_of_day(session, organisation_id)
    return await quota_repository.take_of_day(session, organisation_id, there - 1)


COUNTS: Final[Mapping[str, Count]] = {
    Quota.BATCHES_PER_DAY: count_of_day,
    Quota.JOBS_IN_FLIGHT: repository.count_jobs_in_flight,
}


@raises(quotas.check)
async def check_before(session: AsyncSession, organisation_id: UUID, jobs: int) -> None:
    """Refuse a new batch that would be refused at its end, before there is much work; `jobs` are 0 of a draft."""
    wanted = {Quota.BATCHES_PER_DAY: More(1, count_of_day)}
    if jobs:
        wanted[Quota.JOBS_IN_FLIGHT] = More(jobs, repository.count_jobs_in_flight)
    await quotas.check(session, organisation_id, wanted, lock=False)


@raises(quotas.check)
async def count_new(session: AsyncSession, organisation_id: UUID, jobs: int) -> None:
    """Count a batch that was written just now, with `jobs` that may run."""
    wanted = {Quota.BATCHES_PER_DAY: More(1, _take_of_day)}
    if jobs:
        wanted[Quota.JOBS_IN_FLIGHT] = More(jobs, repository.count_jobs_in_flight)
    await quotas.check(session, organisation_id, wanted, written=True)


@raises(quotas.check)
async def check_start(session: AsyncSession, organisation_id: UUID, jobs: int) -> None:
    """Refuse to start a draft whose jobs would be too many."""
    await quotas.check(session, organisation_id, {Quota.JOBS_IN_FLIGHT: More(jobs, repository.count_jobs_in_flight)})
