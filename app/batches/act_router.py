"""Acting on jobs: one by its id, or many of a batch at once."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter

from app.auth.dependencies import ManagerDep, ReaderDep
from app.batches import act_service, bulk_acts
from app.batches.act_schemas import BulkActRead, BulkRequest, JobActed, JobRetry
from app.batches.dependencies import BatchDep, DeskDep
from app.batches.errors import BulkActNotFound
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import DatabaseDep, SessionDep

_TAG = RouteTag("acts", "Cancel, try again and skip jobs by choice.")
router = APIRouter(prefix="/api", tags=[_TAG])


@router.post("/jobs/{job_id}/cancel")
@raises(act_service.act_on_job)
async def cancel_job(job_id: UUID, session: SessionDep, caller: ManagerDep, desk: DeskDep) -> JobActed:
    """Cancel one job: at once while it is pending, and after its step or 30 seconds while it runs."""
    return await act_service.act_on_job(session, caller, desk, job_id, "cancel")


@router.post("/jobs/{job_id}/skip")
@raises(act_service.act_on_job)
async def skip_job(job_id: UUID, session: SessionDep, caller: ManagerDep, desk: DeskDep) -> JobActed:
    """Leave out a job that is pending or has failed: it counts as skipped, and its batch goes on without it."""
    return await act_service.act_on_job(session, caller, desk, job_id, "skip")


@router.post("/jobs/{job_id}/retry", status_code=202)
@raises(act_service.retry_job)
@sends("Location")
async def retry_job(
    job_id: UUID,
    session: SessionDep,
    caller: ManagerDep,
    desk: DeskDep,
    once: OnceDep,
    body: JobRetry | None = None,
) -> JobActed:
    """Try one job again, where it failed or from a step: in its batch, or in a new one when that has ended.

    The answer names the job and the batch that run. What steps before it returned is kept. A job that waits or runs
    already is answered as it is; of one that was retried in another batch, the last retry is meant.
    """
    from_step = body.from_step if body else None

    async def make() -> JobActed:
        return await act_service.retry_job(session, caller, desk, job_id, from_step)

    return await once.answer(session, body, make, JobActed, location="/api/jobs/{job_id}")


@router.post("/batches/{batch_id}/jobs/bulk", status_code=202)
@raises(bulk_acts.begin, BulkActNotFound)
@sends("Location")
async def act_on_jobs(
    batch_id: UUID, body: BulkRequest, database: DatabaseDep, caller: ManagerDep, desk: DeskDep, once: OnceDep
) -> BulkActRead:
    """Cancel, retry or skip many jobs of a batch, by a filter or by their ids.

    They are taken page by page in their order, each page in a transaction with an event `jobs.acted_on` that says how
    far it is. The answer comes when all is done, or after 20 seconds: then it goes on, and `Location` says how far it
    is. It also goes on when a process dies. Jobs of an ended batch are retried in one new batch.
    """
    async with database.transaction() as session:

        async def make() -> dict[str, UUID]:
            return {"id": await bulk_acts.begin(session, caller, desk, batch_id, body), "batch_id": batch_id}

        kept = await once.run(session, body, make, location="/api/batches/{batch_id}/jobs/bulk/{id}")
    act_id = UUID(kept["id"])
    await bulk_acts.go_on(database, desk, batch_id, act_id, seconds=bulk_acts.LONGEST_WAIT)
    async with database.transaction() as session:
        return BulkActRead.model_validate(await bulk_acts.find(session, batch_id, act_id))


@router.get("/batches/{batch_id}/jobs/bulk/{act_id}")
@raises(BulkActNotFound)
async def get_bulk_act(act_id: UUID, caller: ReaderDep, batch: BatchDep, session: SessionDep) -> BulkActRead:
    """How far an action on many jobs has come, and what came of it."""
    return BulkActRead.model_validate(await bulk_acts.find(session, batch.batch.id, act_id))
