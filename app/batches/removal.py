"""Deleting batches with everything that is theirs, on request or when they expire."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.batches import bulk_repository, log, service
from app.batches.models import Batch
from app.batches.states import BATCH_TERMINAL
from app.batches.step_models import Event
from app.kit.declarations import raises


@raises(service.get_locked, service.check_command)
async def delete_batch(session: AsyncSession, caller: Caller, batch_id: UUID) -> None:
    """Remove an ended batch or a draft with its jobs, events and files; raises InvalidTransition (409) for others."""
    batch = await service.get_locked(session, caller, batch_id)
    service.check_command(batch, "delete")
    target, details = Target("batch", batch_id, batch.name), {"status": batch.status, "jobs": batch.total_jobs}
    await remove(session, batch_id)
    await record(session, caller, Action.BATCH_DELETED, target=target, details=details)


async def remove(session: AsyncSession, batch_id: UUID) -> None:
    """Remove a locked batch. Files that another batch uses as well stay; contents go when no file names them."""
    files = await bulk_repository.list_file_ids(session, batch_id)
    await session.execute(delete(Event).where(Event.batch_id == batch_id))
    gone = delete(Batch).where(Batch.id == batch_id).returning(Batch.organisation_id)
    organisation_id = (await session.execute(gone)).scalar_one()
    if files:
        await bulk_repository.delete_unused_files(session, files)
    await log.announce(session, organisation_id, batch_id)


async def find_expired(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Ended batches whose time is over."""
    query = select(Batch.id).where(Batch.expires_at < func.now(), Batch.status.in_(BATCH_TERMINAL)).limit(limit)
    return (await session.execute(query)).scalars().all()
