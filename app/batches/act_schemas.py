"""Requests and replies of acting on jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.batches.act_repository import Chosen
from app.batches.act_rules import Action
from app.batches.schemas import ErrorCode
from app.batches.states import JOB_ALIASES, JOB_STATUSES
from app.kit.filters import read_words
from app.kit.schemas import Input, Output, ShortText

MOST_IDS: Final = 10_000
Words = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class JobRetry(Input):
    """Where a job is to go on."""

    from_step: ShortText | None = Field(
        None, description="The step to begin with; what earlier ones made is kept. Unset: where the job failed."
    )


class JobFilter(Input):
    """Jobs that every member which is sent fits."""

    status: Words | None = Field(None, description="One or several by comma, as in the list of jobs.")
    error_code: ErrorCode | None = None
    step: ShortText | None = Field(None, description="Where the job failed, or where it is.")
    search: ShortText | None = Field(None, description="A part of the file's name or of the URL; a to z in any case.")


class BulkRequest(Input):
    """What is to be done to which jobs: exactly one of `filter` and `ids`. An empty filter is all of them."""

    action: Action
    filter: JobFilter | None = None
    ids: list[UUID] | None = Field(None, min_length=1, max_length=MOST_IDS)
    from_step: ShortText | None = Field(None, description="Of a retry: the step to begin with.")

    @model_validator(mode="after")
    def check_one_choice(self) -> Self:
        if (self.filter is None) == (self.ids is None):
            raise ValueError("give exactly one of filter and ids")
        if self.from_step is not None and self.action != "retry":
            raise ValueError("only a retry takes from_step")
        return self

    def chosen(self) -> Chosen:
        """The jobs; raises FilterNotReadable (400) for a status that there is not."""
        if self.filter is None:
            return Chosen(ids=list(dict.fromkeys(self.ids or ())))
        statuses = read_words(self.filter.status, JOB_STATUSES, JOB_ALIASES)
        return Chosen(None, statuses or None, self.filter.error_code, self.filter.step, self.filter.search)


class JobActed(Output):
    """Where a job is after it was acted on."""

    job_id: UUID = Field(description="The job that was acted on; of a retry, the one that runs.")
    batch_id: UUID = Field(description="Its batch: another one where a retry made one, as the batch had ended.")
    status: str
    cancelling: bool = Field(description="It runs, and stops when its step ends or half a minute has passed.")
    changed: bool = Field(description="False when the job was there already.")


class BulkActRead(Output):
    """What came of an action on many jobs. `completed_at` is null while it goes on."""

    id: UUID
    batch_id: UUID
    action: Action
    matched: int = Field(description="Jobs that were chosen; an estimate until it is completed.")
    done: int
    unchanged: int = Field(description="Jobs that were there already.")
    refused: dict[str, int] = Field(description="How many jobs were left as they are, by reason.")
    new_batch_id: UUID | None = Field(description="The batch in which jobs of an ended one are tried again.")
    created_at: datetime
    completed_at: datetime | None
