"""Request and reply bodies of plays, their requirements, leads and runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StrictInt, StringConstraints, field_validator, model_validator

from app.batches.schemas import Email, ExecutionMode
from app.kit.schemas import Input, JsonObject, LongText, Output, ShortText, check_data, check_json, check_text
from app.kit.secrets.sealing import hidden
from app.plays.lead_data import LEAD_KEYS, lead_key

MOST_STEPS = 50
MOST_LEADS = 10_000
Json = Annotated[Any, AfterValidator(check_data)]
LeadText = Annotated[
    str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(check_text)
]


def check_step(step: Any) -> Any:
    """A step is a text or an object; both may hold `{{ placeholders }}`."""
    if not isinstance(step, (str, dict)) or not step:
        raise ValueError("a step is a text or an object")
    return step


PlayStep = Annotated[Any, AfterValidator(check_step)]
PlaySteps = Annotated[list[PlayStep], Field(max_length=MOST_STEPS), AfterValidator(check_json)]


class PlayFields(Input):
    description: LongText | None = None
    variables: JsonObject = Field(default_factory=dict, description="Default values of the placeholders.")
    play_steps: PlaySteps = Field(default_factory=list)
    output_type: ShortText = Field(
        "final", description="What a run hands back: `all` every output, `data` the lead's data, else the last output."
    )


class PlayCreate(PlayFields):
    name: ShortText
    required_batches: list[StrictInt] = Field(default_factory=list, max_length=100)


class PlayUpdate(Input):
    """Members that are not sent stay as they are."""

    name: ShortText | None = None
    description: LongText | None = None
    variables: JsonObject | None = None
    play_steps: PlaySteps | None = None
    output_type: ShortText | None = None


class PlayRead(Output):
    id: int
    name: str
    description: str | None
    variables: dict[str, Any] = Field(description="Secrets are shown as ***, which stands for them when sent back.")
    play_steps: list[Any]
    output_type: str
    required_batches: list[int]
    owner_id: UUID | None
    created_at: datetime
    updated_at: datetime

    _hide = field_validator("variables", "play_steps")(hidden)


class PlayMapping(Output):
    play_id: int
    required_batches: list[int]


class MappingInput(Input):
    play_id: StrictInt
    required_batches: list[StrictInt] = Field(max_length=100)


class MappingWritten(PlayMapping):
    success: bool = True


class MappingsWritten(Output):
    success: bool = True
    mappings: list[PlayMapping]


class ChangeRead(Output):
    id: UUID
    play_id: int
    actor: str
    before: list[int]
    after: list[int]
    created_at: datetime


class ChangePage(Output):
    changes: list[ChangeRead]
    next_cursor: str | None


class DataBatchTypeRead(Output):
    number: int
    name: str
    title: str
    fresh_for_seconds: int


class RequirementRead(Output):
    """Whether the data of one kind is there for a lead, and until when it can be used."""

    number: int
    name: str
    present: bool
    fresh: bool
    fetched_at: datetime | None
    fresh_until: datetime | None


class ReadinessRead(Output):
    play_id: int
    lead: str
    ready: bool
    required: list[RequirementRead]


class LeadDataInput(Input):
    """Data of one lead that the client fetched itself."""

    lead: LeadText
    batch_number: StrictInt
    data: Json


class Lead(Input):
    """A lead as an object: the first of `lead`, `id`, `email`, `linkedin_url` and `domain` is its identity."""

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)

    @model_validator(mode="after")
    def check_identity(self) -> Self:
        check_json(self.model_extra)
        if not lead_key(self.model_extra or {}):
            raise ValueError(f"a lead has one of {', '.join(LEAD_KEYS)}")
        return self


class RunCreate(Input):
    """A run of a play: one job for each lead."""

    leads: list[LeadText | Lead] = Field(min_length=1, max_length=MOST_LEADS)
    variables: JsonObject = Field(default_factory=dict, description="In place of the play's own values.")
    name: ShortText | None = None
    metadata: JsonObject = Field(default_factory=dict)
    execution_mode: ExecutionMode | None = None
    max_parallel: int | None = Field(None, ge=1, le=4096)
    notification_email: Email | None = None
    first_n: int | None = Field(None, ge=1, le=2**31 - 1)
    start: bool = True
