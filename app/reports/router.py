"""Batches of tables as batch reports, and the reports that outlive them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller
from app.auth.dependencies import ManagerDep, ReaderDep, opens_pipeline
from app.auth.ownership import check_owner
from app.batches.dependencies import SubmissionDep
from app.batches.schemas import BatchCreated, SubmitForm
from app.batches.states import BATCH_ALIASES, BATCH_STATUSES, JOB_ALIASES, JOB_STATUSES
from app.batches.submit_router import FORM_BODY, read_form
from app.batches.submitter import Submitter
from app.files.upload import receive_form
from app.kit.declarations import RouteTag, raises, sends, shows, takes_query
from app.kit.dependencies import DatabaseDep, PageDep, SessionDep, page_of
from app.kit.errors import FilterNotReadable, existing
from app.kit.filters import check_printable, read_words
from app.kit.pages import PageRequest
from app.kit.schemas import Moment
from app.kit.web.public_address import public_path
from app.reports import repository, schemas
from app.reports.batch_page import MOST_FILES, make_page
from app.reports.dependencies import BatchReportDep, get_batch_report_row
from app.reports.errors import ReportNotFound
from app.reports.html_page import HEADERS, render_batch, render_report
from app.reports.models import PIPELINE_KEY, Report
from app.reports.notes import Confidence
from app.reports.repository import BatchReportFilter, ReportFilter
from app.reports.representation import HTML, Format, wants_page
from app.reports.summary_filter import read_contains, read_doubts, read_paths

_TAG = RouteTag("reports", "Reports on what tables hold, file by file and side by side.")
router = APIRouter(prefix="/api", tags=[_TAG], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])
Word = Annotated[str | None, Query(max_length=200)]
Confident = Annotated[
    str | None, Query(max_length=200, description="How sure readings are: `low`, or several as in `check,low`.")
]
NoteCode = Annotated[str | None, Query(max_length=100, description="A note of this code.")]
Summary = Annotated[
    str | None,
    Query(max_length=10_000, description="A JSON object that the summary contains. `summary.formats.csv=2` works too."),
]
FILE_ALIASES = JOB_ALIASES | {"processing": "running"}
"""A file of a batch report is `processing` where a job is running."""


def _read_confidences(value: str | None) -> tuple[str, ...]:
    return read_words(value, get_args(Confidence), noun="confidence")


def _read(row: RowMapping) -> schemas.BatchReportRead:
    return schemas.BatchReportRead.model_validate({**row, "links": schemas.links_of(row["id"], public_path(""))})


@router.post("/batch-reports", status_code=201, openapi_extra=FORM_BODY)
@raises(receive_form, Submitter.submit_form)
@sends("Location")
@shows(SubmitForm)
async def create_batch_report(request: Request, submitter: SubmissionDep) -> BatchCreated:
    """Submit tables as one batch, in one multipart request: what /api/jobs/batch does with this pipeline."""
    async with receive_form(request, submitter.storage, submitter.limits) as form:
        options, urls = await asyncio.to_thread(read_form, form, pipelines=[PIPELINE_KEY])
        return await submitter.submit_form(options, form.files, urls, location="/api/batch-reports/{batch_id}")


@router.get("/batch-reports")
@takes_query("summary.*")
@raises(FilterNotReadable)
async def list_batch_reports(
    request: Request,
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    status: Word = None,
    summary: Summary = None,
    search: Word = None,
    created_after: Moment | None = None,
    archived: bool = False,
    confidence: Confident = None,
    note: NoteCode = None,
) -> schemas.BatchReportPage:
    """The organisation's batch reports, newest first, by what their summaries hold.

    `confidence` and `note` find batches in which the reading of a file was so sure, or has such a note.
    """
    sure = _read_confidences(confidence)
    wanted = BatchReportFilter(
        statuses=read_words(status, BATCH_STATUSES, BATCH_ALIASES),
        contains=read_contains(summary),
        paths=(*read_paths(request.query_params.multi_items()), *read_doubts(sure, check_printable(note))),
        search=check_printable(search),
        created_after=created_after,
        archived=archived,
    )
    found = await repository.list_batch_reports(session, caller, wanted, page)
    return schemas.BatchReportPage(batch_reports=[_read(row) for row in found.rows], next_cursor=found.next_cursor)


@router.get("/batch-reports/{batch_report_id}", response_model=schemas.BatchReportRead, responses=HTML)
@raises(get_batch_report_row)
async def get_batch_report(
    batch_report_id: UUID,
    request: Request,
    response: Response,
    database: DatabaseDep,
    caller: ReaderDep,
    format: Format = None,
) -> schemas.BatchReportRead | Response:
    """One batch report with its summary, as JSON, or as a page with its files side by side, to read and print.

    It has the id of its batch. Of a batch that still runs the page shows what has been read so far.
    """
    is_page = wants_page(request, format)
    async with database.transaction() as session:
        row = await get_batch_report_row(batch_report_id, session, caller)
        files = await repository.list_rows_of_page(session, row["id"], MOST_FILES) if is_page else []
    if is_page:
        page = await asyncio.to_thread(lambda: render_batch(make_page(dict(row), files)))
        return HTMLResponse(page, headers={**HEADERS, "Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return _read(row)


@router.get("/batch-reports/{batch_report_id}/files")
@raises(FilterNotReadable)
async def list_batch_report_files(
    caller: ReaderDep,
    row: BatchReportDep,
    session: SessionDep,
    page: Annotated[PageRequest, page_of(100)],
    status: Word = None,
) -> schemas.BatchReportFilePage:
    """Every file of a batch in the order it was submitted, also those that failed."""
    statuses = read_words(status, JOB_STATUSES, FILE_ALIASES)
    found = await repository.list_batch_report_files(session, row["id"], statuses, page)
    files = [schemas.BatchReportFileRead.model_validate(dict(row)) for row in found.rows]
    return schemas.BatchReportFilePage(files=files, next_cursor=found.next_cursor)


@router.get("/reports")
@raises(FilterNotReadable)
async def list_reports(
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    batch_id: UUID | None = None,
    search: Word = None,
    confidence: Confident = None,
    note: NoteCode = None,
) -> schemas.ReportPage:
    """The organisation's reports, newest first, also those whose batch is gone."""
    wanted = ReportFilter(batch_id, check_printable(search), _read_confidences(confidence), check_printable(note))
    found = await repository.list_reports(session, caller, wanted, page)
    reports = [schemas.ReportItem.model_validate(dict(row)) for row in found.rows]
    return schemas.ReportPage(reports=reports, next_cursor=found.next_cursor)


