"""Commands on a batch: start, pause, resume, cancel, retry, restart, archive, change, delete."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.auth.dependencies import ManagerDep, SubmitterDep
from app.batches import copies, removal, renaming, responses, service
from app.batches.dependencies import DeskDep, NotifierDep
from app.batches.schemas import (
    BatchArchived,
    BatchCancelled,
    BatchCopied,
    BatchPaused,
    BatchResumed,
    BatchStarted,
    BatchUpdate,
    ErrorCode,
    RetryFailed,
)
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import SessionDep
from app.kit.errors import Unprocessable

_TAG = RouteTag("commands", "Start, pause, resume, cancel, retry, copy, change and remove a batch.")
router = APIRouter(prefix="/api/batches/{batch_id}", tags=[_TAG])
NEW_BATCH = "/api/batches/{new_batch_id}"


@router.post("/start")
@raises(service.start)
async def start_batch(batch_id: UUID, desk: DeskDep, session: SessionDep, caller: SubmitterDep) -> BatchStarted:
    """Start a draft."""
    return await service.start(session, caller, desk, batch_id)


@router.post("/pause")
@raises(service.pause)
async def pause_batch(batch_id: UUID, session: SessionDep, caller: ManagerDep) -> BatchPaused:
    """Start no more jobs. Those that run finish the step they are in, and keep their place."""
    return BatchPaused(paused_at=await service.pause(session, caller, batch_id))


@router.post("/resume")
@raises(service.resume)
async def resume_batch(batch_id: UUID, notifier: NotifierDep, session: SessionDep, caller: ManagerDep) -> BatchResumed:
    """Go on after a pause; the failure threshold counts anew from here."""
    return BatchResumed(resumed_at=await service.resume(session, caller, notifier, batch_id))


@router.post("/cancel")
@raises(service.cancel)
async def cancel_batch(
    batch_id: UUID, notifier: NotifierDep, session: SessionDep, caller: ManagerDep
) -> BatchCancelled:
    """Cancel what is pending now, and what runs after its step or after 30 seconds."""
    return BatchCancelled(cancelled_at=await service.cancel(session, caller, notifier, batch_id))


@router.post("/retry-failed", status_code=202)
@raises(copies.retry_failed)
@sends("Location")
async def retry_failed_jobs(
    batch_id: UUID,
    session: SessionDep,
    caller: ManagerDep,
    desk: DeskDep,
    once: OnceDep,
    body: RetryFailed | None = None,
    error_code: Annotated[ErrorCode | None, Query()] = None,
    code: Annotated[ErrorCode | None, Query(deprecated=True, description="The older name of `error_code`.")] = None,
) -> BatchCopied:
    """A new batch with a copy of each failed job, at the step where it failed.

    Asked again while its jobs are under way, the same batch; once they have ended, a batch of those that failed
    again. Who may send a request twice sends an Idempotency-Key.

    With an `error_code` or a `step`, as `/failures` tells them: only the jobs that failed with it, or there. Where
    a job was retried before, its last retry counts: one that failed is tried again.
    """
    wanted = {one for one in (error_code, code, body.error_code if body else None) if one}
    if len(wanted) > 1:
        raise Unprocessable(f"Name one error code, not {' and '.join(sorted(wanted))}.")
    only, step = next(iter(wanted), None), body.step if body else None

    async def make() -> BatchCopied:
        return BatchCopied(new_batch_id=await copies.retry_failed(session, caller, desk, batch_id, only, step))

    return await once.answer(session, body, make, BatchCopied, location=NEW_BATCH)


@router.post("/restart", status_code=202)
@raises(copies.restart)
@sends("Location")
async def restart_batch(
    batch_id: UUID, desk: DeskDep, session: SessionDep, caller: ManagerDep, once: OnceDep
) -> BatchCopied:
    """A new batch with all jobs of this one, from the beginning. With an Idempotency-Key, asked twice, the same one."""

    async def make() -> BatchCopied:
        return BatchCopied(new_batch_id=await copies.restart(session, caller, desk, batch_id))

    return await once.answer(session, None, make, BatchCopied, location=NEW_BATCH)


@router.post("/archive")
@raises(service.archive)
async def archive_batch(batch_id: UUID, session: SessionDep, caller: ManagerDep) -> BatchArchived:
    """Take an ended batch out of the lists."""
    return BatchArchived(archived_at=await service.archive(session, caller, batch_id, archived=True))


@router.post("/unarchive")
@raises(service.archive)
async def unarchive_batch(batch_id: UUID, session: SessionDep, caller: ManagerDep) -> BatchArchived:
    """Bring an archived batch back."""
    return BatchArchived(archived_at=await service.archive(session, caller, batch_id, archived=False))


@router.patch("")
@raises(renaming.change)
async def update_batch(
    batch_id: UUID, body: BatchUpdate, session: SessionDep, caller: ManagerDep, desk: DeskDep
) -> responses.BatchRead:
    """Change a batch's name, description, customer, metadata or how many of its jobs run at once.

    Its folder and its ZIP are called what it is called now. A larger `max_parallel` takes effect at once, a smaller one
    as jobs end.
    """
    await renaming.change(session, caller, desk, batch_id, body)
    row = await service.get_batch(session, caller, batch_id)
    await session.refresh(row.batch)
    return await responses.read_batch(session, row, responses.BatchRead)


@router.delete("", status_code=204)
@raises(removal.delete_batch)
async def delete_batch(batch_id: UUID, session: SessionDep, caller: ManagerDep) -> None:
    """Remove an ended batch or a draft, with its jobs, results and files."""
    await removal.delete_batch(session, caller, batch_id)
