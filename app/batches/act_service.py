"""Commands on one job: cancel, retry, skip. Each is one transaction, and does nothing when it is repeated."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action as AuditAction
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.batches import act_repository, acts, copies, quotas, service
from app.batches.act_repository import Chosen, JobAt
from app.batches.act_rules import DO, ELSEWHERE, UNCHANGED, UNKNOWN_STEP, Action, verdict
from app.batches.act_schemas import JobActed
from app.batches.desk import Desk
from app.batches.errors import InvalidJobTransition, JobNotFound, StepUnknown
from app.batches.models import Batch
from app.kit.declarations import raises


@raises(service.get_job, service.get_locked, InvalidJobTransition)
async def act_on_job(session: AsyncSession, caller: Caller, desk: Desk, job_id: UUID, action: Action) -> JobActed:
    """Cancel or skip a job."""
    found = await service.get_job(session, caller, job_id)
    batch = await service.get_locked(session, caller, found.job.batch_id)
    job = await _at(session, batch, job_id, None)
    _refuse(action, batch, job, None)
    return await _act(session, caller, desk, batch, job, action, None)


@raises(service.get_job, service.get_locked, InvalidJobTransition, StepUnknown, copies.retry_jobs, quotas.check_start)
async def retry_job(session: AsyncSession, caller: Caller, desk: Desk, job_id: UUID, from_step: str | None) -> JobActed:
    """Have a job tried again: in its batch, or in one of its own when that has ended. Its last retry goes for it."""
    found = await service.get_job(session, caller, job_id)
    batch = await service.get_locked(session, caller, found.job.batch_id)
    while (latest := (await act_repository.list_latest(session, [job_id]))[0]).batch_id != batch.id:
        batch = await service.get_locked(session, caller, latest.batch_id)
    job = await _at(session, batch, latest.id, from_step)
    word = _refuse("retry", batch, job, from_step)
    if word != ELSEWHERE:
        if word == DO:
            await quotas.check_start(session, caller.organisation_id, 1)
        return await _act(session, caller, desk, batch, job, "retry", from_step)
    positions = [job.goes_on_at if job.from_position is None else job.from_position]
    new_batch_id = await copies.retry_jobs(session, caller, desk, batch, [job.id], positions)
    latest = (await act_repository.list_latest(session, [job.id]))[0]
    await _tell(session, caller, batch, job, "retry")
    return JobActed(job_id=latest.id, batch_id=new_batch_id, status="pending", cancelling=False, changed=True)


async def _at(session: AsyncSession, batch: Batch, job_id: UUID, from_step: str | None) -> JobAt:
    found = await act_repository.list_at(session, batch.id, Chosen(ids=[job_id]), from_step)
    if not found:
        raise JobNotFound
    return found[0]


def _refuse(action: Action, batch: Batch, job: JobAt, from_step: str | None) -> str:
    """The verdict, unless it is that this cannot be done."""
    word = verdict(action, batch.status, job, from_step)
    if word == UNKNOWN_STEP:
        raise StepUnknown(f"The job has no step {from_step!r}.")
    if word not in (DO, UNCHANGED, ELSEWHERE):
        raise InvalidJobTransition(job.status, action, word)
    return word


async def _act(
    session: AsyncSession,
    caller: Caller,
    desk: Desk,
    batch: Batch,
    job: JobAt,
    action: Action,
    from_step: str | None,
) -> JobActed:
    if verdict(action, batch.status, job, from_step) == DO:
        await _tell(session, caller, batch, job, action)
        await acts.act(session, desk.notifier, batch, action, [job], from_step=from_step, actor=caller.actor)
        (after,) = await act_repository.list_at(session, batch.id, Chosen(ids=[job.id]), from_step)
        changed = True
    else:
        after, changed = job, False
    is_cancelling = after.status == "running" and (after.is_cancelling or batch.status == "cancelling")
    return JobActed(job_id=job.id, batch_id=batch.id, status=after.status, cancelling=is_cancelling, changed=changed)


async def _tell(session: AsyncSession, caller: Caller, batch: Batch, job: JobAt, action: Action) -> None:
    details = {"action": action, "batch_id": str(batch.id), "was": job.status}
    await record(session, caller, AuditAction.JOBS_ACTED_ON, target=Target("job", job.id), details=details)
