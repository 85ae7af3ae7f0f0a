"""Deleting batches with everything that is theirs, on request or when they expire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.batches import bulk_repository, log, service
from app.batches.models import Batch
from app.batches.states import BATCH_TERMINAL
from app.batches.step_models import LogRow
from app.kit.declarations import raises

_IS_EXPIRED: Final = (Batch.expires_at < func.now(), Batch.status.in_(BATCH_TERMINAL))


@raises(service.get_locked, service.check_command)
async def delete_batch(session: AsyncSession, caller: Caller, batch_id: UUID) -> None:
    """Remove an ended batch or a draft with its jobs, events and files; raises InvalidTransition (409) for others."""
    batch = await service.get_locked(session, caller, batch_id)
    service.check_command(batch, "delete")
    target, details = Target("batch", batch_id, batch.name), {"status": batch.status, "jobs": batch.total_jobs}
    await remove(session, [batch_id])
    await record(session, caller, Action.BATCH_DELETED, target=target, details=details)


async def remove(session: AsyncSession, batch_ids: Sequence[UUID]) -> None:
    """Remove locked batches with all that is theirs. Files in use stay; contents go when no file names them."""
    files = {file_id for _, file_id in await bulk_repository.list_files(session, batch_ids)}
    await session.execute(delete(LogRow).where(LogRow.batch_id.in_(batch_ids)))
    gone = delete(Batch).where(Batch.id.in_(batch_ids)).returning(Batch.organisation_id, Batch.id)
    removed = [(row[0], row[1]) for row in await session.execute(gone)]
    await bulk_repository.delete_unused_files(session, files)
    await log.announce(session, removed)


class Expired(NamedTuple):
    """A batch whose time is over, and how many jobs go with it."""

    id: UUID
    jobs: int


async def find_expired(session: AsyncSession, limit: int) -> Sequence[Expired]:
    """Ended batches whose time is over, those first that should have gone first."""
    query = select(Batch.id, Batch.total_jobs).where(*_IS_EXPIRED).order_by(Batch.expires_at).limit(limit)
    return [Expired(*row) for row in await session.execute(query)]


async def remove_expired(session: AsyncSession, batch_ids: Sequence[UUID]) -> int:
    """Remove those of the batches that are expired still and that nobody holds; returns how many.

    It waits for nobody: what is in use, the batch itself or a file of it, goes with a later call.
    """
    query = select(Batch.id).where(Batch.id.in_(batch_ids), *_IS_EXPIRED)
    free = (await session.execute(query.order_by(Batch.id).with_for_update(skip_locked=True))).scalars().all()
    pairs = await bulk_repository.list_files(session, free)
    unused = await bulk_repository.lock_files(session, {file_id for _, file_id in pairs})
    held = {batch_id for batch_id, file_id in pairs if file_id not in unused}
    removable = [batch_id for batch_id in free if batch_id not in held]
    if removable:
        await remove(session, removable)
    return len(removable)
