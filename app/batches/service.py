"""Commands on batches. Each is one transaction; the batch's row is locked first."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches import log, repository
from app.batches.models import Batch, Job
from app.batches.schemas import BatchStarted
from app.batches.states import TRANSITIONS
from app.batches.submission import BatchEmpty, Doorbell
from app.kit.errors import Conflict, NotFound


class BatchNotFound(NotFound):
    code = "batch_not_found"


class InvalidTransition(Conflict):
    code, title = "invalid_transition", "Invalid transition"

    def __init__(self, status: str, event: str) -> None:
        allowed = [name for name, (sources, _) in TRANSITIONS.items() if status in sources]
        detail = f"A batch that is {status} cannot {event}."
        super().__init__(detail, event=event, allowed=allowed)
        self.extra["from"] = status


async def get_locked(session: AsyncSession, caller: Caller, batch_id: UUID) -> Batch:
    """The caller's batch, locked; raises BatchNotFound (404)."""
    batch = await repository.lock_batch(session, caller.organisation_id, batch_id)
    if batch is None:
        raise BatchNotFound("There is no such batch.")
    return batch


async def start(session: AsyncSession, caller: Caller, doorbell: Doorbell, batch_id: UUID) -> BatchStarted:
    """Start a draft. A batch that was started already is answered the same again."""
    batch = await get_locked(session, caller, batch_id)
    query = select(Job.id).where(Job.batch_id == batch_id).order_by(Job.sequence).limit(1)
    first_job_id = (await session.execute(query)).scalar_one_or_none()
    if batch.status in ("pending", "processing"):
        return BatchStarted(started_at=(batch.started_at or batch.updated_at).isoformat(), first_job_id=first_job_id)
    sources, target = TRANSITIONS["start"]
    if batch.status not in sources:
        raise InvalidTransition(batch.status, "start")
    if not batch.total_jobs:
        raise BatchEmpty("The batch has no files, URLs or records.")
    event = log.NewEvent("batch.queued", data={"status": target})
    await log.record(session, batch_id, [event], actor=caller.actor, changes={"status": target})
    await doorbell.ring(session, batch_id, min(batch.max_parallel, 4))
    await session.refresh(batch, ["updated_at"])
    return BatchStarted(started_at=batch.updated_at.isoformat(), first_job_id=first_job_id)
