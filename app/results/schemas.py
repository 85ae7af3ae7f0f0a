"""Request and reply bodies of result codes, and what a code shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.kit.schemas import Input, Output

LONGEST_LIFE = 10 * 366 * 24 * 3600


class ResultCodeCreate(Input):
    expires_in: int | None = Field(
        None, ge=60, le=LONGEST_LIFE, description="Seconds until the code opens nothing. Unset: as long as the batch."
    )


class ResultCodeLinks(Output):
    page: str
    json_: str = Field(serialization_alias="json")
    csv: str


class ResultCodeRead(Output):
    """`code` and `links` are null when another key made the code; it works all the same."""

    id: UUID
    batch_id: UUID
    job_id: UUID | None
    code: str | None
    links: ResultCodeLinks | None
    created_at: datetime
    expires_at: datetime | None


class ResultCodePage(Output):
    result_codes: list[ResultCodeRead]
    next_cursor: str | None


class SharedFile(Output):
    name: str
    size: int
    media_type: str
    url: str


class SharedPipeline(Output):
    key: str
    title: str


class SharedJob(Output):
    """One job as a stranger may see it: nothing of who made it, where it came from, or with which settings."""

    sequence: int
    name: str
    pipeline_key: str
    status: str
    error_code: str | None
    completed_at: datetime | None
    result: Any | None
    files: list[SharedFile]


class SharedBase(Output):
    pipeline: SharedPipeline
    name: str
    status: str
    completed_at: datetime | None
    expires_at: datetime | None
    links: dict[str, str]


class SharedResult(SharedBase):
    """What the code of a job opens."""

    kind: Literal["job"] = "job"
    sequence: int
    pipeline_key: str
    error_code: str | None
    result: Any | None
    files: list[SharedFile]


class SharedBatch(SharedBase):
    """What the code of a batch opens; its jobs come in pages."""

    kind: Literal["batch"] = "batch"
    counters: dict[str, int]
    summary_data: dict[str, Any] | None
    jobs: list[SharedJob]
    next_cursor: str | None
