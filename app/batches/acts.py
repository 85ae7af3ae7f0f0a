"""Acting on jobs: cancelled, tried again or skipped by choice, in one transaction that has their batch locked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import act_repository, log
from app.batches.act_repository import JobAt
from app.batches.act_rules import DO, ELSEWHERE, UNCHANGED, Action, verdict
from app.batches.desk import Notifier
from app.batches.metrics import End, count_ended
from app.batches.models import Batch
from app.batches.service import database_now
from app.batches.states import BATCH_TERMINAL, outcome_of
from app.kit.db import after_commit

_ENDED: Final = {"cancel": "cancelled", "skip": "skipped"}


@dataclass(slots=True)
class Acted:
    """What came of an action: the jobs that were changed, those that were there already, and the others by reason.

    `elsewhere`: jobs that are to be tried again in a batch of their own, each with the step at which it goes on.
    """

    done: int = 0
    unchanged: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    elsewhere: dict[UUID, int] = field(default_factory=dict)

    @property
    def looked_at(self) -> int:
        return self.done + self.unchanged + self.refused.total() + len(self.elsewhere)


Summary = Callable[[Acted], Sequence[log.NewEvent]]


async def act(
    session: AsyncSession,
    notifier: Notifier,
    batch: Batch,
    action: Action,
    jobs: Sequence[JobAt],
    *,
    from_step: str | None = None,
    actor: str | None = None,
    tell: Summary = lambda acted: (),
) -> Acted:
    """Act on jobs of a locked batch, as far as the rules allow; `tell` has the batch's own events of it."""
    found = [(job, verdict(action, batch.status, job, from_step)) for job in jobs]
    chosen = [job for job, word in found if word == DO]
    acted = Acted(done=len(chosen), unchanged=sum(word == UNCHANGED for _, word in found))
    acted.refused.update(word for _, word in found if word not in (DO, UNCHANGED, ELSEWHERE))
    positions = {job.id: _position(job) for job, word in found if word in (DO, ELSEWHERE)}
    acted.elsewhere = {job.id: positions[job.id] for job, word in found if word == ELSEWHERE}
    now = await database_now(session)
    running = [job for job in chosen if job.status == "running"]
    ids = [job.id for job in chosen if job.status != "running"]
    if action == "retry":
        await act_repository.reopen_jobs(session, {job_id: positions[job_id] for job_id in ids}, now)
    elif ids:
        await act_repository.end_jobs(session, action, ids, now)
    if running:
        await act_repository.request_cancel(session, [job.id for job in running], now)
    if batch.status in BATCH_TERMINAL:
        return acted  # nothing follows its last event
    events = [_event(action, job) for job in chosen]
    moved = [job for job in chosen if job.status != "running"]
    changes = _changes(batch, action, moved)
    further = _further(batch, changes, now)
    if action != "retry" and not further.changes and await _is_trial_over(session, batch):
        further = _Further(
            {"status": "paused", "pause_reason": "first_n", "paused_at": now},
            [("batch.paused", {"status": "paused", "reason": "first_n"})],
        )
    events += [*tell(acted), *(log.NewEvent(type, data=data) for type, data in further.events)]
    if events:
        await log.record(session, batch.id, events, actor=actor, changes=changes | further.changes)
    if action in _ENDED:
        ends = Counter(End(job.pipeline, _ENDED[action]) for job in moved)
        after_commit(session, partial(count_ended, ends))
    is_open = further.changes.get("status", batch.status) in ("pending", "processing")
    if moved and (further.needs_closing or (is_open and action == "retry")):
        await notifier.notify(session, batch.id, len(moved))
    return acted


def _position(job: JobAt) -> int:
    return job.goes_on_at if job.from_position is None else job.from_position


def _event(action: Action, job: JobAt) -> log.NewEvent:
    type, status, stage = {
        "cancel": ("job.cancelled", "cancelled", job.stage),
        "skip": ("job.skipped", "skipped", job.stage),
        "retry": ("job.retried", "pending", "queued"),
    }[action]
    if job.status == "running":
        type, status = "job.cancelling", "running"
    data = {"sequence": job.sequence, "stage": stage, "status": status, "attempt": job.attempt}
    return log.NewEvent(type, job.id, data=data)


def _changes(batch: Batch, action: Action, moved: Sequence[JobAt]) -> dict[str, Any]:
    """The batch's counters after these jobs have moved."""
    counters: Counter[str] = Counter()
    for job in moved:
        counters[f"{job.status}_jobs"] -= 1
        counters[f"{_ENDED.get(action, 'pending')}_jobs"] += 1
    changes: dict[str, Any] = {name: getattr(batch, name) + more for name, more in counters.items() if more}
    if "failed_jobs" in changes:
        # What was counted before a resume, and is no failure any more, would let as many others pass unseen.
        changes["failures_at_base"] = min(batch.failures_at_base, changes["failed_jobs"])
    if action == "retry" and moved:
        changes["jobs_at_base"] = min(batch.total_jobs, batch.jobs_at_base + len(moved))
    return changes


async def _is_trial_over(session: AsyncSession, batch: Batch) -> bool:
    """Whether nothing is left of a trial run, which otherwise ends with the job that settles last."""
    if batch.first_n is None or batch.status not in ("pending", "processing") or batch.running_jobs:
        return False
    return not await act_repository.has_pending_up_to(session, batch.id, batch.first_n)


@dataclass(slots=True)
class _Further:
    """What becomes of the batch. `needs_closing`: nothing is left of it but its summary."""

    changes: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    needs_closing: bool = False


def _further(batch: Batch, changes: Mapping[str, Any], now: datetime) -> _Further:
    def now_has(name: str) -> int:
        return int(changes.get(name, getattr(batch, name)))

    if now_has("pending_jobs") + now_has("running_jobs"):
        return _Further()
    if batch.needs_summary:
        return _Further(needs_closing=True)
    status = outcome_of(
        now_has("completed_jobs"),
        now_has("failed_jobs"),
        now_has("cancelled_jobs"),
        cancelling=batch.status == "cancelling",
        given_up=batch.status_reason is not None,
    )
    milliseconds = int((now - (batch.started_at or batch.created_at)).total_seconds() * 1000)
    ended = {"status": status, "pause_reason": None, "completed_at": now, "processing_time_ms": milliseconds}
    return _Further(ended, [(f"batch.{status}", {"status": status})])
