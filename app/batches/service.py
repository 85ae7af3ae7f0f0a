"""Commands on a batch. Each is one transaction and idempotent; the batch's row is locked first."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.ownership import check_owner
from app.batches import bulk_repository, log, quotas, repository
from app.batches.desk import Desk, Notifier
from app.batches.errors import BatchEmpty, BatchNotFound, InvalidTransition, JobNotFound
from app.batches.extensions import EXTENSIONS
from app.batches.listing import BatchRow
from app.batches.metrics import End, count_ended
from app.batches.models import Batch, Job
from app.batches.repository import JobRow
from app.batches.responses import pipelines_of
from app.batches.schemas import BatchStarted
from app.batches.states import COMMANDS, RULES_BY_EVENT, outcome_of
from app.batches.submission import check_opened, params_of
from app.kit.db import after_commit
from app.kit.declarations import raises
from app.kit.errors import existing
from app.kit.secrets.sealing import CannotUnseal
from app.kit.tracing import record_span
from app.pipelines.contract import Params, Pipeline

PIPELINE_CHANGED: Final = "PIPELINE_CHANGED"
CHANGED_ADVICE: Final = (
    'Put the step back, or say was="..." where it has another name now, and resume the batch;'
    " or cancel it, and restart it: that begins anew, with the steps as they are now."
)


@raises(BatchNotFound)
async def get_batch(session: AsyncSession, caller: Caller, batch_id: UUID) -> BatchRow:
    """The caller's batch with its pipeline and who made it; raises BatchNotFound (404).

    One that has a pipeline which the caller's key does not open is not there for that key.
    """
    row = existing(await repository.find_batch(session, caller.organisation_id, batch_id), BatchNotFound)
    if not caller.opens(pipelines_of(row.batch, row.pipeline)):
        raise BatchNotFound
    return row


@raises(JobNotFound)
async def get_job(session: AsyncSession, caller: Caller, job_id: UUID) -> JobRow:
    """A job of the caller's with its pipeline's key and its steps; raises JobNotFound (404)."""
    row = existing(await repository.find_job(session, caller.organisation_id, job_id), JobNotFound)
    if caller.pipelines is not None:
        batch = await repository.find_batch(session, caller.organisation_id, row.job.batch_id)
        if batch is None or not caller.opens(pipelines_of(batch.batch, batch.pipeline)):
            raise JobNotFound
    return row


@raises(get_batch, check_owner)
async def get_locked(session: AsyncSession, caller: Caller, batch_id: UUID) -> Batch:
    """The batch, locked for a command of the caller; raises BatchNotFound (404) and NotOwner (403)."""
    if caller.pipelines is not None:
        await get_batch(session, caller, batch_id)
    batch = existing(await repository.lock_batch(session, caller.organisation_id, batch_id), BatchNotFound)
    await check_owner(session, caller, batch.created_by)
    return batch


@raises(InvalidTransition)
def check_command(batch: Batch, event: str) -> None:
    """Raise InvalidTransition (409) when the batch is not where the command may start."""
    if batch.status not in COMMANDS[event].sources:
        raise InvalidTransition(batch.status, event)


async def database_now(session: AsyncSession) -> datetime:
    """The database's clock, which is the only one that times of batches are read from."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def list_tasks(session: AsyncSession, desk: Desk, batch: Batch) -> list[tuple[int, Pipeline, Params]]:
    """The batch's pipelines with their ids and parameters, without those that this process cannot make sense of."""
    tasks = []
    for pipeline_id in await repository.list_pipeline_ids(session, batch):
        if pipeline := desk.registry.find(pipeline_id):
            try:
                settings = desk.unseal(params_of(batch, pipeline.key), batch.organisation_id)
                tasks.append((pipeline_id, pipeline, pipeline.params.model_validate(settings)))
            except (CannotUnseal, ValueError):
                continue  # what its steps say of it is told by its jobs
    return tasks


