"""Closes batches whose pipeline sums them up: the summary is computed outside the lock, then written once."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import log as event_log
from app.batches.models import Batch, Job
from app.batches.states import BATCH_TERMINAL, outcome_of
from app.kit.db import Database
from app.kit.tracing import record_span
from app.kit.unexpected import tell_unexpected
from app.pipelines.contract import Pipeline
from app.pipelines.registry import Registry

OUTCOME: Final = (
    *("sequence", "filename", "source_type", "checksum"),
    *("status", "error_code", "error_message", "cached", "result"),
)
"""What a hook that sums up is given of each job."""
log = logging.getLogger("tranche.summary")


async def close_batch(database: Database, registry: Registry, batch_id: UUID) -> None:
    """Write the summary and the terminal event of a quiet batch; does nothing when it is closed or works again."""
    began = time.time_ns()
    async with database.transaction() as session:
        batch = await session.get(Batch, batch_id)
        if batch is None or not _is_quiet(batch):
            return
        jobs = await _jobs_of(session, batch_id)
    summary = await asyncio.to_thread(_summarise, registry, batch, jobs)
    async with database.transaction() as session:
        query = select(Batch).where(Batch.id == batch_id).with_for_update(key_share=True)
        batch = (await session.execute(query.execution_options(populate_existing=True))).scalar_one_or_none()
        if batch is None or not _is_quiet(batch):
            return
        status = outcome_of(
            batch.completed_jobs,
            batch.failed_jobs,
            batch.cancelled_jobs,
            cancelling=batch.status == "cancelling",
            given_up=batch.status_reason is not None,
        )
        now = func.clock_timestamp()
        elapsed = func.extract("epoch", now - func.coalesce(Batch.started_at, Batch.created_at)) * 1000
        completed_at, milliseconds = (await session.execute(select(now, elapsed).where(Batch.id == batch_id))).one()
        changes = {
            "status": status,
            "completed_at": completed_at,
            "pause_reason": None,
            "summary_data": summary,
            "processing_time_ms": int(milliseconds),
        }
        event = event_log.NewEvent(f"batch.{status}", data={"status": status})
        await event_log.record(session, batch_id, [event], changes=changes)
    told = {"tranche.batch_id": str(batch_id), "tranche.status": status}
    record_span("close", told, parent=batch.trace_context, began=began)


def _is_quiet(batch: Batch) -> bool:
    return (
        batch.needs_summary
        and batch.status not in (*BATCH_TERMINAL, "draft")
        and batch.pending_jobs + batch.running_jobs == 0
        and (batch.sealed is not False or batch.status == "cancelling")
    )


async def _jobs_of(session: AsyncSession, batch_id: UUID) -> dict[int, list[dict[str, Any]]]:
    """What the hooks are given of each job, by the pipeline it went through."""
    columns = (Job.pipeline_id, *(getattr(Job, name) for name in OUTCOME))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in (
        await session.execute(select(*columns).where(Job.batch_id == batch_id).order_by(Job.sequence))
    ).mappings():
        job = dict(row)
        found.setdefault(job.pop("pipeline_id"), []).append(job)
    return found


def _summarise(registry: Registry, batch: Batch, jobs: Mapping[int, list[dict[str, Any]]]) -> dict[str, Any] | None:
    """The pipeline's summary; of several pipelines, the summary of each by its key. None where none of them sums up."""
    if not any(found.batch_end_hook for number in (batch.pipeline_id, *jobs) if (found := registry.find(number))):
        return None
    if batch.total_pipelines == 1:
        return _summary_of(registry.find(batch.pipeline_id), jobs.get(batch.pipeline_id, []))
    pipelines = [(registry.find(pipeline_id), own) for pipeline_id, own in jobs.items()]
    return {pipeline.key: _summary_of(pipeline, own) for pipeline, own in pipelines if pipeline}


def _summary_of(pipeline: Pipeline | None, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    if pipeline is None or pipeline.batch_end_hook is None:
        return {}
    try:
        summary = pipeline.batch_end_hook(jobs)
        json.dumps(summary, allow_nan=False)
        return summary
    except Exception as error:
        return {"error": tell_unexpected(f"The summary of {pipeline.key} failed", error, log)}