@router.get("/reports/{report_id}", response_model=schemas.ReportRead, responses=HTML)
@raises(ReportNotFound)
async def get_report(
    report_id: UUID, request: Request, response: Response, session: SessionDep, caller: ReaderDep, format: Format = None
) -> schemas.ReportRead | Response:
    """One report as JSON, or as a page to read and print."""
    report = existing(await repository.find_report(session, caller, report_id), ReportNotFound)
    if wants_page(request, format):
        page = await asyncio.to_thread(render_report, _for_page(report))
        return HTMLResponse(page, headers={**HEADERS, "Vary": "Accept"})
    response.headers["Vary"] = "Accept"
    return await _whole(session, caller, report)


@raises(ReportNotFound, check_owner)
async def get_own_report(session: AsyncSession, caller: Caller, report_id: UUID) -> Report:
    """The report, for a change; raises ReportNotFound (404), or NotOwner (403) when the batch is another's."""
    report = existing(await repository.find_report(session, caller, report_id), ReportNotFound)
    await check_owner(session, caller, await repository.find_maker(session, report))
    return report


@router.patch("/reports/{report_id}")
@raises(get_own_report)
async def update_report(
    report_id: UUID, body: schemas.ReportUpdate, session: SessionDep, caller: ManagerDep
) -> schemas.ReportRead:
    """Keep a report longer, or less long, than was said when it was made."""
    report = await get_own_report(session, caller, report_id)
    await repository.keep_report(session, report, timedelta(days=body.keep_days))
    return await _whole(session, caller, report)


@router.delete("/reports/{report_id}", status_code=204)
@raises(get_own_report)
async def delete_report(report_id: UUID, session: SessionDep, caller: ManagerDep) -> None:
    """Remove a report before its time; the batch and the file stay."""
    report = await get_own_report(session, caller, report_id)
    await session.delete(report)
    await record(session, caller, Action.REPORT_DELETED, target=Target("report", report.id, report.file_name))


async def _whole(session: AsyncSession, caller: Caller, report: Report) -> schemas.ReportRead:
    earlier = await repository.find_earlier_report(session, caller, report)
    name = await repository.find_batch_name(session, report.batch_id)
    return schemas.ReportRead.of(report, batch_name=name, earlier_report_id=earlier[0] if earlier else None)


def _for_page(report: Report) -> dict[str, object]:
    expires = report.expires_at.date().isoformat() if report.expires_at else None
    own = {"id": str(report.id), "file_name": report.file_name, "file_size": report.file_size, "expires_at": expires}
    return {**report.data, **own}
