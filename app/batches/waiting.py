"""Why a batch does not move: waiting always has a reason and, where known, a next thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import insight_repository
from app.batches.models import Batch
from app.batches.states import BATCH_TERMINAL
from app.batches.step_models import Event
from app.kit.schemas import Output
from app.kit.words import quantity


class Reason(Output):
    """One thing that a batch waits for: a code for programs, a sentence for people."""

    code: str
    message: str


_CLOSING: Final = Reason(code="closing", message="All jobs have ended; the summary is being written.")


class NextJob(Output):
    sequence: int
    filename: str | None


@dataclass(frozen=True, slots=True)
class Queue:
    """What of a batch waits at the moment `now` by the database's clock, and since when and by whom it is paused.

    `delayed` jobs wait for their next try, the first of them due at `next_retry_at`; `delayed_head` is the sequence of
    the first pending job when it is one of them; `beyond_trial` jobs wait for the end of a trial run; `suspects` were
    running when their worker died and go one at a time.
    """

    now: datetime
    delayed: int = 0
    next_retry_at: datetime | None = None
    delayed_head: int | None = None
    beyond_trial: int = 0
    suspects: int = 0
    next_jobs: Sequence[NextJob] = ()
    paused_since: datetime | None = None
    paused_by: str | None = None
    paused_message: str | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The live workers, their slots and those in use; when the last of all was seen.

    `pipeline` is the key of the batch's pipeline when this process does not have it.
    """

    workers: int
    used: int
    slots: int
    last_seen_at: datetime | None = None
    pipeline: str | None = None


def slots_of(batch: Batch) -> int:
    """How many jobs of the batch may run at once."""
    return 1 if batch.execution_mode == "sequential" else batch.max_parallel


async def read_queue(session: AsyncSession, batch: Batch) -> Queue:
    """What of the batch waits; of a batch that has ended, nothing does."""
    if batch.status in BATCH_TERMINAL:
        return Queue((await session.execute(select(func.now()))).scalar_one())
    first_n = 2**31 - 1 if batch.first_n is None else batch.first_n
    queue = await insight_repository.find_queue(session, batch.id, first_n)
    in_order = batch.execution_mode == "sequential"
    rows = await insight_repository.list_next_jobs(session, batch.id, first_n, in_order=in_order)
    next_jobs = [NextJob.of(row) for row in rows]
    since, actor, message = await _last_pause(session, batch.id) if batch.status == "paused" else (None, None, None)
    paused_since = batch.paused_at or since
    return Queue(**queue, next_jobs=next_jobs, paused_since=paused_since, paused_by=actor, paused_message=message)


async def _last_pause(session: AsyncSession, batch_id: UUID) -> tuple[datetime | None, str | None, str | None]:
    """When the batch was paused, by whom, and what was said of it."""
    query = select(Event.created_at, Event.actor, Event.data["message"].astext)
    query = query.where(Event.batch_id == batch_id, Event.type == "batch.paused")
    row = (await session.execute(query.order_by(Event.id.desc()).limit(1))).first()
    return (row[0], row[1], row[2]) if row else (None, None, None)


def explain(batch: Batch, queue: Queue, capacity: Capacity) -> list[Reason]:
    """Why jobs of the batch wait, the weightiest reason first; empty when none does."""
    match batch.status:
        case "draft":
            empty = "This batch is an empty draft. Add jobs, then start it."
            return [Reason(code="draft", message="This batch is a draft. Start it." if batch.total_jobs else empty)]
        case "paused":
            return [_paused(batch, queue), *_finishing(batch)]
        case "cancelling":
            return _finishing(batch) or [_CLOSING]
        case "pending" | "processing" if batch.pending_jobs:
            return _held_back(batch, queue, capacity)
        case "processing" if not batch.running_jobs:
            return [_CLOSING]
    return []


