"""What acting on a job comes to, by where the job and its batch are. docs/decisions/0052 has the reasons."""

from __future__ import annotations

from typing import Final, Literal

from app.batches.act_repository import JobAt
from app.batches.states import BATCH_TERMINAL

Action = Literal["cancel", "retry", "skip"]
DO: Final = "do"
UNCHANGED: Final = "unchanged"
"""It is there already, as after the same request before."""
ELSEWHERE: Final = "elsewhere"
"""It is tried again in a batch of its own, as its batch has ended."""
UNKNOWN_STEP: Final = "unknown_step"


def verdict(action: Action, batch_status: str, job: JobAt, from_step: str | None) -> str:
    """`DO`, `UNCHANGED`, `ELSEWHERE`, or why it cannot be done: a reason of InvalidJobTransition, or `UNKNOWN_STEP`."""
    if batch_status == "draft":
        return "batch_draft"
    match action:
        case "cancel":
            return _cancel(batch_status, job)
        case "skip":
            return _skip(batch_status, job)
        case "retry":
            return _retry(batch_status, job, from_step)


def _cancel(batch_status: str, job: JobAt) -> str:
    if job.status == "cancelled" or job.is_cancelling or (batch_status == "cancelling" and not _has_ended(job)):
        return UNCHANGED
    return "job_ended" if _has_ended(job) else DO


def _skip(batch_status: str, job: JobAt) -> str:
    if job.status == "skipped":
        return UNCHANGED
    if job.status == "running":
        return "job_running"
    if job.status not in ("pending", "failed"):
        return "job_ended"
    if batch_status in BATCH_TERMINAL:
        return "batch_ended"
    if job.retry_id:
        return "retried_elsewhere"
    return "batch_cancelling" if batch_status == "cancelling" else DO


def _retry(batch_status: str, job: JobAt, from_step: str | None) -> str:
    if from_step is not None and job.from_position is None:
        return UNKNOWN_STEP
    if not _has_ended(job):
        is_there = job.from_position is None or (job.status == "pending" and job.step_position == job.from_position)
        return UNCHANGED if is_there and not job.is_cancelling else "job_not_ended"
    if job.retry_id:
        return "retried_elsewhere"
    if job.status == "completed" and from_step is None:
        return "job_completed"
    if job.is_unfinished:
        return "step_not_reached"
    if batch_status in BATCH_TERMINAL:
        return ELSEWHERE
    if batch_status == "cancelling":
        return "batch_cancelling"
    return "completed_in_open_batch" if job.status == "completed" else DO


def _has_ended(job: JobAt) -> bool:
    return job.status not in ("pending", "running")
