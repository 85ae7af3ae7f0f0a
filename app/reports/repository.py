"""Rows of reports, and the views over batches of tables. Every query of a request takes the caller's organisation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Text,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches.listing import opens_others
from app.batches.models import Batch, Job
from app.kit.pages import Page, PageRequest, paginate
from app.pipelines.contract import JobInfo
from app.pipelines.models import PipelineRow
from app.reports.batch_page import FileRow
from app.reports.models import PIPELINE_KEY, Report, batch_report_files, batch_reports
from app.reports.outlines import outline_of, shape_of

EXPIRED_AT_A_TIME = 1000


@dataclass(frozen=True, slots=True)
class BatchReportFilter:
    """What the list is narrowed to. `paths` are JSON path predicates, `contains` an object that the summary holds."""

    statuses: tuple[str, ...] = ()
    contains: Mapping[str, Any] | None = None
    paths: tuple[str, ...] = ()
    search: str | None = None
    created_after: datetime | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What the list of reports is narrowed to; None and empty mean everything."""

    batch_id: UUID | None = None
    search: str | None = None
    confidences: tuple[str, ...] = ()
    note: str | None = None


async def add_report(
    session: AsyncSession,
    organisation_id: UUID,
    batch_id: UUID,
    job: JobInfo,
    result: Mapping[str, Any],
    profile: dict[str, Any],
    life: timedelta,
) -> None:
    """Keep the report of a job, under the id that its result names."""
    report = Report(
        id=UUID(result["report_id"]),
        organisation_id=organisation_id,
        batch_id=batch_id,
        job_id=job.id,
        file_name=job.filename or job.source_url or "",
        file_size=result["file_size"],
        file_type=result["format"],
        sha256=job.checksum,
        row_count=result["rows"],
        column_count=result["column_count"],
        processing_time_ms=result["processing_time_ms"],
        data=profile,
        confidence=profile["confidence"],
        notes=result["notes"],
        shape=shape_of(profile),
        outline=outline_of(profile),
        expires_at=func.now() + life,
    )
    session.add(report)
    await session.flush()


def _is_alive() -> ColumnElement[bool]:
    """What has expired is gone for readers at once, and from the table with the next housekeeping."""
    return or_(Report.expires_at.is_(None), Report.expires_at > func.now())


def _seen_by(caller: Caller) -> list[ColumnElement[bool]]:
    """Of a key that is limited to pipelines, none of a batch that has others as well."""
    others = opens_others(caller.pipelines)
    opened = [or_(Report.batch_id.is_(None), Report.batch_id.in_(select(Batch.id).where(*others)))] if others else []
    return [Report.organisation_id == caller.organisation_id, _is_alive(), *opened]


async def find_report(session: AsyncSession, caller: Caller, report_id: UUID) -> Report | None:
    query = select(Report).where(Report.id == report_id, *_seen_by(caller))
    return (await session.execute(query)).scalar_one_or_none()


_LISTED: Final = [
    column for column in Report.__table__.columns if column.name not in ("data", "organisation_id", "shape", "outline")
]


async def list_reports(
    session: AsyncSession, caller: Caller, wanted: ReportFilter, page: PageRequest
) -> Page[RowMapping]:
    """A page of reports without their data, newest first, with the names of batches that are still there."""
    query = select(*_LISTED, Batch.name.label("batch_name")).outerjoin(Batch, Batch.id == Report.batch_id)
    query = query.where(*_seen_by(caller))
    if wanted.batch_id:
        query = query.where(Report.batch_id == wanted.batch_id)
    if wanted.search:
        query = query.where(Report.file_name.icontains(wanted.search, autoescape=True))
    if wanted.confidences:
        query = query.where(Report.confidence.in_(wanted.confidences))
    if wanted.note:
        query = query.where(Report.notes.contains([{"code": wanted.note}]))
    return await _newest_first(session, query, page, Report.created_at, Report.id)


async def find_earlier_report(
    session: AsyncSession, caller: Caller, report: Report
) -> tuple[UUID, Literal["columns", "file_name"]] | None:
    """The id of the newest report from before this one whose columns have the same names, or else whose file has."""
    earlier = tuple_(Report.created_at, Report.id) < tuple_(literal(report.created_at), literal(report.id))
    query = select(Report.id).where(*_seen_by(caller), earlier)
    query = query.order_by(Report.created_at.desc(), Report.id.desc()).limit(1)
    if report.shape:
        found = (await session.execute(query.where(Report.shape == report.shape))).scalar_one_or_none()
        if found:
            return found, "columns"
    found = (await session.execute(query.where(Report.file_name == report.file_name))).scalar_one_or_none()
    return (found, "file_name") if found else None


async def find_batch_name(session: AsyncSession, batch_id: UUID | None) -> str | None:
    """The name of a report's batch, if it is still there."""
    if batch_id is None:
        return None
    return (await session.execute(select(Batch.name).where(Batch.id == batch_id))).scalar_one_or_none()


async def keep_report(session: AsyncSession, report: Report, life: timedelta) -> None:
    """Let a report stay for so long from now on."""
    changed = update(Report).where(Report.id == report.id).values(expires_at=func.now() + life)
    await session.execute(changed)
    await session.refresh(report)


