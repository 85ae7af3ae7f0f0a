"""Reading one file of a batch once more, with what a person decided in place of a guess."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends

from app.auth.dependencies import opens_pipeline
from app.batches import service
from app.batches.dependencies import DeskDep, SubmissionDep
from app.batches.errors import NothingToRunAgain
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.batches.submission import params_of
from app.batches.submitter import Submitter
from app.kit.declarations import json_example, raises, sends
from app.kit.dependencies import DatabaseDep
from app.kit.errors import existing
from app.reports import repository
from app.reports.dependencies import get_batch_report_row
from app.reports.errors import BatchReportFileNotFound
from app.reports.models import PIPELINE_KEY
from app.reports.pipeline import pipeline
from app.reports.schemas import ReadAgain

router = APIRouter(prefix="/api", tags=["reports"], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])
EXAMPLE = {"params": {"decimal": "comma", "date_order": "dmy"}}


@router.post(
    "/batch-reports/{batch_report_id}/files/{job_id}/read-again",
    status_code=201,
    openapi_extra=json_example(EXAMPLE),
)
@raises(get_batch_report_row, BatchReportFileNotFound, NothingToRunAgain, Submitter.submit_items)
@sends("Location")
async def read_file_again(
    batch_report_id: UUID,
    job_id: UUID,
    body: ReadAgain,
    database: DatabaseDep,
    submitter: SubmissionDep,
    desk: DeskDep,
) -> BatchCreated:
    """Read a file again, also one that failed: a batch of one file, with `params` over those of the batch before.

    `job_id` is the id of the file in `/files`. The report from before stays, to be compared with, until it is
    deleted or its time is over.
    """
    async with database.transaction() as session:
        await get_batch_report_row(batch_report_id, session, submitter.caller)
        batch = (await service.get_batch(session, submitter.caller, batch_report_id)).batch
        job, report_id = existing(await repository.find_file(session, batch_report_id, job_id), BatchReportFileNotFound)
    if not (job.file_id or job.source_url):
        raise NothingToRunAgain("The file was imported from an older system; it is not here.")
    known = desk.unseal(params_of(batch, PIPELINE_KEY), submitter.caller.organisation_id)
    own = {name: value for name, value in known.items() if name in pipeline.params.model_fields}
    name = job.filename or job.source_url or ""
    before: dict[str, Any] = {"batch_id": str(batch.id), "job_id": str(job.id)}
    if report_id:
        before["report_id"] = str(report_id)
    options = BatchOptions(
        pipeline=PIPELINE_KEY,
        name=f"{name[:240]}, read again",
        params=own | body.params,
        metadata={"read_again": before},
    )
    item = Item(file_id=job.file_id, name=name[:255]) if job.file_id else Item(url=job.source_url)
    return await submitter.submit_items(options, [item], body=[before, body])
