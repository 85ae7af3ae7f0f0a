"""Why a batch does not move. It stands here because the workers are part of the answer."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter

from app.auth.dependencies import ReaderDep
from app.auth.permissions import Permission
from app.batches import waiting
from app.batches.dependencies import BatchDep
from app.batches.waiting import Capacity, NextJob, Reason
from app.kit.dependencies import SessionDep
from app.kit.schemas import Output
from app.pipelines.dependencies import RegistryDep
from app.runner import repository, waits
from app.runner.models import SILENT_AFTER
from app.runner.worker_router import WorkerRead

router = APIRouter(prefix="/api/batches", tags=["batches"])


class Slots(Output):
    used: int
    limit: int


class WaitingRead(Output):
    status: str
    waiting: bool
    reasons: list[Reason]
    paused_since: datetime | None
    paused_by: str | None
    pause_reason: str | None
    slots: Slots
    pending_jobs: int
    delayed_jobs: int
    next_retry_at: datetime | None
    next_jobs: list[NextJob]
    workers: list[WorkerRead]
    worker_last_seen_at: datetime | None


@router.get("/{batch_id}/waiting")
async def explain_waiting(caller: ReaderDep, row: BatchDep, session: SessionDep, registry: RegistryDep) -> WaitingRead:
    """Why jobs of this batch wait, and what comes next. `paused_by` is null for the policy.

    Operators are told the workers that could run it; for others `workers` is empty.
    """
    batch, pipeline, _ = row
    queue = await waiting.read_queue(session, batch)
    known = await repository.list_workers(session)
    live = [worker for worker in known if worker.seen_at > queue.now - SILENT_AFTER]
    last_seen_at = known[0].seen_at if known else None
    capacity = Capacity(
        workers=len(live),
        used=sum(worker.running for worker in live),
        slots=sum(worker.slots for worker in live),
        last_seen_at=last_seen_at,
        pipeline=None if registry.find(batch.pipeline_id) else pipeline.key,
    )
    held_up = waits.reasons(batch.id, [worker.waits for worker in live]) if batch.status == "processing" else []
    reasons = [*waiting.explain(batch, queue, capacity), *held_up]
    return WaitingRead(
        status=batch.status,
        waiting=bool(reasons),
        reasons=reasons,
        paused_since=queue.paused_since,
        paused_by=queue.paused_by,
        pause_reason=batch.pause_reason,
        slots=Slots(used=batch.running_jobs, limit=waiting.slots_of(batch)),
        pending_jobs=batch.pending_jobs,
        delayed_jobs=queue.delayed,
        next_retry_at=queue.next_retry_at,
        next_jobs=list(queue.next_jobs),
        workers=[WorkerRead.of(worker) for worker in live] if Permission.OPERATE in caller.permissions else [],
        worker_last_seen_at=last_seen_at,
    )
