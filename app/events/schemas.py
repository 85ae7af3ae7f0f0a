"""The one model of what streams tell: every event, its members and when it is written.

`events/openapi_docs.py` makes the documentation of it, and the tests hold everything that is ever written to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from app.batches.responses import BatchRead
from app.kit.schemas import Output


class Counters(Output):
    """How many jobs of the batch are where, after the transaction of the event."""

    total: int
    pending: int
    running: int
    completed: int
    failed: int
    cancelled: int
    skipped: int
    cached: int


class LogEvent(Output):
    """What every event of a batch's log holds."""

    id: int = Field(description="1, 2, 3 ... for each batch, in commit order, without a gap. Also the stream's `id:`.")
    type: str = Field(description="Also the stream's `event:`.")
    batch_id: UUID
    job_id: UUID | None = Field(description="Null for events of the whole batch.")
    step: str | None = Field(description="The step it is about.")
    sequence: int | None = Field(description="The job's place in its batch, from 1.")
    stage: str | None = Field(description="The job's current step, or `queued`, or `done`.")
    status: str | None = Field(description="The batch's or the job's status after the event.")
    message: str | None = Field(description="For people.")
    progress: float | None = Field(description="0 to 1.")
    error_code: str | None
    attempt: int | None = Field(description="Grows each time a worker takes the job.")
    actor: str | None = Field(description="Who asked for it; null when nobody did.")
    request_id: str | None = Field(None, description="The `X-Request-Id` of the request that asked for it, if one did.")
    at: datetime
    counters: Counters


class BatchCreatedEvent(LogEvent):
    """The batch was accepted; always event 1."""

    type: Literal["batch.created"]
    name: str
    mixed_customers: bool | None = Field(None, description="True when the names show no one customer.")
    parent_batch_id: UUID | None = Field(None, description="The batch this one copies.")
    relation: str | None = Field(None, description="`retry_failed`, `restart`, `schedule` or `backfill`.")


class BatchQueuedEvent(LogEvent):
    """A draft was started."""

    type: Literal["batch.queued"]


class BatchStartedEvent(LogEvent):
    """The first job was taken."""

    type: Literal["batch.started"]


class BatchAlertedEvent(LogEvent):
    """Something needs a person. What it led to follows at once.

    `reason`: `failure_threshold`, more jobs failed than the failure policy allows, or `PIPELINE_CHANGED`, a step that
    its jobs need is gone from the code; then `message` says which, and what to do.
    """

    type: Literal["batch.alerted"]
    reason: str
    message: str | None = None


class BatchPausedEvent(LogEvent):
    """No more jobs are started.

    `reason`: `user`, `failure_threshold`, `first_n` at the end of a trial run, or `PIPELINE_CHANGED`, with a `message`.
    """

    type: Literal["batch.paused"]
    reason: str
    message: str | None = None


class BatchResumedEvent(LogEvent):
    """The batch goes on after a pause."""

    type: Literal["batch.resumed"]


class BatchCancellingEvent(LogEvent):
    """A person cancelled the batch, or, with a `reason`, it was given up; what still runs may finish its step."""

    type: Literal["batch.cancelling"]
    reason: str | None = None


class BatchCompletedEvent(LogEvent):
    """The end: no job failed or was cancelled."""

    type: Literal["batch.completed"]


class BatchPartialEvent(LogEvent):
    """The end: some jobs completed, some failed or were cancelled by themselves."""

    type: Literal["batch.partial"]


class BatchFailedEvent(LogEvent):
    """The end: no job completed, or the batch was given up."""

    type: Literal["batch.failed"]


class BatchCancelledEvent(LogEvent):
    """The end: the batch was cancelled with some of its jobs, or all jobs that were not skipped were."""

    type: Literal["batch.cancelled"]


class JobsActedOnEvent(LogEvent):
    """Somebody had many jobs cancelled, retried or skipped at once: how far it is, with each page of them."""

    type: Literal["jobs.acted_on"]
    act_id: UUID
    action: str = Field(description="`cancel`, `retry` or `skip`.")
    matched: int = Field(description="Jobs that were chosen; an estimate until it is completed.")
    done: int
    unchanged: int = Field(description="Jobs that were there already.")
    refused: dict[str, int] = Field(description="How many jobs were left as they are, by reason.")
    is_completed: bool


class JobsAddedEvent(LogEvent):
    """Somebody added jobs, or said whether more are to come (`sealed`)."""

    type: Literal["jobs.added"]
    added: int = Field(description="Items.")
    existing: int = Field(description="Items whose `external_id` the batch had already.")
    sealed: bool | None