@raises(Desk.check_needs)
async def check_needs(session: AsyncSession, desk: Desk, batch: Batch) -> None:
    """Raise ConnectionMissing (422) when the organisation has no account for a service that the batch would use."""
    tasks = [(pipeline, params) for _, pipeline, params in await list_tasks(session, desk, batch)]
    records = await repository.list_records(session, batch.id) if any(one.needs_hook for one, _ in tasks) else []
    also, mail = await EXTENSIONS.services_of(session, batch.id), batch.notification_email is not None
    await desk.check_needs(session, batch.organisation_id, tasks, records, also=also, mail=mail)


@raises(check_opened)
async def check_followers(session: AsyncSession, caller: Caller, batch: Batch) -> None:
    """Refuse a key that does not open the pipelines of the batches which are to follow this one."""
    if caller.pipelines is not None:
        check_opened(caller, await EXTENSIONS.pipelines_of(session, batch.id))


@raises(get_locked, check_command, check_followers, BatchEmpty, check_needs, quotas.check_start)
async def start(session: AsyncSession, caller: Caller, desk: Desk, batch_id: UUID) -> BatchStarted:
    """Start a draft. A batch that was started already is answered the same again."""
    batch = await get_locked(session, caller, batch_id)
    query = select(Job.id).where(Job.batch_id == batch_id).order_by(Job.sequence).limit(1)
    first_job_id = (await session.execute(query)).scalar_one_or_none()
    if batch.status in ("pending", "processing"):
        return BatchStarted(started_at=batch.queued_at or batch.created_at, first_job_id=first_job_id)
    check_command(batch, "start")
    await check_followers(session, caller, batch)
    if not batch.total_jobs and batch.sealed is not False:
        raise BatchEmpty("The batch has no files, URLs or records.")
    await check_needs(session, desk, batch)
    await quotas.check_start(session, caller.organisation_id, batch.pending_jobs)
    now = await database_now(session)
    changes = {"status": "pending", "queued_at": now}
    event = log.NewEvent("batch.queued", data={"status": "pending"})
    await log.record(session, batch_id, [event], actor=caller.actor, changes=changes)
    await desk.notifier.notify(session, batch_id, batch.max_parallel)
    return BatchStarted(started_at=now, first_job_id=first_job_id)


@raises(get_locked, check_command)
async def pause(session: AsyncSession, caller: Caller, batch_id: UUID) -> datetime:
    """Start no more jobs; those that run finish their step and wait. Returns since when."""
    batch = await get_locked(session, caller, batch_id)
    if batch.status == "paused" and batch.paused_at:
        return batch.paused_at
    check_command(batch, "pause")
    now = await database_now(session)
    changes = {"status": "paused", "pause_reason": "user", "paused_at": now}
    event = log.NewEvent("batch.paused", data={"status": "paused", "reason": "user"})
    await log.record(session, batch_id, [event], actor=caller.actor, changes=changes)
    return now


