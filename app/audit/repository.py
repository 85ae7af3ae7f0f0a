"""Rows of the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.models import AuditEntry

REMOVED_AT_A_TIME: Final = 10_000


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add an entry in the session's transaction."""
    await session.execute(insert(AuditEntry).values(values))


async def remove_old(session: AsyncSession, life: timedelta) -> int:
    """Remove entries older than `life`, the oldest first and some at a time; returns how many."""
    call = func.remove_audit_log(func.now() - life, REMOVED_AT_A_TIME)
    return int((await session.execute(select(call))).scalar_one())


async def erase_organisation(session: AsyncSession, organisation_id: UUID) -> int:
    """Remove every entry of an organisation that is erased; returns how many."""
    return int((await session.execute(select(func.erase_audit_log(organisation_id)))).scalar_one())
