"""Rows of the audit log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry
from app.auth.models import ApiKey, User
from app.kit.rows import read_row

REMOVED_AT_A_TIME: Final = 10_000


class DeadKey(NamedTuple):
    """A key that was refused although it is somebody's: it was revoked, or its time is over."""

    key_id: UUID
    name: str
    organisation_id: UUID


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add an entry in the session's transaction."""
    await session.execute(insert(AuditEntry).values(values))


async def has_audit_log(session: AsyncSession) -> bool:
    """Whether the schema has got so far."""
    return (await session.execute(select(func.to_regclass("audit_log")))).scalar_one() is not None


async def remove_old(session: AsyncSession, life: timedelta) -> int:
    """Remove entries older than `life`, the oldest first and some at a time; returns how many."""
    call = func.remove_audit_log(func.now() - life, REMOVED_AT_A_TIME)
    return int((await session.execute(select(call))).scalar_one())


async def erase_organisation(session: AsyncSession, organisation_id: UUID) -> int:
    """Remove every entry of an organisation that is erased; returns how many."""
    return int((await session.execute(select(func.erase_audit_log(organisation_id)))).scalar_one())


async def find_dead_keys(session: AsyncSession, hashes: Collection[bytes]) -> dict[bytes, DeadKey]:
    """Those of the hashes that are keys of somebody, by hash."""
    if not hashes:
        return {}
    columns = (ApiKey.key_hash, ApiKey.id.label("key_id"), ApiKey.name, User.organisation_id)
    query = select(*columns).join(User, User.id == ApiKey.user_id).where(ApiKey.key_hash.in_(hashes))
    return {row["key_hash"]: read_row(DeadKey, row) for row in (await session.execute(query)).mappings()}
