"""Rows of links and guesses, and the jobs that a link opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, any_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.live import is_disabled
from app.batches.models import Batch, Job
from app.batches.step_models import JobOutput
from app.files.models import File
from app.kit.pages import Page, PageRequest, paginate, paginate_one
from app.kit.quick_reads import QuickRead
from app.pipelines.models import PipelineRow
from app.results.models import ResultLink


def _alive() -> ColumnElement[bool]:
    unexpired = or_(ResultLink.expires_at.is_(None), ResultLink.expires_at > func.clock_timestamp())
    return ResultLink.revoked_at.is_(None) & unexpired


async def add_link(session: AsyncSession, link: ResultLink) -> None:
    """Write the link; it has its time afterwards."""
    session.add(link)
    await session.flush()


async def find_link(session: AsyncSession, organisation_id: UUID, link_id: UUID) -> ResultLink | None:
    """A link of the organisation that was not revoked."""
    query = select(ResultLink).where(ResultLink.id == link_id, ResultLink.organisation_id == organisation_id)
    return (await session.execute(query.where(ResultLink.revoked_at.is_(None)))).scalar_one_or_none()


async def list_links(session: AsyncSession, batch_id: UUID, job_id: UUID | None, page: PageRequest) -> Page[ResultLink]:
    """A page of the links to a job, or to a batch as a whole, newest first."""
    query = select(ResultLink).where(ResultLink.batch_id == batch_id, ResultLink.revoked_at.is_(None))
    query = query.where(ResultLink.job_id.is_(None) if job_id is None else ResultLink.job_id == job_id)
    return await paginate_one(session, query, page, key=(ResultLink.id,), descending=True)


_LIVE_LINKS: Final = QuickRead(
    select(ResultLink.job_id, ResultLink.id, ResultLink.code_hash)
    .where(ResultLink.job_id == any_(bindparam("job_ids", type_=ARRAY(Uuid))), _alive())
    .order_by(ResultLink.id)
)


async def list_live_links(session: AsyncSession, job_ids: Sequence[UUID]) -> Sequence[tuple[UUID, UUID, bytes]]:
    """Job, link and hash of the links that open these jobs now, oldest first."""
    rows = await _LIVE_LINKS.rows(session, job_ids=list(job_ids))
    return [(job_id, link, known_hash) for job_id, link, known_hash in rows if job_id]


async def list_lasting_links(session: AsyncSession, batch_id: UUID) -> Sequence[ResultLink]:
    """The links that open a whole batch as long as it is kept, oldest first."""
    query = select(ResultLink).where(ResultLink.batch_id == batch_id, ResultLink.job_id.is_(None))
    query = query.where(ResultLink.revoked_at.is_(None), ResultLink.expires_at.is_(None)).order_by(ResultLink.id)
    return (await session.execute(query)).scalars().all()


async def revoke_link(session: AsyncSession, link: ResultLink) -> None:
    await session.execute(update(ResultLink).where(ResultLink.id == link.id).values(revoked_at=func.now()))


async def touch_batch(session: AsyncSession, batch_id: UUID) -> None:
    """The batch reads differently from now on: its ETag changes with this time."""
    changed = update(Batch).where(Batch.id == batch_id).values(updated_at=func.clock_timestamp())
    await session.execute(changed)


@dataclass(frozen=True, slots=True)
class Shared:
    """What a live code opens: a batch, or one job of it. `pipeline` is the job's, or the batch's first one."""

    link: ResultLink
    batch: Batch
    pipeline: PipelineRow


async def find_shared(session: AsyncSession, code_hash: bytes) -> Shared | None:
    """What the code opens; nothing while its organisation is disabled."""
    query = select(ResultLink, Batch, PipelineRow).join(Batch, Batch.id == ResultLink.batch_id)
    query = query.outerjoin(Job, Job.id == ResultLink.job_id)
    query = query.join(PipelineRow, PipelineRow.id == func.coalesce(Job.pipeline_id, Batch.pipeline_id))
    query = query.where(ResultLink.code_hash == code_hash, _alive(), ~is_disabled(ResultLink.organisation_id))
    row = (await session.execute(query)).first()
    return Shared(row[0], row[1], row[2]) if row else None


async def list_shared_jobs(session: AsyncSession, shared: Shared, page: PageRequest) -> Page[Row[Job, str]]:
    """A page of the jobs that the link opens, in order, each with the key of its pipeline."""
    query = select(Job, PipelineRow.key).join(PipelineRow, PipelineRow.id == Job.pipeline_id)
    query = query.where(Job.batch_id == shared.batch.id)
    if shared.link.job_id:
        query = query.where(Job.id == shared.link.job_id)
    return await paginate(session, query, page, key=(Job.sequence,))


async def find_shared_job(session: AsyncSession, shared: Shared, sequence: int) -> Job | None:
    """The job of this number, if the link opens it."""
    query = select(Job).where(Job.batch_id == shared.batch.id, Job.sequence == sequence)
    if shared.link.job_id:
        query = query.where(Job.id == shared.link.job_id)
    return (await session.execute(query)).scalar_one_or_none()


async def list_files(session: AsyncSession, jobs: Sequence[Job]) -> dict[UUID, list[tuple[str, File]]]:
    """The result files of completed jobs, by name."""
    query = select(JobOutput.job_id, JobOutput.name, File).join(File, File.id == JobOutput.file_id)
    query = query.where(JobOutput.job_id.in_([job.id for job in jobs if job.status == "completed"]))
    found: dict[UUID, list[tuple[str, File]]] = {job.id: [] for job in jobs}
    for job_id, name, file in await session.execute(query.order_by(JobOutput.job_id, JobOutput.name)):
        found[job_id].append((name, file))
    return found
