"""Rows of batches, jobs and steps. Every query takes the caller's organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.listing import BATCHES_OF, BatchRow
from app.batches.models import Batch, Job
from app.batches.states import BATCH_OPEN, BATCH_TERMINAL, sql_list
from app.batches.step_models import JobOutput, JobStep
from app.files.models import File
from app.kit.json_pieces import PackedObject
from app.kit.pages import Page, PageRequest, paginate
from app.kit.quick_reads import QuickRead, QuickStatement
from app.pipelines.models import PipelineRow


class JobRow(NamedTuple):
    """A job, the key of its pipeline, and its steps."""

    job: Job
    pipeline: str
    steps: list[JobStep]


_FIND_BATCH: Final = QuickRead(BATCHES_OF.where(Batch.id == bindparam("batch_id")))


async def find_batch(session: AsyncSession, organisation_id: UUID, batch_id: UUID) -> BatchRow | None:
    """One batch with its pipeline and who made it."""
    rows = await _FIND_BATCH.rows(session, organisation_id=organisation_id, batch_id=batch_id)
    return BatchRow(*rows[0]) if rows else None


@cache
def _adding(names: tuple[str, ...]) -> QuickStatement:
    return QuickStatement(insert(Batch.__table__), names)  # type: ignore[arg-type]


async def add_batch(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Write a batch, from the values of its columns."""
    await _adding(tuple(values)).send(session, values)


