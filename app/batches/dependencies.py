"""What the routes of batches are given."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.auth.dependencies import CallerDep, SubmitterDep
from app.batches import service
from app.batches.desk import Desk, Notifier
from app.batches.errors import BatchNotFound, JobNotFound
from app.batches.listing import BatchRow
from app.batches.repository import JobRow
from app.batches.responses import ResultCodes
from app.batches.submitter import Submitter
from app.files.dependencies import StorageDep, UploadLimitsDep
from app.idempotency.dependencies import OnceDep
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep, SessionDep

NotifierDep = Annotated[Notifier, Depends(provided(Notifier))]
DeskDep = Annotated[Desk, Depends(provided(Desk))]


ResultCodesDep = Annotated[ResultCodes, Depends(provided(ResultCodes))]


@raises(BatchNotFound)
async def get_batch(batch_id: UUID, session: SessionDep, caller: CallerDep) -> BatchRow:
    """The caller's batch with its pipeline and who made it; raises BatchNotFound (404)."""
    return await service.get_batch(session, caller, batch_id)


BatchDep = Annotated[BatchRow, Depends(get_batch)]


@raises(JobNotFound)
async def get_job(job_id: UUID, session: SessionDep, caller: CallerDep) -> JobRow:
    """A job of the caller's with its pipeline's key and its steps; raises JobNotFound (404)."""
    return await service.get_job(session, caller, job_id)


JobDep = Annotated[JobRow, Depends(get_job)]


async def get_submitter(
    caller: SubmitterDep,
    database: DatabaseDep,
    storage: StorageDep,
    desk: DeskDep,
    limits: UploadLimitsDep,
    once: OnceDep,
) -> Submitter:
    return Submitter(caller, database, storage, desk, limits, once)


SubmissionDep = Annotated[Submitter, Depends(get_submitter)]
