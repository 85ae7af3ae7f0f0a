"""Rows of batches, jobs and steps. Every query takes the caller's organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, Uuid, any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.listing import BatchRow, batch_rows
from app.batches.models import Batch, Job
from app.batches.states import BATCH_OPEN, BATCH_TERMINAL, sql_list
from app.batches.step_models import JobOutput, JobStep
from app.files.models import File
from app.kit.pages import Page, PageRequest, paginate
from app.pipelines.models import PipelineRow


class JobRow(NamedTuple):
    """A job, the key of its pipeline, and its steps."""

    job: Job
    pipeline: str
    steps: list[JobStep]


async def find_batch(session: AsyncSession, organisation_id: UUID, batch_id: UUID) -> BatchRow | None:
    """One batch with its pipeline and who made it."""
    row = (await session.execute(batch_rows(organisation_id).where(Batch.id == batch_id))).first()
    return BatchRow(*row) if row else None


async def count_by_organisation(session: AsyncSession, organisation_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many batches each organisation has, and how many of them have not ended."""
    unfinished = func.count().filter(Batch.status.not_in(BATCH_TERMINAL))
    query = select(Batch.organisation_id, func.count(), unfinished).group_by(Batch.organisation_id)
    rows = await session.execute(query.where(Batch.organisation_id.in_(organisation_ids)))
    return {row[0]: {"batches": row[1], "open": row[2]} for row in rows}


async def lock_batch(session: AsyncSession, organisation_id: UUID, batch_id: UUID) -> Batch | None:
    """The batch, locked: its row is the mutex of everything below it, and is locked before anything below it."""
    query = select(Batch).where(Batch.id == batch_id, Batch.organisation_id == organisation_id)
    return (await session.execute(query.with_for_update(key_share=True))).scalar_one_or_none()


async def list_jobs(
    session: AsyncSession, batch_id: UUID, page: PageRequest, statuses: Sequence[str] = ()
) -> Page[JobRow]:
    """A page of a batch's jobs by sequence, each with its steps."""
    query = _jobs().where(Job.batch_id == batch_id)
    if statuses:
        query = query.where(Job.status.in_(statuses))
    found = await paginate(session, query, page, key=(Job.sequence,))
    return Page(await _with_steps(session, found.rows), found.next_cursor)


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


async def list_records(session: AsyncSession, batch_id: UUID) -> Sequence[dict[str, Any]]:
    """The records that a batch works on."""
    query = select(Job.record).where(Job.batch_id == batch_id, Job.source_type == "record")
    return [record for record in (await session.execute(query)).scalars() if record is not None]


async def list_first_jobs(session: AsyncSession, batch_ids: Sequence[UUID], limit: int) -> dict[UUID, list[JobRow]]:
    """The first `limit` jobs of several batches, by batch."""
    query = _jobs().where(Job.batch_id.in_(batch_ids), Job.sequence <= limit).order_by(Job.batch_id, Job.sequence)
    found: dict[UUID, list[JobRow]] = {batch_id: [] for batch_id in batch_ids}
    for row in await _rows_of(session, query):
        found[row[0].batch_id].append(row)
    return found


def _jobs() -> Select[Job, str]:
    return select(Job, PipelineRow.key).join(PipelineRow, PipelineRow.id == Job.pipeline_id)


async def _rows_of(session: AsyncSession, query: Select[Job, str]) -> list[JobRow]:
    return await _with_steps(session, (await session.execute(query)).all())


async def _with_steps(session: AsyncSession, rows: Sequence[Row[Job, str]]) -> list[JobRow]:
    steps = await _steps_of(session, [job.id for job, _ in rows])
    return [JobRow(job, key, steps.get(job.id, [])) for job, key in rows]


async def _steps_of(session: AsyncSession, job_ids: Sequence[UUID]) -> dict[UUID, list[JobStep]]:
    query = (
        select(JobStep)
        .where(JobStep.job_id == any_(literal(list(job_ids), ARRAY(Uuid))))
        .order_by(JobStep.job_id, JobStep.position)
    )
    found: dict[UUID, list[JobStep]] = {}
    for step in (await session.execute(query)).scalars():
        found.setdefault(step.job_id, []).append(step)
    return found


async def find_job(session: AsyncSession, organisation_id: UUID, job_id: UUID) -> JobRow | None:
    """One job of the organisation."""
    query = _jobs().join(Batch, Batch.id == Job.batch_id)
    rows = await _rows_of(session, query.where(Job.id == job_id, Batch.organisation_id == organisation_id))
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


class BatchOutput(NamedTuple):
    """A result file of a batch, with the job it belongs to."""

    sequence: int
    filename: str | None
    pipeline: str
    name: str
    size: int
    crc32: int
    storage_key: str
    media_type: str
    created_at: datetime


async def list_batch_outputs(session: AsyncSession, batch_id: UUID, job_id: UUID | None = None) -> list[BatchOutput]:
    """Every result file of the batch's completed jobs so far, or of one of its jobs, by job and name."""
    columns = (
        Job.sequence,
        Job.filename,
        PipelineRow.key,
        JobOutput.name,
        File.size,
        File.crc32,
        File.storage_key,
        File.media_type,
    )
    query = select(*columns, JobOutput.created_at).join(JobOutput, JobOutput.job_id == Job.id)
    query = query.join(PipelineRow, PipelineRow.id == Job.pipeline_id).join(File, File.id == JobOutput.file_id)
    query = query.where(Job.batch_id == batch_id, Job.status == "completed")
    if job_id:
        query = query.where(Job.id == job_id)
    rows = await session.execute(query.order_by(Job.sequence, JobOutput.name))
    return [BatchOutput(*row) for row in rows]


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
