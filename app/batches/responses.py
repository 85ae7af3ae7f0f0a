"""Reply bodies of batches and jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final, Literal, Protocol, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.extensions import EXTENSIONS
from app.batches.listing import BatchRow
from app.batches.models import Batch
from app.batches.repository import JobRow
from app.batches.schemas import BatchLinks, links_of
from app.batches.states import COUNTERS
from app.kit.pages import Page
from app.kit.parts import beside_the_loop, parts_of
from app.kit.schemas import Output
from app.kit.secrets.sealing import hidden
from app.kit.web.public_address import public_path
from app.pipelines.contract import StepContext
from app.pipelines.models import PipelineRow


class PipelineOfBatch(Output):
    id: int
    key: str
    title: str
    version: int
    steps: list[str]


class Creator(Output):
    id: UUID
    name: str


class BatchRead(Output):
    model_config = ConfigDict(extra="allow", json_schema_extra=EXTENSIONS.describe_batch)

    id: UUID
    name: str
    description: str | None
    status: str
    status_reason: str | None
    pause_reason: str | None
    failure_policy: dict[str, Any] | None
    first_n: int | None
    pipeline: PipelineOfBatch
    pipeline_id: int
    pipelines: list[str]
    customer_prefix: str | None
    mixed_customers: bool
    base_directory_name: str
    total_pipelines: int
    execution_mode: str
    max_parallel: int
    total_files: int
    total_size: int
    counters: dict[str, int]
    processing_time_ms: int | None
    summary_data: dict[str, Any] | None
    settings: dict[str, Any]
    metadata: dict[str, Any]
    result_codes: bool
    sealed: bool | None = Field(description="False: it waits for more jobs, until it is sealed.")
    parent_batch_id: UUID | None
    relation: str | None
    notification_email: str | None
    notification_sent_at: datetime | None
    last_event_id: int
    created_by: Creator | None
    created_at: datetime
    updated_at: datetime
    queued_at: datetime | None
    started_at: datetime | None
    paused_at: datetime | None
    cancelled_at: datetime | None
    completed_at: datetime | None
    archived_at: datetime | None
    expires_at: datetime | None
    links: BatchLinks

    @classmethod
    def of_row(cls, row: BatchRow, **more: Any) -> Self:
        """A batch with its pipeline and creator; `more` for the members that are not its own."""
        return cls.model_validate(members_of(row) | more)


_OWN: Final = tuple(name for name in BatchRead.model_fields if name in Batch.__table__.c and name != "metadata")
_own_of: Final = attrgetter(*_OWN)
_counters_of: Final = attrgetter(*(f"{name}_jobs" for name in COUNTERS))


def members_of(row: BatchRow) -> dict[str, Any]:
    """What a `BatchRead` has of a batch with its pipeline and creator: values, lists and objects as in its JSON."""
    batch, pipeline, creator = row
    plan = (batch.plans or {}).get(pipeline.key) or {
        "steps": [step["name"] for step in pipeline.steps],
        "version": pipeline.version,
    }
    return {
        **dict(zip(_OWN, _own_of(batch), strict=True)),
        "metadata": batch.metadata_,
        "settings": hidden(batch.settings),
        "pipeline": {
            "id": pipeline.id,
            "key": pipeline.key,
            "title": pipeline.title,
            "version": plan["version"],
            "steps": plan["steps"],
        },
        "pipelines": pipelines_of(batch, pipeline),
        "counters": dict(zip(COUNTERS, _counters_of(batch), strict=True)),
        "created_by": {"id": creator.id, "name": creator.name} if creator else None,
        "links": vars(links_of(batch.id, public_path(""))),
    }


class StepRead(Output):
    position: int
    name: str
    status: str
    attempts: int
    error_code: str | None
    error_message: str | None
    started_at: datetime | None
    completed_at: datetime | None


class StepDetail(StepRead):
    output: Any | None


class JobRead(Output):
    model_config = ConfigDict(extra="allow", json_schema_extra=EXTENSIONS.describe_job)

    id: UUID
    batch_id: UUID
    pipeline: str
    sequence: int
    external_id: str | None
    source_type: str
    source_url: str | None
    file_id: UUID | None
    filename: str | None
    file_size: int | None
    media_type: str | None
    checksum: str | None
    record: dict[str, Any] | None
    status: str
    stage: str
    progress: float | None
    progress_message: str | None
    attempt: int
    retry_count: int = Field(description="How often it was tried again, by itself at any step or by a person.")
    error_code: str | None
    error_message: str | None
    cached: bool
    result: Any | None
    result_code: str | None
    retry_of_job_id: UUID | None
    run_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    steps: Sequence[StepRead]

    @classmethod
    def of_row(cls, row: JobRow, code: str | None = None, **more: Any) -> Self:
        """A job with its steps and its code. `run_at` shows only while a delayed retry is due."""
        job, pipeline, steps = row
        delayed = job.status == "pending" and job.run_at.year > 1  # -infinity arrives as year 1
        return cls.of(
            job,
            pipeline=pipeline,
            run_at=job.run_at if delayed else None,
            retry_count=max(job.retries, job.retry_count),
            result_code=code,
            steps=list(steps),
            **EXTENSIONS.read_job(job),
            **more,
        )


class OutputRead(Output):
    name: str
    size: int
    media_type: str
    url: str


class FailedAttemptRead(Output):
    step: str | None
    outcome: Literal["retried", "lost", "failed"]
    at: datetime
    error_code: str | None
    message: str | None
    retry_at: datetime | None


class JobDetail(JobRead):
    steps: Sequence[StepDetail]
    tries: list[FailedAttemptRead] = Field(description="What went wrong, each time that it did, the oldest first.")
    outputs: list[OutputRead]
    batch: BatchRead


class BatchPage(Output):
    batches: list[BatchRead]
    next_cursor: str | None


class BatchWithJobs(BatchRead):
    jobs: list[JobRead]
    jobs_next_cursor: str | None


class BatchReply(Output):
    batch: BatchWithJobs


class JobPage(Output):
    jobs: list[JobRead]
    next_cursor: str | None


class JobReply(Output):
    job: JobDetail


class BatchCounts(Output):
    by_status: dict[str, int]
    archived: int


class JobsOfBatch(Output):
    batch_metadata: BatchRead
    jobs: list[JobRead]


class JobsByBatch(Output):
    batches: list[JobsOfBatch]
    next_cursor: str | None


B = TypeVar("B", bound=BatchRead)
R = TypeVar("R")
BATCHES_AT_ONCE: Final = 50
"""Made in 2 ms, for which others wait."""


async def read_batches(session: AsyncSession, rows: Sequence[BatchRow]) -> list[BatchRead]:
    """Rows as replies, with what other rooms keep with them."""
    return await _read_all(session, rows, lambda row, members: BatchRead.of_row(row, **members))


async def page_as_json(session: AsyncSession, page: Page[BatchRow]) -> bytes:
    """The JSON of a `BatchPage`, without its models: they take ten times as long to make and to write."""
    batches = await _read_all(session, page.rows, lambda row, members: members_of(row) | members)
    body = {"batches": batches, "next_cursor": page.next_cursor}
    try:
        return orjson.dumps(body, _text_of_id, orjson.OPT_UTC_Z)
    except TypeError:  # somebody's integer of more than 64 bits
        return to_json(body)


def _text_of_id(value: object) -> str:
    if isinstance(value, UUID):  # the driver's own, which orjson does not know
        return str(value)
    raise TypeError(value)


async def _read_all(
    session: AsyncSession, rows: Sequence[BatchRow], make: Callable[[BatchRow, dict[str, Any]], R]
) -> list[R]:
    members = await EXTENSIONS.read(session, [row.batch.id for row in rows])
    read: list[R] = []
    for part in parts_of(rows, BATCHES_AT_ONCE):
        if read:
            await asyncio.sleep(0)
        for row in part:
            read.append(await beside_the_loop(row.batch.settings, partial(make, row, members[row.batch.id])))
    return read


async def read_batch(session: AsyncSession, row: BatchRow, reply: type[B], **more: Any) -> B:
    """One row as a reply; `more` for what a longer one adds."""
    members = await EXTENSIONS.read(session, [row.batch.id])
    read = partial(reply.of_row, row, **members[row.batch.id], **more)
    return await beside_the_loop(row.batch.settings, read)


class ResultCodes(Protocol):
    """Knows which code opens a job's result, for whoever may see the job."""

    async def find_codes(self, session: AsyncSession, job_ids: Sequence[UUID]) -> Mapping[UUID, str]: ...

    async def share(self, session: AsyncSession, ctx: StepContext) -> None:
        """Make the code of a job that completes, in the transaction that completes it."""
        ...

    async def share_batch(self, session: AsyncSession, batch: Batch) -> str:
        """The path of the page that shows a whole batch to whoever knows it; made if there is none yet."""
        ...


def pipelines_of(batch: Batch, primary: PipelineRow) -> list[str]:
    """The keys of a batch's pipelines, the primary one first."""
    others = sorted(set(batch.settings) - {primary.key}) if batch.total_pipelines > 1 else []
    return [primary.key, *others]
