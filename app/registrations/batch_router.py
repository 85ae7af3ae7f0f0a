"""`/registration-batches`: the batch API narrowed to registrations. Also under `/api`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.auth.dependencies import ReaderDep, SubmitterDep, get_manager, get_reader, get_submitter, opens_pipeline
from app.batches import command_router, insight_router, listing, repository, responses
from app.batches.dependencies import DeskDep
from app.batches.listing import BatchFilter
from app.batches.models import Batch
from app.batches.router import JOBS_IN_BATCH
from app.batches.schemas import BatchCreated
from app.batches.states import BATCH_ALIASES, BATCH_STATUSES
from app.files.dependencies import UploadLimitsDep
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import PageDep, SessionDep, page_of
from app.kit.errors import FilterNotReadable
from app.kit.filters import read_words
from app.kit.pages import PageRequest
from app.kit.parts import made_in_parts
from app.kit.schemas import Moment
from app.registrations.batch_schemas import (
    LogEntry,
    LogPage,
    RegistrationBatchCreate,
    RegistrationBatchCreated,
    RegistrationBatchRead,
    RegistrationBatchSummary,
    RegistrationJobRead,
)
from app.registrations.dependencies import PlatformSettingsDep, RowDep, check_kind
from app.registrations.models import PIPELINE_KEY
from app.registrations.repository import list_log
from app.registrations.submission import submit_registrations

_TAG = RouteTag("registrations", "Batches that register restaurants on an ordering platform.")
router = APIRouter(prefix="/registration-batches", tags=[_TAG], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])


@router.post("", status_code=201)
@raises(submit_registrations)
@sends("Location")
async def create_registration_batch(
    body: RegistrationBatchCreate,
    session: SessionDep,
    caller: SubmitterDep,
    desk: DeskDep,
    limits: UploadLimitsDep,
    settings: PlatformSettingsDep,
    once: OnceDep,
) -> RegistrationBatchCreated:
    """Make a batch with a job for each restaurant: a draft, unless it says start."""

    async def make() -> BatchCreated:
        return await submit_registrations(
            session,
            caller,
            desk,
            body,
            pipeline_by_type=settings.pipeline_by_type,
            max_jobs=limits.files,
        )

    location = "/api/registration-batches/{batch_id}"
    return await once.answer(session, body, make, RegistrationBatchCreated, location=location)


@router.get("")
@raises(FilterNotReadable)
async def list_registration_batches(
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    status: Annotated[
        str | None, Query(max_length=200, description="Also queued, in_progress, success; several by comma.")
    ] = None,
    created_after: Moment | None = None,
    archived: bool = False,
) -> list[RegistrationBatchSummary]:
    """The organisation's registration batches, newest first. The next page is in the header Link."""
    statuses = read_words(status, BATCH_STATUSES, BATCH_ALIASES)
    wanted = BatchFilter(
        statuses, pipeline=PIPELINE_KEY, created_after=created_after, archived=archived, opened=caller.pipelines
    )
    found = await listing.list_batches(session, caller.organisation_id, wanted, "-created_at", page)
    return [
        RegistrationBatchSummary(id=batch.id, name=batch.name, status=batch.status, **_counted(batch))
        for batch, _, _ in found.rows
    ]


def _counted(batch: Batch) -> dict[str, int]:
    return {"total": batch.total_jobs, "completed": batch.completed_jobs, "failed": batch.failed_jobs}


@router.get("/{batch_id}")
async def get_registration_batch(caller: ReaderDep, row: RowDep, session: SessionDep) -> RegistrationBatchRead:
    """One batch with its first 500 jobs and all their steps; `jobs_next_cursor` pages on at /api/batches/{id}/jobs."""
    batch = row[0]
    jobs = await repository.list_jobs(session, batch.id, PageRequest(JOBS_IN_BATCH))
    counted = _counted(batch)
    return await responses.read_batch(
        session,
        row,
        RegistrationBatchRead,
        **counted,
        **{f"{name}_restaurants": count for name, count in counted.items()},
        jobs=await made_in_parts(jobs.rows, _job, repository.JOBS_AT_ONCE),
        jobs_next_cursor=jobs.next_cursor,
    )


def _job(row: repository.JobRow) -> RegistrationJobRead:
    record = row[0].record or {}
    named = {"restaurant_id": record.get("restaurant_id"), "restaurant_name": row[0].filename}
    return RegistrationJobRead.of_row(row, **named)


@router.get("/{batch_id}/log")
async def get_registration_log(
    caller: ReaderDep, row: RowDep, session: SessionDep, page: Annotated[PageRequest, page_of(200)]
) -> LogPage:
    """What happened in a batch, oldest first: the view batch_operation_logs."""
    found = await list_log(session, caller.organisation_id, row.batch.id, page)
    return LogPage(log=[LogEntry.of(entry) for entry in found.rows], next_cursor=found.next_cursor)


# The commands are those of every batch, for registrations only.
for _path, _endpoint, _status, _permitted in (
    ("start", command_router.start_batch, 200, get_submitter),
    ("pause", command_router.pause_batch, 200, get_manager),
    ("resume", command_router.resume_batch, 200, get_manager),
    ("cancel", command_router.cancel_batch, 200, get_manager),
    ("archive", command_router.archive_batch, 200, get_manager),
    ("retry-failed", command_router.retry_failed_jobs, 202, get_manager),
    ("restart", command_router.restart_batch, 202, get_manager),
):
    router.add_api_route(
        f"/{{batch_id}}/{_path}",
        _endpoint,
        methods=["POST"],
        status_code=_status,
        name=_endpoint.__name__.replace("_batch", "_registration_batch").replace("_jobs", "_registrations"),
        dependencies=[Depends(_permitted), Depends(check_kind)],
    )
router.add_api_route(
    "/{batch_id}/export",
    insight_router.export_batch,
    methods=["GET"],
    name="export_registration_batch",
    response_class=Response,
    dependencies=[Depends(get_reader), Depends(check_kind)],
)
