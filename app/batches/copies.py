"""New batches from old ones: retry-failed goes on where jobs failed, restart begins anew.

What goes on has the steps that the old batch began with; what begins anew has those that its pipelines have now.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches import act_repository, bulk_repository, log, quotas, service
from app.batches.desk import Desk
from app.batches.directory_names import claim_name
from app.batches.errors import NothingToRetry, NothingToRunAgain
from app.batches.extensions import EXTENSIONS
from app.batches.models import Batch, Job
from app.batches.naming import directory_of_name
from app.batches.plans import make_plans
from app.batches.repository import list_pipeline_ids
from app.batches.states import BATCH_TERMINAL
from app.batches.submission import step_rows
from app.kit.declarations import raises
from app.kit.ids import new_id
from app.kit.tracing import traceparent
from app.pipelines.contract import Pipeline, PipelineNotWellFormed, Step

_COPIED: Final = re.compile(r"( - (Retry|Restart)( \d+)?)+$")
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
    session: AsyncSession,
    caller: Caller,
    desk: Desk,
    batch_id: UUID,
    code: str | None = None,
    step: str | None = None,
) -> UUID:
    """A batch with a copy of each failed job (of one error code, or step), where it failed; the new batch's id.

    Of jobs that were retried already the last retry counts: one that completed or is under way is left out, one that
    failed is tried again. When none is left the newest batch that retries them is the answer again.
    """
    batch = await service.get_locked(session, caller, batch_id)
    service.check_command(batch, "retry-failed")
    _check_own(batch)
    chosen = act_repository.Chosen(statuses=("failed",), error_code=code, step=step)
    failed = [job_id for job_id, _ in await act_repository.page_of_chosen(session, batch_id, chosen, 0, None)]
    latest = await _lock_latest(session, batch, failed)
    fresh = {one.first_id: one.id for one in latest if one.status == "failed" and _is_at_rest(one, batch)}
    if fresh:
        jobs = [fresh[job_id] for job_id in failed if job_id in fresh]
        return await retry_jobs(session, caller, desk, batch, jobs)
    retries = [one.batch_id for one in latest if one.id != one.first_id]
    if not retries:
        group = [f"with {code}"] * bool(code) + [f"at the step {step}"] * bool(step)
        raise NothingToRetry(" ".join(["No job of this batch has failed", *group]) + ".")
    return max(retries)


def _is_at_rest(job: act_repository.Latest, batch: Batch) -> bool:
    """Whether nobody retries the job where it is: its batch is this one, or has ended."""
    return job.batch_id == batch.id or job.batch_status in BATCH_TERMINAL


async def _lock_latest(session: AsyncSession, batch: Batch, job_ids: Sequence[UUID]) -> list[act_repository.Latest]:
    """What goes for each of the jobs of a locked batch, with the batches of all of them locked."""
    locked = {batch.id}
    while True:
        latest = await act_repository.list_latest(session, job_ids)
        others = {one.batch_id for one in latest} - locked
        if not others:
            return latest
        await act_repository.lock_batches(session, list(others))
        locked |= others


@raises(service.check_followers, service.check_needs, NothingToRunAgain, quotas.count_new)
async def retry_jobs(
    session: AsyncSession,
    caller: Caller,
    desk: Desk,
    batch: Batch,
    job_ids: Sequence[UUID],
    positions: Sequence[int] = (),
) -> UUID:
    """A batch with a copy of each of these jobs of a locked batch, where it ended or at a step; the new batch's id."""
    _check_own(batch)
    name = await _numbered(session, batch, "Retry", "retry_failed")
    return await _copy(session, caller, desk, batch, job_ids, positions, name=name, relation="retry_failed")


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
    """`{name} - Retry`, then `{name} - Retry 2` and so on, also for retries of retries."""
    name = _COPIED.sub("", batch.name) if batch.relation in ("retry_failed", "restart") else batch.name
    earlier = await bulk_repository.count_copies(session, batch.id, relation)
    ending = f" - {word}" if not earlier else f" - {word} {earlier + 1}"
    return name[: 255 - len(ending)] + ending


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
    job_ids: Sequence[UUID],
    positions: Sequence[int] = (),
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
    await bulk_repository.copy_jobs(
        session, batch_id, new_ids, job_ids, inherit=inherit, positions=positions, steps=steps
    )
    data = {"status": "pending", "name": name, "parent_batch_id": str(parent.id), "relation": relation}
    await log.record(session, batch_id, [log.NewEvent("batch.created", data=data)], actor=caller.actor)
    await desk.notifier.notify(session, batch_id, parent.max_parallel)
    await quotas.count_new(session, caller.organisation_id, count)
    return batch_id
