"""Failed jobs by what went wrong: like failures are one group, however many files, numbers and hosts they name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Select, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.batches.models import Batch, Job
from app.kit.schemas import Output

MOST_JOBS: Final = 100_000
MOST_GROUPS: Final = 500
MOST_IDS: Final = 100
_ROWS_AT_ONCE: Final = 500
# A job that went on to its cleanup steps may have more than one failed step: the one that it failed with counts.
FAILED_STEP_SQL: Final = """(select s.name from job_steps s where s.job_id = j.id and s.status = 'failed'
  order by s.error_code is not distinct from j.error_code desc, s.position limit 1)"""
"""The step that the job `j` failed at, as SQL."""
_MADE_GOOD: Final = """exists (select from jobs r where r.retry_of_job_id = j.id) and (
  with recursive chain as (
    select r.id, r.status from jobs r where r.retry_of_job_id = j.id
    union all
    select r.id, r.status from chain c join jobs r on r.retry_of_job_id = c.id
  ) select bool_or(status = 'completed') from chain)"""
"""Whether a retry of the job `j` has completed, as SQL."""

_LONGEST: Final = 500
"""Characters that are looked at: as many as the runner keeps of a message."""
_NAME = r"(?<![\w-])(?<![\w-]\.)[\w-]++(?:\.[\w-]++)*\.(?:[a-z][a-z0-9]{1,23}|[A-Z][A-Z0-9]{1,4})"
_PLACEHOLDERS: Final = tuple(
    (re.compile(pattern), placeholder)
    for pattern, placeholder in (
        (r"\b[a-z][a-z0-9+.-]{1,20}://[^\s'\"<>]*[^\s'\"<>.,;:!?)\]]", "<url>"),
        # An apostrophe inside a word opens no quotation.
        (r"\"[^\"]*\"|“[^”]*”|‘[^’]*’|«[^»]*»|`[^`]*`|(?<!\w)'[^']*'(?!\w)", "<text>"),
        (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "<email>"),
        (r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b", "<id>"),
        (r"(?<![\w/\\>])(?:[A-Za-z]:|~|\.{1,2})?[/\\][^\s/\\'\"<>,;:()]+(?:[/\\][^\s/\\'\"<>,;:()]+)*[/\\]?", "<path>"),
        (r"\b[\w.-]+(?:/[\w.-]+){2,}|\b[\w.-]+/(?:[\w-]+\.)+\w{2,5}\b", "<path>"),
        (r"\[[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\](?::\d+)?", "<host>"),
        (r"\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b|\blocalhost(?::\d+)?\b", "<host>"),
        (rf"{_NAME}\b(?::\d+)?", "<name>"),
        (r"\b(?=[0-9a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b", "<id>"),
        (r"\d+(?:[.,:]\d+)*", "<n>"),
    )
)


class Sample(Output):
    """The first job of a group, with its message as it was."""

    job_id: UUID
    sequence: int
    filename: str | None
    error_message: str | None


class FailureGroup(Output):
    step: str | None
    error_code: str
    message: str
    count: int
    still_failed: int = Field(description="How many of them no retry has completed since.")
    first_failed_at: datetime
    last_failed_at: datetime
    sample: Sample
    job_ids: list[UUID]


class RetryRead(Output):
    """A batch that retries failed jobs of another."""

    id: UUID
    name: str
    status: str


class FailuresRead(Output):
    groups: list[FailureGroup]
    failed_jobs: int
    still_failed: int = Field(description="How many of the failed jobs no retry has completed since.")
    retries: list[RetryRead] = Field(description="The batches that retry them, the oldest first.")


@lru_cache(maxsize=4096)
def normalise(message: str) -> str:
    """A message without what differs from job to job: `Page 3 of 'a.pdf'` becomes `Page <n> of <text>`."""
    message = message[:_LONGEST]
    for pattern, placeholder in _PLACEHOLDERS:
        message = pattern.sub(placeholder, message)
    return message


class Groups:
    """Failed jobs, put together as they come."""

    def __init__(self) -> None:
        self._found: dict[tuple[str | None, str, str], FailureGroup] = {}
        self.jobs = self.still_failed = 0

    def add(self, rows: Iterable[Any]) -> None:
        """Rows by sequence: id, sequence, file name, error code, message, time of failure, step, made good. Blocks."""
        for job_id, sequence, filename, code, message, failed_at, step, made_good in rows:
            self.jobs += 1
            self.still_failed += not made_good
            key = (step, code, normalise(message or ""))
            group = self._found.get(key)
            if group is None:
                sample = Sample(job_id=job_id, sequence=sequence, filename=filename, error_message=message)
                self._found[key] = FailureGroup(
                    step=step,
                    error_code=code,
                    message=key[2],
                    count=1,
                    still_failed=int(not made_good),
                    first_failed_at=failed_at,
                    last_failed_at=failed_at,
                    sample=sample,
                    job_ids=[job_id],
                )
                continue
            group.count += 1
            group.still_failed += not made_good
            group.first_failed_at = min(group.first_failed_at, failed_at)
            group.last_failed_at = max(group.last_failed_at, failed_at)
            if len(group.job_ids) < MOST_IDS:
                group.job_ids.append(job_id)

    def largest(self) -> list[FailureGroup]:
        """The groups, largest first; of equal ones the one whose first job was submitted first."""
        return sorted(self._found.values(), key=lambda group: -group.count)[:MOST_GROUPS]


async def list_failures(session: AsyncSession, batch_id: UUID) -> FailuresRead:
    """The failed jobs of a batch in groups of step, code and normalised message.

    The first 100,000 failed jobs are read and the 500 largest groups reported, so memory and reply stay bounded.
    """
    job = aliased(Job, name="j")
    columns = (job.id, job.sequence, job.filename, job.error_code, job.error_message, job.completed_at)
    query: Select[*tuple[Any, ...]] = select(*columns, literal_column(FAILED_STEP_SQL), literal_column(_MADE_GOOD))
    query = query.where(job.batch_id == batch_id, job.status == "failed").order_by(job.sequence).limit(MOST_JOBS)
    groups = Groups()
    rows = await session.stream(query.execution_options(yield_per=_ROWS_AT_ONCE))
    async for part in rows.partitions():
        await asyncio.to_thread(groups.add, part)
    retries = select(Batch.id, Batch.name, Batch.status).where(Batch.parent_batch_id == batch_id)
    retries = retries.where(Batch.relation == "retry_failed").order_by(Batch.id)
    return FailuresRead(
        groups=groups.largest(),
        failed_jobs=groups.jobs,
        still_failed=groups.still_failed,
        retries=[RetryRead.model_validate(row) for row in await session.execute(retries)],
    )
