"""Bodies of registration batches, under the names their clients know."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.batches.responses import BatchRead, JobRead
from app.batches.schemas import Email, ExecutionMode, FailurePolicyInput
from app.kit.schemas import Input, JsonObject, LongText, Output, ShortText


class RegistrationBatchCreate(Input):
    """Which restaurants to register, and what they have in common."""

    restaurant_ids: list[UUID]
    common_config: JsonObject = Field(
        default_factory=dict,
        description="For all restaurants: base_url, auth and steps of a platform of your own, timeout, "
        "pipeline_by_type, and any member that templates use, such as currency.",
    )
    name: ShortText | None = Field(None, description='Unset: what they have in common, as in "Auckland Outbound Q4".')
    description: LongText | None = None
    metadata: JsonObject = Field(default_factory=dict)
    execution_mode: ExecutionMode | None = Field(None, description="Unset: sequential.")
    max_parallel: int | None = Field(None, ge=1, le=4096)
    failure_policy: FailurePolicyInput | None = Field(None, description="Unset: pause when more than half failed.")
    first_n: int | None = Field(None, ge=1, le=2**31 - 1, description="A trial run: register so many, then pause.")
    notification_email: Email | None = None
    start: bool = Field(False, description="True starts it at once; else it is a draft.")


class RegistrationBatchCreated(Output):
    batch_id: UUID
    jobs_count: int


class RegistrationBatchSummary(Output):
    """A line of the list."""

    id: UUID
    name: str
    status: str
    total: int
    completed: int
    failed: int


class RegistrationJobRead(JobRead):
    restaurant_id: UUID | None
    restaurant_name: str | None


class RegistrationBatchRead(BatchRead):
    """A batch with its jobs and their steps. `total_restaurants` and the like are its counters under names
    that older clients read."""

    total: int
    completed: int
    failed: int
    total_restaurants: int
    completed_restaurants: int
    failed_restaurants: int
    jobs: list[RegistrationJobRead]
    jobs_next_cursor: str | None


class LogEntry(Output):
    """A row of the view batch_operation_logs."""

    id: UUID
    batch_job_id: UUID
    registration_job_id: UUID | None
    operation: str
    details: dict[str, Any]
    created_at: datetime


class LogPage(Output):
    log: list[LogEntry]
    next_cursor: str | None
