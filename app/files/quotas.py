"""What the quota of an organisation counts of contents: each once, also those that other organisations have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.files import repository
from app.files.storage import Spooled
from app.kit.declarations import raises
from app.limits import quotas
from app.limits.quotas import Count, Quota

COUNTS: Final[Mapping[str, Count]] = {Quota.STORED_BYTES: repository.sum_contents}


async def size_of_new(session: AsyncSession, organisation_id: UUID, contents: Iterable[Spooled]) -> int:
    """Bytes of those contents that the organisation does not have yet."""
    sizes = {content.sha256: content.size for content in contents}
    known = await repository.list_known(session, organisation_id, list(sizes)) if sizes else set()
    return sum(size for sha256, size in sizes.items() if sha256 not in known)


@raises(quotas.check_room)
async def check_room(session: AsyncSession, organisation_id: UUID, contents: Iterable[Spooled]) -> None:
    """Refuse contents that would not fit, before they are stored."""
    if await quotas.is_limited(session, organisation_id, Quota.STORED_BYTES):
        added = await size_of_new(session, organisation_id, contents)
        await quotas.check_room(session, organisation_id, added, repository.sum_contents)


@raises(quotas.add_stored)
async def add_stored(session: AsyncSession, organisation_id: UUID, added: int) -> None:
    """Count contents whose files were written just now, `added` bytes more than there were."""
    await quotas.add_stored(session, organisation_id, added, repository.sum_contents)
