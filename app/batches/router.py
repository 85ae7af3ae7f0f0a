"""Reading batches and jobs back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.auth.dependencies import CallerDep, ReaderDep
from app.batches import listing, repository, responses, service
from app.batches.dependencies import BatchDep, JobDep, ResultCodesDep
from app.batches.failed_attempts import list_failed_attempts
from app.batches.listing import BatchFilter, BatchRow
from app.batches.states import BATCH_ALIASES, BATCH_STATUSES, JOB_ALIASES, JOB_STATUSES
from app.files.content import CONTENT, file_response
from app.files.dependencies import StorageDep
from app.kit.declarations import raises, sends
from app.kit.dependencies import PageDep, SessionDep, page_of
from app.kit.errors import FilterNotReadable, NotFound
from app.kit.filters import check_printable, check_sort, read_words
from app.kit.pages import Page, PageRequest
from app.kit.parts import made_in_parts
from app.kit.schemas import Moment
from app.kit.web.etags import is_known
from app.kit.web.public_address import public_path

router = APIRouter(prefix="/api", tags=["batches"])
Word = Annotated[str | None, Query(max_length=200)]
JOBS_IN_BATCH, JOBS_IN_LIST, MOST_GROUPS = 500, 100, 100
"""How many jobs come nested in one batch, and in each batch of a list of at most so many; the rest is paged."""


def _read_filter(value: str, search: str | None) -> BatchFilter:
    """`status:failed`, `customer:PL_DXB`, or a status alone; `status` alone groups by status."""
    name, colon, word = value.partition(":")
    if name == "customer" and colon:
        return BatchFilter(customer=word, search=search)
    if name == "status":
        return BatchFilter(read_words(word, BATCH_STATUSES, BATCH_ALIASES), search=search)
    if colon:
        raise FilterNotReadable(
            "Filter by status or customer, as in filter=status:completed or filter=customer:PL_DXB."
        )
    return BatchFilter(read_words(value, BATCH_STATUSES, BATCH_ALIASES), search=search)


async def read_jobs(
    session: SessionDep, rows: Sequence[repository.JobRow], codes: responses.ResultCodes
) -> list[responses.JobRead]:
    """Jobs and their steps as reply bodies, with the codes that open their results."""
    known = await codes.find_codes(session, [row.job.id for row in rows])

    def read(row: repository.JobRow) -> responses.JobRead:
        return responses.JobRead.of_row(row, known.get(row.job.id))

    return await made_in_parts(rows, read, repository.JOBS_AT_ONCE)


async def _page(
    session: SessionDep, caller: CallerDep, wanted: BatchFilter, sort: str, page: PageRequest
) -> Page[BatchRow]:
    for word in (wanted.customer, wanted.pipeline, wanted.search):
        check_printable(word)
    wanted = replace(wanted, opened=caller.pipelines)
    return await listing.list_batches(session, caller.organisation_id, wanted, check_sort(sort, listing.SORTS), page)


@router.get("/batches", response_model=responses.BatchPage)
@raises(FilterNotReadable, listing.list_batches)
async def list_batches(
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    response: Response,
    status: Word = None,
    customer: Word = None,
    pipeline: Word = None,
    search: Word = None,
    sort: Annotated[str, Query(max_length=40)] = "-created_at",
    created_after: Moment | None = None,
    archived: bool = False,
) -> Response:
    """The organisation's batches, newest first. `customer` is matched from its beginning."""
    statuses = read_words(status, BATCH_STATUSES, BATCH_ALIASES)
    wanted = BatchFilter(statuses, customer, pipeline, search, created_after, archived)
    found = await _page(session, caller, wanted, sort, page)
    body = await responses.page_as_json(session, found)
    return Response(body, headers=dict(response.headers), media_type="application/json")


@router.get("/batches/counts")
@raises(FilterNotReadable, listing.count_batches)
async def count_batches(
    session: SessionDep,
    caller: ReaderDep,
    customer: Word = None,
    pipeline: Word = None,
    search: Word = None,
    created_after: Moment | None = None,
) -> responses.BatchCounts:
    """How many batches there are in each status, and how many in the archive, under the filters of the list."""
    wanted = BatchFilter(
        (),
        check_printable(customer),
        check_printable(pipeline),
        check_printable(search),
        created_after,
        opened=caller.pipelines,
    )
    counts = await listing.count_batches(session, caller.organisation_id, wanted)
    archived = await listing.count_batches(session, caller.organisation_id, replace(wanted, archived=True))
    by_status = {status: counts.get(status, 0) for status in BATCH_STATUSES}
    return responses.BatchCounts(by_status=by_status, archived=sum(archived.values()))


