"""Rows of workers, and the schema's revisions, as the routes of operations read them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Batch, Job
from app.batches.states import BATCH_TERMINAL
from app.pipelines.contract import Pipeline
from app.pipelines.models import PipelineRow
from app.runner.models import SILENT_AFTER, Worker


async def list_workers(session: AsyncSession) -> Sequence[Worker]:
    """All workers that have not been swept away, the one heard of last first."""
    return (await session.execute(select(Worker).order_by(Worker.seen_at.desc(), Worker.id))).scalars().all()


async def sum_slots(session: AsyncSession) -> tuple[int, int, int]:
    """How many workers there are, their slots in use, and all their slots."""
    totals = func.count(), func.coalesce(func.sum(Worker.running), 0), func.coalesce(func.sum(Worker.slots), 0)
    workers, used, slots = (await session.execute(select(*totals).select_from(Worker))).one()
    return workers, used, slots


async def is_any_worker_heard(session: AsyncSession) -> bool:
    """Whether any process that runs jobs has sent a heartbeat lately."""
    query = select(Worker.id).where(Worker.seen_at > func.clock_timestamp() - SILENT_AFTER).limit(1)
    return (await session.execute(query)).first() is not None


async def count_running(session: AsyncSession, organisation_id: UUID) -> int:
    """How many jobs of the organisation run just now."""
    running = func.coalesce(func.sum(Batch.running_jobs), 0)
    query = select(running).where(Batch.organisation_id == organisation_id, Batch.status.not_in(BATCH_TERMINAL))
    return int((await session.execute(query)).scalar_one())


async def has_job_before(session: AsyncSession, batch_id: UUID, pipeline_id: int, position: int) -> bool:
    """Whether a job of the batch and pipeline waits that is not past this position."""
    query = select(Job.id).where(Job.batch_id == batch_id, Job.status == "pending")
    query = query.where(Job.pipeline_id == pipeline_id, Job.step_position <= position).limit(1)
    return (await session.execute(query)).first() is not None


async def is_saved_so(session: AsyncSession, pipeline_id: int, pipeline: Pipeline) -> bool:
    """Whether the pipeline, as it is here, is the one whose definition was saved last."""
    query = select(PipelineRow.version, PipelineRow.steps).where(PipelineRow.id == pipeline_id)
    version, steps = (await session.execute(query)).one()
    return version == pipeline.version and [step["name"] for step in steps] == pipeline.step_names()


async def list_revisions(session: AsyncSession) -> Sequence[str]:
    """The revisions of the schema that the database is at."""
    return (await session.execute(text("select version_num from alembic_version"))).scalars().all()