async def count_by_organisation(session: AsyncSession, organisation_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many batches each organisation has, and how many of them have not ended."""
    unfinished = func.count().filter(Batch.status.not_in(BATCH_TERMINAL))
    query = select(Batch.organisation_id, func.count(), unfinished).group_by(Batch.organisation_id)
    rows = await session.execute(query.where(Batch.organisation_id.in_(organisation_ids)))
    found = {row[0]: {"batches": row[1], "open": row[2]} for row in rows}
    return {one: found.get(one, {"batches": 0, "open": 0}) for one in organisation_ids}


async def lock_batch(session: AsyncSession, organisation_id: UUID, batch_id: UUID) -> Batch | None:
    """The batch, locked: its row is the mutex of everything below it, and is locked before anything below it."""
    query = select(Batch).where(Batch.id == batch_id, Batch.organisation_id == organisation_id)
    query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(query)).scalar_one_or_none()


JOBS_AT_ONCE: Final = 200
"""Of jobs with their steps and results, which are decoded on the event loop: a thousand keep it for 100 ms."""


_JOBS: Final = select(Job, PipelineRow.key).join(PipelineRow, PipelineRow.id == Job.pipeline_id)
_FIRST_JOBS: Final = QuickRead(
    _JOBS.where(Job.batch_id == bindparam("batch_id")).order_by(Job.sequence).limit(bindparam("most"))
)
_FIND_JOB: Final = QuickRead(
    _JOBS.join(Batch, Batch.id == Job.batch_id).where(
        Job.id == bindparam("job_id"), Batch.organisation_id == bindparam("organisation_id")
    )
)


async def list_jobs(
    session: AsyncSession,
    batch_id: UUID,
    page: PageRequest,
    statuses: Sequence[str] = (),
    external_id: str | None = None,
) -> Page[JobRow]:
    """A page of a batch's jobs by sequence, each with its steps."""
    narrowed: list[ColumnElement[bool]] = [Job.status.in_(statuses)] if statuses else []
    narrowed += [Job.external_id == external_id] if external_id is not None else []
    rows: list[JobRow] = []
    cursor = page.cursor
    while True:
        part = page.part(JOBS_AT_ONCE, len(rows), cursor)
        if cursor is None and not narrowed:
            first = await _FIRST_JOBS.rows(session, batch_id=batch_id, most=part.limit + 1)
            found = part.cut(first, lambda row: (row[0].sequence,))
        else:
            query = _JOBS.where(Job.batch_id == batch_id, *narrowed)
            found = (await paginate(session, query, part, key=(Job.sequence,))).map(lambda row: (row[0], row[1]))
        rows += await _with_steps(session, found.rows)
        cursor = found.next_cursor
        if cursor is None or len(rows) >= page.limit:
            return Page(rows, cursor)


async def list_sources(session: AsyncSession, batch_id: UUID) -> Sequence[Row[str, str | None, str | None]]:
    """What each file, URL and record of a batch is, its name and its URL, in order."""
    columns = (Job.source_type, Job.filename, Job.source_url)
    query = select(*columns).ext(distinct_on(Job.item)).where(Job.batch_id == batch_id)
    query = query.order_by(Job.item, Job.sequence)
    return (await session.execute(query)).all()


async def list_pipeline_ids(session: AsyncSession, batch: Batch) -> Sequence[int]:
    """The pipelines that the batch's jobs go through."""
    if batch.total_pipelines == 1:
        return [batch.pipeline_id]
    query = select(Job.pipeline_id).where(Job.batch_id == batch.id).distinct()
    return (await session.execute(query)).scalars().all()


async def list_external_ids(session: AsyncSession, batch_id: UUID, wanted: Sequence[str]) -> set[str]:
    """Those of the external ids that jobs of the batch have already."""
    query = select(Job.external_id).where(
        Job.batch_id == batch_id, Job.external_id == any_(literal(wanted, ARRAY(Text)))
    )
    return {found for found in (await session.execute(query)).scalars() if found is not None}


async def find_last_numbers(session: AsyncSession, batch_id: UUID) -> tuple[int, int]:
    """The sequence and the item of the batch's last job; zeros when it has none."""
    query = select(Job.sequence, Job.item).where(Job.batch_id == batch_id).order_by(Job.sequence.desc()).limit(1)
    found = (await session.execute(query)).first()
    return (found.sequence, found.item) if found else (0, 0)


async def list_step_names(session: AsyncSession, batch_id: UUID, pipeline_id: int) -> Sequence[str]:
    """The steps of the batch's first job of this pipeline, in order: all of them have the same."""
    first = select(Job.id).where(Job.batch_id == batch_id, Job.pipeline_id == pipeline_id)
    first = first.order_by(Job.sequence).limit(1)
    query = select(JobStep.name).where(JobStep.job_id == first.scalar_subquery())
    return (await session.execute(query.order_by(JobStep.position))).scalars().all()


async def list_records(session: AsyncSession, batch_id: UUID) -> Sequence[Mapping[str, Any]]:
    """The records that a batch works on, as text that is decoded when it is looked into."""
    query = select(cast(Job.record, Text)).where(Job.batch_id == batch_id, Job.source_type == "record")
    return [PackedObject(record) for record in (await session.execute(query)).scalars() if record is not None]


async def list_first_jobs(session: AsyncSession, batch_ids: Sequence[UUID], limit: int) -> dict[UUID, list[JobRow]]:
    """The first `limit` jobs of several batches, by batch."""
    query = _JOBS.where(Job.batch_id.in_(batch_ids), Job.sequence <= limit).order_by(Job.batch_id, Job.sequence)
    found: dict[UUID, list[JobRow]] = {batch_id: [] for batch_id in batch_ids}
    for row in await _rows_of(session, query):
        found[row[0].batch_id].append(row)
    return found


async def _rows_of(session: AsyncSession, query: Select[Job, str]) -> list[JobRow]:
    return await _with_steps(session, (await session.execute(query)).all())


async def _with_steps(session: AsyncSession, rows: Sequence[tuple[Job, str]]) -> list[JobRow]:
    steps = await _steps_of(session, [job.id for job, _ in rows])
    return [JobRow(job, key, steps.get(job.id, [])) for job, key in rows]


_STEPS: Final = QuickRead(
    select(JobStep)
    .where(JobStep.job_id == any_(bindparam("job_ids", type_=ARRAY(Uuid))))
    .order_by(JobStep.job_id, JobStep.position)
)


async def _steps_of(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, list[JobStep]]:
    found: dict[UUID, list[JobStep]] = {}
    for (step,) in await _STEPS.rows(session, job_ids=list(job_ids)):
        found.setdefault(step.job_id, []).append(step)
    return found


async def find_job(session: AsyncSession, organisation_id: UUID, job_id: UUID) -> JobRow | None:
    """One job of the organisation."""
    found = await _FIND_JOB.rows(session, job_id=job_id, organisation_id=organisation_id)
    rows = await _with_steps(session, found)
    return rows[0] if rows else None


async def list_outputs(session: AsyncSession, job_id: UUID) -> list[tuple[JobOutput, File]]:
    """A job's result files by name."""
    query = select(JobOutput, File).join(File, File.id == JobOutput.file_id).where(JobOutput.job_id == job_id)
    return [(output, file) for output, file in await session.execute(query.order_by(JobOutput.name))]


async def find_output(session: AsyncSession, organisation_id: UUID, job_id: UUID, name: str) -> File | None:
    """One result file of a job of the organisation."""
    query = select(File).join(JobOutput, JobOutput.file_id == File.id)
    query = query.where(JobOutput.job_id == job_id, JobOutput.name == name, File.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()


_OF_DAY: Final = text("""
select count(*) from batches b join organisations o on o.id = b.organisation_id
where o.id = :organisation_id
  and b.created_at >= date_trunc('day', now() at time zone o.time_zone) at time zone o.time_zone
""")
_IN_FLIGHT: Final = text(f"""
select coalesce(sum(pending_jobs + running_jobs), 0)::bigint from batches
where organisation_id = :organisation_id and status <> 'draft' and status in ({sql_list(BATCH_OPEN)})
""")


async def count_batches_of_day(session: AsyncSession, organisation_id: UUID) -> int:
    """Batches that were made since midnight where the organisation is."""
    return int((await session.execute(_OF_DAY, {"organisation_id": organisation_id})).scalar_one())


async def count_jobs_in_flight(session: AsyncSession, organisation_id: UUID) -> int:
    """Jobs that wait or run, of batches that were started."""
    return int((await session.execute(_IN_FLIGHT, {"organisation_id": organisation_id})).scalar_one())