async def pause_changed(session: AsyncSession, batch_id: UUID, what: str) -> None:
    """Pause a batch that cannot go on since the code of its pipeline was changed; `what` says why, in sentences."""
    query = select(Batch).where(Batch.id == batch_id, Batch.status.in_(RULES_BY_EVENT["pipeline_changed"].sources))
    batch = (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()
    if batch is None:
        return
    changes = {"status": "paused", "pause_reason": PIPELINE_CHANGED, "paused_at": await database_now(session)}
    data = {"status": "paused", "reason": PIPELINE_CHANGED, "message": f"{what} {CHANGED_ADVICE}"}
    events = [log.NewEvent("batch.alerted", data=data), log.NewEvent("batch.paused", data=data)]
    await log.record(session, batch_id, events, changes=changes)


@raises(get_locked, check_command)
async def resume(session: AsyncSession, caller: Caller, notifier: Notifier, batch_id: UUID) -> datetime:
    """Go on. Failures are counted anew from here, so that the batch does not pause again at once."""
    batch = await get_locked(session, caller, batch_id)
    if batch.status in ("pending", "processing"):
        return batch.updated_at
    check_command(batch, "resume")
    now = await database_now(session)
    status = "processing" if batch.started_at else "pending"
    changes = {
        "status": status,
        "pause_reason": None,
        "paused_at": None,
        "first_n": None,
        "failures_at_base": batch.failed_jobs,
        "jobs_at_base": batch.pending_jobs + batch.running_jobs,
    }
    event = log.NewEvent("batch.resumed", data={"status": status})
    await log.record(session, batch_id, [event], actor=caller.actor, changes=changes)
    await notifier.notify(session, batch_id, batch.max_parallel)
    return now


@raises(get_locked, check_command)
async def cancel(session: AsyncSession, caller: Caller, notifier: Notifier, batch_id: UUID) -> datetime:
    """Cancel pending jobs now; running ones stop after their step, and within 30 s. Returns since when."""
    batch = await get_locked(session, caller, batch_id)
    if batch.status in ("cancelling", "cancelled") and batch.cancelled_at:
        return batch.cancelled_at
    check_command(batch, "cancel")
    now = await database_now(session)
    event = log.NewEvent("batch.cancelling", data={"status": "cancelling"})
    changes = {"status": "cancelling", "pause_reason": None, "cancelled_at": now}
    await cancel_pending_jobs(session, batch, now, [event], changes, actor=caller.actor)
    if batch.needs_summary:
        await notifier.notify(session, batch_id, 1)  # whoever takes it closes the batch when it is quiet already
    return now


async def cancel_pending_jobs(
    session: AsyncSession,
    batch: Batch,
    now: datetime,
    events: list[log.NewEvent],
    changes: dict[str, Any],
    *,
    actor: str | None = None,
) -> None:
    """End the pending jobs of a locked batch that is being cancelled, and the batch itself when nothing runs.

    `events` and `changes` are written with it, before the events of the jobs.
    """
    started = time.time_ns()
    rows = await bulk_repository.cancel_pending_jobs(session, batch.id, now)
    ends = Counter(End(row.pipeline, "cancelled") for row in rows)
    after_commit(session, partial(count_ended, ends))
    events = events + [
        log.NewEvent(
            "job.cancelled",
            row.id,
            data={"sequence": row.sequence, "stage": row.stage, "status": "cancelled", "attempt": row.attempt},
        )
        for row in rows
    ]
    cancelled = batch.cancelled_jobs + len(rows)
    changes = changes | {"pending_jobs": batch.pending_jobs - len(rows), "cancelled_jobs": cancelled}
    if not batch.running_jobs and not batch.needs_summary:
        given_up = batch.status_reason is not None
        status = outcome_of(batch.completed_jobs, batch.failed_jobs, cancelled, cancelling=True, given_up=given_up)
        began = batch.started_at or batch.created_at
        milliseconds = int((now - began).total_seconds() * 1000)
        changes |= {"status": status, "completed_at": now, "processing_time_ms": milliseconds}
        events.append(log.NewEvent(f"batch.{status}", data={"status": status}))
    await log.record(session, batch.id, events, actor=actor, changes=changes)
    if "completed_at" in changes:
        told = {"tranche.batch_id": str(batch.id), "tranche.status": changes["status"]}
        record_span("cancel", told, parent=batch.trace_context, began=started)


@raises(get_locked, check_command)
async def archive(session: AsyncSession, caller: Caller, batch_id: UUID, *, archived: bool) -> datetime | None:
    """Take an ended batch out of the lists, or bring it back. Returns since when it is archived."""
    batch = await get_locked(session, caller, batch_id)
    if archived and batch.archived_at:
        return batch.archived_at
    check_command(batch, "archive")
    now = await database_now(session) if archived else None
    await session.execute(update(Batch).where(Batch.id == batch_id).values(archived_at=now))
    await log.announce(session, [(batch.organisation_id, batch_id)])
    return now


async def cancel_pending_of(session: AsyncSession, batch_id: UUID) -> None:
    """End the pending jobs of a batch that is `cancelling` already; the runner asks for it when a batch is given up."""
    query = select(Batch).where(Batch.id == batch_id, Batch.status == "cancelling", Batch.pending_jobs > 0)
    batch = (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()
    if batch:
        await cancel_pending_jobs(session, batch, await database_now(session), [], {})