def _paused(batch: Batch, queue: Queue) -> Reason:
    match batch.pause_reason:
        case "failure_threshold":
            message = (
                f"Paused by the failure policy: {batch.failed_jobs:,} of {quantity(batch.total_jobs, 'job')} failed."
            )
            return Reason(code="paused_by_policy", message=f"{message} Resume it, or cancel it.")
        case "first_n":
            jobs = quantity(batch.first_n or 0, "job")
            message = f"Paused after the trial run of the first {jobs}. Resume it, or cancel it."
            return Reason(code="paused_after_trial", message=message)
        case "PIPELINE_CHANGED":
            message = queue.paused_message or "Paused: its pipeline was changed so that it cannot go on."
            return Reason(code="pipeline_changed", message=message)
    by = f" by {queue.paused_by}" if queue.paused_by else ""
    return Reason(code="paused_by_user", message=f"Paused{by}. Nothing new runs until it is resumed.")


def _finishing(batch: Batch) -> list[Reason]:
    count = batch.running_jobs
    are, their = ("is", "its") if count == 1 else ("are", "their")
    message = f"{quantity(count, 'job')} {are} finishing {their} step."
    return [Reason(code="finishing_steps", message=message)] if count else []


def _held_back(batch: Batch, queue: Queue, capacity: Capacity) -> list[Reason]:
    """What keeps a started batch's pending jobs from being claimed: the installation first, then the batch itself."""
    found: dict[str, str] = {}
    waits, limit, upcoming = _waits(batch.pending_jobs), slots_of(batch), _next(queue)
    due = batch.pending_jobs - queue.delayed - queue.beyond_trial
    retry_at = queue.next_retry_at and _clock(queue.next_retry_at, queue.now)
    if not capacity.workers:
        seen = capacity.last_seen_at
        silent = f"was seen for {(queue.now - seen).total_seconds():.0f} seconds" if seen else "runs"
        found["no_worker"] = f"{waits}: no worker {silent}. Start one with `tranche worker`."
    if capacity.pipeline:
        found["unknown_pipeline"] = (
            f"{waits} for a worker that has the pipeline {capacity.pipeline}: it is unknown here."
        )
    if batch.running_jobs >= limit == 1:
        found["sequential"] = f"{waits}: this batch runs one at a time.{upcoming}"
    elif batch.running_jobs >= limit:
        found["batch_full"] = f"{waits}: all {limit} of this batch's slots are in use.{upcoming}"
    elif batch.execution_mode == "sequential" and queue.delayed_head:
        again = f"job {queue.delayed_head} is tried again at {retry_at}."
        found["delayed"] = f"{waits}: this batch runs one at a time, and {again}"
    elif due <= 0 and retry_at:
        again = "is tried again" if queue.delayed == 1 else "are tried again, the first"
        found["delayed"] = f"{quantity(queue.delayed, 'job')} {again} at {retry_at}."
    elif capacity.workers and capacity.used >= capacity.slots and due > 0:
        of = f"the {capacity.workers} workers" if capacity.workers > 1 else "the worker"
        found["workers_full"] = f"{waits} for a slot: all {capacity.slots} of {of} are in use.{upcoming}"
    elif queue.suspects >= due > 0:
        found["suspects"] = (
            f"{waits}: jobs that ran when two workers died run apart from all others, in ever smaller groups.{upcoming}"
        )
    if queue.beyond_trial:
        found["trial"] = (
            f"{_waits(queue.beyond_trial)}: this is a trial run of the first {quantity(batch.first_n or 0, 'job')}."
        )
    if not found:
        found["queued"] = f"{waits} for {'its' if batch.pending_jobs == 1 else 'their'} turn.{upcoming}"
    return [Reason(code=code, message=message) for code, message in found.items()]


def _next(queue: Queue) -> str:
    return f" Next: {queue.next_jobs[0].filename or f'job {queue.next_jobs[0].sequence}'}." if queue.next_jobs else ""


def _waits(count: int) -> str:
    return f"{quantity(count, 'job')} {'waits' if count == 1 else 'wait'}"


def _clock(moment: datetime, now: datetime) -> str:
    moment, now = moment.astimezone(UTC), now.astimezone(UTC)
    return moment.strftime("%H:%M:%S UTC" if moment.date() == now.date() else "%Y-%m-%d %H:%M:%S UTC")
