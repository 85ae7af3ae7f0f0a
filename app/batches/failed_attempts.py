"""What went wrong in a job, each time that it did, as the event log has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Job
from app.batches.responses import FailedAttemptRead
from app.batches.step_models import Event, JobStep

OUTCOMES: Final = {"job.retrying": "retried", "job.requeued": "lost", "step.failed": "failed"}


async def list_failed_attempts(session: AsyncSession, job: Job, steps: Sequence[JobStep]) -> list[FailedAttemptRead]:
    """The tries of a job that went wrong, the oldest first; those of an earlier batch stay with its job there."""
    if not job.crash_count and all(step.attempts < 2 and step.status != "failed" for step in steps):
        return []  # most jobs: the log, which is long, has nothing to say
    query = select(Event).where(Event.batch_id == job.batch_id, Event.job_id == job.id, Event.type.in_(OUTCOMES))
    events = (await session.execute(query.order_by(Event.id))).scalars()
    return [
        FailedAttemptRead.model_validate(
            {
                "step": event.step,
                "outcome": OUTCOMES[event.type],
                "at": event.created_at,
                "error_code": event.data.get("error_code"),
                "message": event.data.get("message"),
                "retry_at": event.data.get("retry_at"),
            }
        )
        for event in events
    ]
