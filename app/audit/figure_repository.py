"""When the last backup was written, for Prometheus: `tranche backup` says so in the audit log."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.models import AuditEntry
from app.kit.metrics import Samples, figure

BACKUP_AGE: Final = figure(
    "tranche_backup_age_seconds",
    "How long ago `tranche backup` wrote the last one; missing if it never did",
    scope="installation",
)
SECONDS: Final = 60.0


async def backup_age(session: AsyncSession) -> float | None:
    """Seconds since the last backup, None if there was none.

    Backups are of no organisation, and so are few entries: the index has them together.
    """
    of_backups = AuditEntry.organisation_id.is_(None), AuditEntry.action == Action.BACKUP_CREATED
    age = func.extract("epoch", func.clock_timestamp() - AuditEntry.at)
    found = (await session.execute(select(age).where(*of_backups).order_by(AuditEntry.at.desc()).limit(1))).scalar()
    return None if found is None else float(found)


async def read_backup_age(session: AsyncSession) -> Samples:
    """One reading."""
    age = await backup_age(session)
    return [] if age is None else [(BACKUP_AGE, (), age)]