async def find_maker(session: AsyncSession, report: Report) -> UUID | None:
    """Who made the report's batch; None when either is gone."""
    query = select(Batch.created_by).where(Batch.id == report.batch_id)
    return (await session.execute(query)).scalar_one_or_none()


async def delete_expired(session: AsyncSession) -> int:
    """Remove some of the reports whose time is over, whichever organisation they belong to; returns how many."""
    expired = select(Report.id).where(Report.expires_at <= func.now()).limit(EXPIRED_AT_A_TIME)
    gone = await session.execute(delete(Report).where(Report.id.in_(expired)).returning(Report.id))
    return len(gone.all())


def summary_conditions(wanted: BatchReportFilter) -> list[ColumnElement[bool]]:
    """Conditions on the summary that the GIN index on `batches.summary_data` answers.

    A batch of several pipelines has a summary of each under its key; `paths` look at both places as well.
    """
    summary = Batch.summary_data
    found: list[ColumnElement[bool]] = [summary.bool_op("@@")(cast(path, JSONPATH)) for path in wanted.paths]
    if wanted.contains is not None:
        content = dict(wanted.contains)
        found.append(or_(*(summary.contains(cast(one, JSONB)) for one in (content, {PIPELINE_KEY: content}))))
    return [batch_reports.c.id.in_(select(Batch.id).where(*found))] if found else []


def _batches_opened(organisation_id: UUID, pipelines: Collection[str] | None) -> list[ColumnElement[bool]]:
    view, others = batch_reports.c, opens_others(pipelines)
    opened = [view.id.in_(select(Batch.id).where(*others))] if others else []
    return [view.organisation_id == organisation_id, *opened]


async def list_batch_reports(
    session: AsyncSession, caller: Caller, wanted: BatchReportFilter, page: PageRequest
) -> Page[RowMapping]:
    """A page of batch reports, newest first."""
    view = batch_reports.c
    query = select(batch_reports).where(*_batches_opened(caller.organisation_id, caller.pipelines))
    query = query.where(view.archived_at.is_not(None) if wanted.archived else view.archived_at.is_(None))
    query = query.where(*summary_conditions(wanted))
    if wanted.statuses:
        query = query.where(view.status.in_(wanted.statuses))
    if wanted.search:
        query = query.where(view.name.icontains(wanted.search, autoescape=True))
    if wanted.created_after:
        query = query.where(view.created_at > wanted.created_after)
    return await _newest_first(session, query, page, view.created_at, view.id)


async def find_batch_report(
    session: AsyncSession, organisation_id: UUID, batch_id: UUID, pipelines: Collection[str] | None = None
) -> RowMapping | None:
    """A batch report; of a key that is limited to `pipelines`, only when it opens all that the batch has."""
    opened = _batches_opened(organisation_id, pipelines)
    query = select(batch_reports).where(batch_reports.c.id == batch_id, *opened)
    return (await session.execute(query)).mappings().first()


async def list_batch_report_files(
    session: AsyncSession, batch_id: UUID, statuses: Sequence[str], page: PageRequest
) -> Page[RowMapping]:
    """A page of a batch's files in the order they were submitted."""
    view = batch_report_files.c
    query = select(batch_report_files).where(view.batch_id == batch_id)
    if statuses:
        query = query.where(view.status.in_(statuses))
    return (await paginate(session, query, page, key=(view.processing_order,))).map(lambda row: row._mapping)


async def find_file(session: AsyncSession, batch_id: UUID, job_id: UUID) -> tuple[Job, UUID | None] | None:
    """A job of the batch that a table goes through, and the id of its report."""
    query = select(Job, Report.id).join(PipelineRow, PipelineRow.id == Job.pipeline_id)
    query = query.outerjoin(Report, Report.job_id == Job.id)
    query = query.where(Job.id == job_id, Job.batch_id == batch_id, PipelineRow.key == PIPELINE_KEY)
    found = (await session.execute(query)).first()
    return (found[0], found[1]) if found else None


async def list_rows_of_page(session: AsyncSession, batch_id: UUID, most: int) -> list[FileRow]:
    """The first files of a batch with what their page is made of. JSON comes as text, to be read in a thread."""
    query = (
        select(
            *(Job.sequence, func.coalesce(Job.filename, Job.source_url), Job.status, Job.error_code),
            *(Job.error_message, cast(Job.result, Text), cast(Report.outline, Text)),
        )
        .join(PipelineRow, PipelineRow.id == Job.pipeline_id)
        .outerjoin(Report, and_(Report.job_id == Job.id, _is_alive()))
        .where(Job.batch_id == batch_id, PipelineRow.key == PIPELINE_KEY)
        .order_by(Job.sequence)
        .limit(most)
    )
    return [FileRow(*row) for row in await session.execute(query)]


async def _newest_first(session: AsyncSession, query: Select[Any], page: PageRequest, *key: Any) -> Page[RowMapping]:
    return (await paginate(session, query, page, key=key, descending=True)).map(lambda row: row._mapping)