class JobStartedEvent(LogEvent):
    """A worker took the job."""

    type: Literal["job.started"]


class JobProgressedEvent(LogEvent):
    """The job's step says how far it is; at most four times a second."""

    type: Literal["job.progressed"]


class JobRetryingEvent(LogEvent):
    """A step failed in a way that may pass; it is tried again."""

    type: Literal["job.retrying"]
    retry_at: datetime


class JobRequeuedEvent(LogEvent):
    """The job's worker is gone or stops; another one takes the job."""

    type: Literal["job.requeued"]


class JobCompletedEvent(LogEvent):
    """All steps of the job are done."""

    type: Literal["job.completed"]
    cached: bool | None = Field(None, description="True when an earlier result was used.")


class JobFailedEvent(LogEvent):
    """The job is given up; `error_code` and `message` say why."""

    type: Literal["job.failed"]


class JobCancelledEvent(LogEvent):
    """The job was cancelled, with its batch or by itself."""

    type: Literal["job.cancelled"]


class JobCancellingEvent(LogEvent):
    """Somebody cancelled the job while it runs: it stops when its step ends, or half a minute later."""

    type: Literal["job.cancelling"]


class JobRetriedEvent(LogEvent):
    """Somebody has the job tried again, which had ended: it is pending, and all that it ended with is forgotten."""

    type: Literal["job.retried"]


class JobSkippedEvent(LogEvent):
    """Somebody left the job out: it counts neither as completed nor as failed."""

    type: Literal["job.skipped"]


class StepCompletedEvent(LogEvent):
    """A step of a job is done."""

    type: Literal["step.completed"]


class StepFailedEvent(LogEvent):
    """A step of a job failed for good."""

    type: Literal["step.failed"]


class StepSkippedEvent(LogEvent):
    """A step of a job was not needed."""

    type: Literal["step.skipped"]


class StepBlockedEvent(LogEvent):
    """A step held up everything else in its process; `error_code` is `STEP_BLOCKED_LOOP`. The job goes on."""

    type: Literal["step.blocked"]
    seconds: float = Field(description="How long nothing else ran, such as requests and other jobs.")


class ResetEvent(Output):
    """The client's place does not exist here: drop what you have; the events follow from the oldest kept one."""

    type: Literal["reset"]
    reason: Literal["unknown_id", "expired", "behind"]
    last_event_id: int | None = Field(None, description="The newest event there is.")
    oldest: int | None = Field(None, description="The oldest event that is kept, when older ones have expired.")


class SnapshotEvent(Output):
    """Follows a `reset` whose reason is `expired`: the batch as it is now."""

    type: Literal["snapshot"]
    batch: BatchRead


class ByeEvent(Output):
    """The service stops: come back after the `retry:` that comes with it."""

    type: Literal["bye"]
    reason: Literal["shutdown"]


class BatchUpdatedEvent(Output):
    """A batch is new or has changed: the whole of it, as in the list, at most every 250 ms for one batch."""

    type: Literal["batch.updated"]
    batch: BatchRead


class BatchDeletedEvent(Output):
    """A batch is gone."""

    type: Literal["batch.deleted"]
    batch_id: UUID


LOG_EVENTS: Final[tuple[type[LogEvent], ...]] = tuple(LogEvent.__subclasses__())
TRANSIENT_OF_BATCH: Final[tuple[type[Output], ...]] = (ResetEvent, SnapshotEvent, ByeEvent)
TRANSIENT_OF_LIST: Final[tuple[type[Output], ...]] = (BatchUpdatedEvent, BatchDeletedEvent, ResetEvent, ByeEvent)
EVERYTHING: Final = tuple(dict.fromkeys((*LOG_EVENTS, *TRANSIENT_OF_BATCH, *TRANSIENT_OF_LIST)))


def type_of(model: type[Output]) -> str:
    """The word in `event:` and `type`."""
    return str(model.model_fields["type"].annotation.__args__[0])  # type: ignore[union-attr]


def _any_of(models: tuple[type[Output], ...]) -> Any:
    union: Any = models[0]
    for model in models[1:]:
        union = union | model
    return Annotated[union, Field(discriminator="type")]


STREAM_EVENT: Final[TypeAdapter[Any]] = TypeAdapter(_any_of(EVERYTHING))
"""Everything a stream can tell, by its `type`."""


class TicketRead(Output):
    """A ticket for one batch's stream; `url` is the stream's path with the ticket in it."""

    ticket: str
    expires_at: datetime
    url: str


class EventPage(Output):
    """A page of a batch's log."""

    events: list[_any_of(LOG_EVENTS)]  # type: ignore[valid-type]
    last_event_id: int
    next_cursor: str | None
