"""Batches for the jobs of an older system, which had none: grouped by pipeline and by time.

Jobs of one pipeline that follow each other within the window were one submission. They end as they ended there; what
had not ended is cancelled, because nobody will run it. Everything is written through one connection, in the transaction
that the caller holds, so that the command and a migration share it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, insert

from app.auth.models import Organisation
from app.batches.directory_names import CLAIM, numbered, seen_statement, use_of
from app.batches.models import Batch, Job
from app.batches.naming import Namer
from app.batches.states import COUNTERS, outcome_of
from app.batches.step_models import LogRow
from app.kit.ids import new_id
from app.pipelines.contract import Pipeline

STATUSES: Final = {
    **dict.fromkeys(("completed", "complete", "success", "succeeded", "done", "finished", "ok"), "completed"),
    **dict.fromkeys(("failed", "failure", "error", "errored"), "failed"),
    **dict.fromkeys(("cancelled", "canceled", "aborted"), "cancelled"),
    **dict.fromkeys(("queued", "pending", "waiting", "processing", "running", "in_progress"), "cancelled"),
    "skipped": "skipped",
}
"""The words of older systems for how a job ended, and ours."""
_UNFINISHED: Final = ("queued", "pending", "waiting", "processing", "running", "in_progress")
_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class OldJob:
    """A job as the older system knew it. `word` is its status there; `extra` is whatever else it knew: JSON values."""

    created_at: datetime
    pipeline_id: int
    filename: str
    word: str
    file_size: int = 0
    completed_at: datetime | None = None
    error: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        return STATUSES[self.word]

    @property
    def ended_at(self) -> datetime:
        return self.completed_at or self.created_at


def group_jobs(jobs: Iterable[OldJob], window: timedelta) -> list[list[OldJob]]:
    """Jobs of one pipeline in runs with no gap longer than the window, the oldest run first."""
    groups: list[list[OldJob]] = []
    latest: dict[int, list[OldJob]] = {}
    for job in sorted(jobs, key=lambda job: job.created_at):
        group = latest.get(job.pipeline_id)
        if group is None or job.created_at - group[-1].created_at > window:
            group = latest[job.pipeline_id] = []
            groups.append(group)
        group.append(job)
    return groups


def status_of(counts: Mapping[str, int]) -> str:
    """How a batch ended of whose jobs so many ended so. A job that never ended counts as a failure beside others."""
    completed, failed, cancelled = counts["completed"], counts["failed"], counts["cancelled"]
    return outcome_of(completed, failed + cancelled, cancelled, cancelling=not completed and not failed)


@dataclass(frozen=True, slots=True)
class AddedBatch:
    """A batch that was made of old jobs; `job_ids` are in the order of its jobs."""

    id: UUID
    name: str
    status: str
    created_at: datetime
    job_ids: Sequence[UUID]


def add_batches(
    connection: Connection,
    organisation: Organisation,
    groups: Iterable[Sequence[OldJob]],
    actor: str,
    pipeline_of: Callable[[int], Pipeline | None],
) -> list[AddedBatch]:
    """Write a batch for each group of an organisation's old jobs, with its jobs and two events."""
    return [_add_batch(connection, organisation, group, actor, pipeline_of(group[0].pipeline_id)) for group in groups]


def _add_batch(
    connection: Connection,
    organisation: Organisation,
    group: Sequence[OldJob],
    actor: str,
    pipeline: Pipeline | None,
) -> AddedBatch:
    names = [job.filename for job in group]
    statement = seen_statement(pipeline, organisation.id, names)
    seen = [] if statement is None else connection.execute(statement).scalars().all()
    namer = Namer.of(pipeline, organisation, seen)
    prefix, mixed = namer.prefix_of(names)
    created_at, ended_at = group[0].created_at, max(job.ended_at for job in group)
    organisation_id, wanted = organisation.id, namer.directory_of(prefix, namer.description_of(names), created_at)
    used = connection.execute(CLAIM, use_of(organisation_id, wanted)).scalar_one()
    name = numbered(wanted, used)
    counts = Counter(job.status for job in group)
    batch_id, status = new_id(), status_of(counts)
    counters = {"total": len(group), **{word: counts[word] for word in ("completed", "failed", "cancelled", "skipped")}}
    values = {
        "id": batch_id,
        "organisation_id": organisation_id,
        "pipeline_id": group[0].pipeline_id,
        "name": name,
        "customer_prefix": prefix,
        "mixed_customers": mixed,
        "base_directory_name": name,
        "total_files": len(group),
        "total_size": sum(job.file_size for job in group),
        "execution_mode": "parallel",
        "max_parallel": 1,
        "status": status,
        "jobs_at_base": len(group),
        "pending_jobs": 0,
        "settings": {},
        "metadata_": {"backfill": {"jobs": len(group)}},
        "relation": "backfill",
        "last_event_id": 2,
        "created_at": created_at,
        "updated_at": ended_at,
        "queued_at": created_at,
        "started_at": created_at,
        "completed_at": ended_at,
        **{f"{word}_jobs": count for word, count in counters.items()},
    }
    connection.execute(insert(Batch).values(values))
    rows = [_job_values(batch_id, place, job) for place, job in enumerate(group, 1)]
    for start in range(0, len(rows), _ROWS):
        connection.execute(insert(Job), rows[start : start + _ROWS])
    all_counters = [counters.get(word, 0) for word in COUNTERS]
    before = [len(group) if word in ("total", "pending") else 0 for word in COUNTERS]
    created = {"status": "pending", "name": name, "relation": "backfill"}
    events = (
        {"id": 1, "type": "batch.created", "data": created, "counters": before, "created_at": created_at},
        {
            "id": 2,
            "type": f"batch.{status}",
            "data": {"status": status},
            "counters": all_counters,
            "created_at": ended_at,
        },
    )
    connection.execute(insert(LogRow), [{"batch_id": batch_id, "actor": actor, **event} for event in events])
    return AddedBatch(batch_id, name, status, created_at, [row["id"] for row in rows])


def _job_values(batch_id: UUID, place: int, job: OldJob) -> dict[str, Any]:
    message = job.error
    if job.word in _UNFINISHED:
        message = f"It was {job.word} in the older system when it was taken over."
    return {
        "id": new_id(),
        "batch_id": batch_id,
        "pipeline_id": job.pipeline_id,
        "sequence": place,
        "item": place,
        "source_type": "file",
        "filename": job.filename or None,
        "file_size": job.file_size,
        "status": job.status,
        "stage": "done" if job.status == "completed" else "queued",
        "error_code": "IMPORTED_FAILURE" if job.status == "failed" else None,
        "error_message": re.sub(r"\s+", " ", message)[:500] if message else None,
        "record": dict(job.extra) or None,
        "created_at": job.created_at,
        "updated_at": job.ended_at,
        "started_at": job.created_at,
        "completed_at": job.ended_at,
    }
