"""New batches from old ones: retry-failed goes on where jobs failed, restart begins anew.

What goes on has the steps that the old batch began with; what begins anew has those that its pipelines have now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches import bulk_repository, log, quotas, service
from app.batches.desk import Desk
from app.batches.directory_names import claim_name
from app.batches.errors import NothingToRetry, NothingToRunAgain
from app.batches.extensions import EXTENSIONS
from app.batches.models import Batch, Job
from app.batches.naming import directory_of_name
from app.batches.plans import make_plans
from app.batches.repository import list_pipeline_ids
from app.batches.submission import step_rows
from app.kit.declarations import raises
from app.kit.ids import new_id
from app.kit.tracing import traceparent
from app.pipelines.contract import Pipeline, PipelineNotWellFormed, Step

_KEPT = (
    "organisation_id",
    "pipeline_id",
    "name_given",
    "description",
    "customer_prefix",
    "mixed_customers",
    "total_pipelines",
    "execution_mode",
    "max_parallel",
    "failure_policy",
    "needs_summary",
    "result_codes",
    "settings",
    "plans",
    "metadata_",
    "notification_email",
)


@raises(
    *(service.get_locked, service.check_command, service.check_followers, service.check_needs),
    *(NothingToRetry, NothingToRunAgain, quotas.count_new),
)
async def retry_failed(
    session: AsyncSession, caller: Caller, desk: Desk, batch_id: UUID, code: str | None = None
) -> UUID:
    """A batch with a copy of each failed job (of one error code), at the step where it failed; the new batch's id.

    Jobs that were retried already are left out; when none is left the batch that retries them is the answer again.
    """
    batch = await service.get_locked(session, caller, batch_id)
    service.check_command(batch, "retry-failed")
    _check_own(batch)
    failed = select(Job.id).where(Job.batch_id == batch_id, Job.status == "failed")
    if code:
        failed = failed.where(Job.error_code == code)
    retried = select(Job.retry_of_job_id).where(Job.retry_of_job_id.is_not(None))
    fresh = (await session.execute(failed.where(Job.id.not_in(retried)).order_by(Job.sequence))).scalars().all()
    if not fresh:
        query = select(Job.batch_id).where(Job.retry_of_job_id.in_(failed)).order_by(Job.batch_id.desc()).limit(1)
        earlier = (await session.execute(query)).scalar_one_or_none()
        if earlier is None:
            raise NothingToRetry("No job of this batch has failed" + (f" with {code}." if code else "."))
        return earlier
    name = await _numbered(session, batch, "Retry", "retry_failed")
    return await _copy(session, caller, desk, batch, fresh, name=name, relation="retry_failed")


@raises(
    *(service.get_locked, service.check_command, service.check_followers, service.check_needs),
    *(NothingToRunAgain, quotas.count_new),
)
async def restart(session: AsyncSession, caller: Caller, desk: Desk, batch_id: UUID) -> UUID:
    """A batch with all jobs of an ended one, from the beginning; the new batch's id."""
    batch = await service.get_locked(session, caller, batch_id)
    service.check_command(batch, "restart")
    _check_own(batch)
    query = select(Job.id).where(Job.batch_id == batch_id).order_by(Job.sequence)
    jobs = (await session.execute(query)).scalars().all()
    name = await _numbered(session, batch, "Restart", "restart")
    return await _copy(session, caller, desk, batch, jobs, name=name, relation="restart")


def _check_own(batch: Batch) -> None:
    if batch.relation == "backfill":
        raise NothingToRunAgain("These jobs were imported from an older system; their files are not here.")


async def _numbered(session: AsyncSession, batch: Batch, word: str, relation: str) -> str:
    """`{name} - Retry`, then `{name} - Retry 2` and so on."""
    query = select(func.count()).where(Batch.parent_batch_id == batch.id, Batch.relation == relation)
    earlier = (await session.execute(query)).scalar_one()
    ending = f" - {word}" if not earlier else f" - {word} {earlier + 1}"
    return batch.name[: 255 - len(ending)] + ending


async def _present_steps(
    session: AsyncSession, desk: Desk, batch: Batch
) -> Sequence[tuple[int, Pipeline, Sequence[Step]]]:
    """The pipelines of the batch with the steps that they have now; nothing when one of them cannot be told here."""
    tasks = await service.list_tasks(session, desk, batch)
    try:
        found = [(pipeline_id, pipeline, pipeline.steps_for(params)) for pipeline_id, pipeline, params in tasks]
    except PipelineNotWellFormed:
        return ()  # the runner will say so of the copy
    return found if len(found) == len(await list_pipeline_ids(session, batch)) else ()


async def _copy(
    session: AsyncSession,
    caller: Caller,
    desk: Desk,
    parent: Batch,
    job_ids: Any,
    *,
    name: str,
    relation: str,
) -> UUID:
    await service.check_followers(session, caller, parent)
    await service.check_needs(session, desk, parent)
    batch_id, count = new_id(), len(job_ids)
    await quotas.check_before(session, caller.organisation_id, count)
    now = await service.database_now(session)
    files, size = await bulk_repository.find_totals(session, job_ids)
    wanted = directory_of_name(name) if parent.name_given else parent.base_directory_name
    base_name = await claim_name(session, caller.organisation_id, wanted)
    life = parent.expires_at - parent.created_at if parent.expires_at else None
    values = {column: getattr(parent, column) for column in _KEPT} | {
        "id": batch_id,
        "created_by": caller.user_id,
        "client_ip": caller.client_ip,
        "name": name,
        "status": "pending",
        "queued_at": now,
        "base_directory_name": base_name,
        "total_files": files,
        "total_jobs": count,
        "pending_jobs": count,
        "jobs_at_base": count,
        "total_size": size,
        "parent_batch_id": parent.id,
        "relation": relation,
        "expires_at": now + life if life else None,
        "trace_context": traceparent(),
    }
    steps = None
    if relation == "restart" and (found := await _present_steps(session, desk, parent)):
        values["plans"] = make_plans((pipeline, own) for _, pipeline, own in found)
        steps = {pipeline_id: step_rows(own) for pipeline_id, _, own in found}
    await session.execute(insert(Batch).values(values))
    await EXTENSIONS.copy(session, parent.id, batch_id)
    new_ids = [new_id() for _ in job_ids]
    inherit = relation == "retry_failed"
    await bulk_repository.copy_jobs(session, batch_id, new_ids, job_ids, inherit=inherit, steps=steps)
    data = {"status": "pending", "name": name, "parent_batch_id": str(parent.id), "relation": relation}
    await log.record(session, batch_id, [log.NewEvent("batch.created", data=data)], actor=caller.actor)
    await desk.notifier.notify(session, batch_id, parent.max_parallel)
    await quotas.count_new(session, caller.organisation_id, count)
    return batch_id