@router.get("/jobs")
@raises(FilterNotReadable)
async def list_jobs_by_batch(
    session: SessionDep,
    caller: ReaderDep,
    codes: ResultCodesDep,
    page: Annotated[PageRequest, page_of(20, MOST_GROUPS, "Batches in one page.")],
    filter: Annotated[
        str | None, Query(max_length=200, description="`status:completed,failed` or `customer:PL_DXB`")
    ] = None,
    search: Word = None,
    sort: Annotated[str, Query(max_length=40)] = "-created_at",
) -> responses.JobsByBatch:
    """Jobs grouped by batch; of each batch the first 100."""
    wanted = _read_filter(filter or "", search)
    found = await _page(session, caller, wanted, sort, page)
    jobs = await repository.list_first_jobs(session, [row.batch.id for row in found.rows], JOBS_IN_LIST)
    groups = [
        responses.JobsOfBatch(batch_metadata=batch, jobs=await read_jobs(session, jobs[batch.id], codes))
        for batch in await responses.read_batches(session, found.rows)
    ]
    return responses.JobsByBatch(batches=groups, next_cursor=found.next_cursor)


@router.get("/batches/{batch_id}", responses={304: {"description": "Nothing has changed."}})
@sends("ETag")
async def get_batch(
    caller: ReaderDep, row: BatchDep, request: Request, response: Response, session: SessionDep, codes: ResultCodesDep
) -> responses.BatchReply:
    """One batch with its first 500 jobs; `jobs_next_cursor` pages on at `/jobs`."""
    batch = row.batch
    # What comes after the last event, or without one: the mail was sent, a result code was made or closed.
    notified = "-notified" if batch.notification_sent_at else ""
    tag = f'W/"{batch.id.hex}-{batch.last_event_id}-{batch.updated_at.timestamp():.6f}{notified}"'
    if is_known(request, tag):
        return Response(status_code=304, headers={"ETag": tag})  # type: ignore[return-value]
    response.headers["ETag"] = tag
    found = await repository.list_jobs(session, batch.id, PageRequest(JOBS_IN_BATCH))
    jobs = await read_jobs(session, found.rows, codes)
    more = {"jobs": jobs, "jobs_next_cursor": found.next_cursor}
    return responses.BatchReply(batch=await responses.read_batch(session, row, responses.BatchWithJobs, **more))


@router.get("/batches/{batch_id}/jobs")
@raises(FilterNotReadable)
async def list_jobs(
    caller: ReaderDep,
    batch: BatchDep,
    session: SessionDep,
    codes: ResultCodesDep,
    page: Annotated[PageRequest, page_of(100)],
    status: Word = None,
    external_id: Annotated[str | None, Query(max_length=255)] = None,
) -> responses.JobPage:
    """A batch's jobs in the order they were submitted."""
    statuses = read_words(status, JOB_STATUSES, JOB_ALIASES)
    found = await repository.list_jobs(session, batch.batch.id, page, statuses, check_printable(external_id))
    return responses.JobPage(jobs=await read_jobs(session, found.rows, codes), next_cursor=found.next_cursor)


@router.get("/jobs/{job_id}")
async def get_job(caller: ReaderDep, row: JobDep, session: SessionDep, codes: ResultCodesDep) -> responses.JobReply:
    """One job with its steps' outputs, its result and its result files."""
    job = row.job
    outputs = [
        responses.OutputRead(
            name=output.name,
            size=file.size,
            media_type=file.media_type,
            url=public_path(f"/api/jobs/{job.id}/outputs/{quote(output.name, safe='')}"),
        )
        for output, file in await repository.list_outputs(session, job.id)
    ]
    code = (await codes.find_codes(session, [job.id])).get(job.id)
    batch = await service.get_batch(session, caller, job.batch_id)
    detail = responses.JobDetail.of_row(
        row,
        code,
        outputs=outputs,
        tries=await list_failed_attempts(session, job, row.steps),
        batch=await responses.read_batch(session, batch, responses.BatchRead),
    )
    return responses.JobReply(job=detail)


@router.get("/jobs/{job_id}/outputs/{name}", response_class=Response, responses=CONTENT)
@raises(NotFound, FilterNotReadable, file_response, service.get_job)
@sends("ETag", "Content-Disposition")
async def download_output(
    job_id: UUID, name: str, request: Request, session: SessionDep, caller: ReaderDep, storage: StorageDep
) -> Response:
    """One result file of a job, as an attachment; ranges are served."""
    if caller.pipelines is not None:
        await service.get_job(session, caller, job_id)
    file = await repository.find_output(session, caller.organisation_id, job_id, check_printable(name) or "")
    if file is None:
        raise NotFound("This job has no such result file.")
    return await file_response(request, storage, file, name)
