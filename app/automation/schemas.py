"""Request and reply bodies of templates and schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, field_validator, model_validator

from app.automation.times import read_schedule
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.files.schemas import Tag
from app.kit.schemas import Input, JsonObject, LongText, Output, ShortText, Zone
from app.kit.secrets.sealing import hidden

Overlap = Literal["skip", "queue", "allow"]
CatchUp = Literal["once", "skip", "all"]
PausedRun = Literal["holds", "passes"]
Limit = Annotated[int, Field(ge=1, description="How many items of the template's source a run takes, at most.")]


class ItemsSource(Input):
    """Always the same items."""

    type: Literal["items"] = "items"
    items: list[Item] = Field(default_factory=list)


class FilesSource(Input):
    """The files that have a tag when the template runs, oldest first."""

    type: Literal["files"]
    tag: Tag


class RowsSource(Input):
    """Rows of a workload that a filter finds when the template runs, such as hot leads in Auckland."""

    type: Literal["rows"]
    source: ShortText = Field(description="Key of an item source: see GET /api/item-sources.")
    filter: JsonObject = Field(default_factory=dict)


TemplateSource = Annotated[ItemsSource | FilesSource | RowsSource, Field(discriminator="type")]


class TemplateCreate(Input):
    """A template that is written, or taken from a batch with `from_batch`."""

    name: ShortText
    description: LongText | None = None
    options: BatchOptions | None = None
    source: TemplateSource | None = None
    from_batch: UUID | None = Field(None, description="Take what is not given from this batch.")

    @model_validator(mode="after")
    def check_origin(self) -> Self:
        if self.from_batch is None and self.options is None:
            raise ValueError("give options, or from_batch")
        return self


class TemplateUpdate(Input):
    """Members that are not sent stay as they are."""

    name: ShortText | None = None
    description: LongText | None = None
    options: BatchOptions | None = None
    source: TemplateSource | None = None


class TemplateRead(Output):
    id: UUID
    name: str
    description: str | None
    options: dict[str, Any]
    source: dict[str, Any] = Field(description="In lists without `items` where these are long.")
    items_count: int | None = Field(None, description="How many items the source names, if it names them.")
    created_at: datetime
    updated_at: datetime

    _hide = field_validator("options")(hidden)

    @model_validator(mode="after")
    def count_items(self) -> Self:
        if self.items_count is None and isinstance(items := self.source.get("items"), list):
            self.items_count = len(items)
        return self


class TemplatePage(Output):
    templates: list[TemplateRead]
    next_cursor: str | None


class TemplateRun(Input):
    """What a run has in place of the template's own; `options` are those of a batch, without its pipelines' names."""

    options: JsonObject = Field(default_factory=dict)
    source: TemplateSource | None = None
    limit: Limit | None = None
    dry_run: bool = Field(False, description="Show what would be in the batch, and create nothing.")


class ItemPreview(Output):
    source_type: str
    name: str | None
    pipeline: str | None


class DryRun(Output):
    """What a run would make now: how many jobs, and the first hundred items."""

    dry_run: Literal[True] = True
    jobs_count: int
    items_count: int
    items: list[ItemPreview]
    options: dict[str, Any]

    _hide = field_validator("options")(hidden)


TemplateRunReply = BatchCreated | DryRun


class ItemSourceRead(Output):
    key: str
    title: str
    filter_schema: dict[str, Any]


class ItemSourcePage(Output):
    item_sources: list[ItemSourceRead]


Cron = Annotated[str, StringConstraints(max_length=200), AfterValidator(read_schedule)]


EndsAt = Annotated[AwareDatetime, Field(description="No run is due after this moment.")]
Jitter = Annotated[
    int,
    Field(ge=0, le=86_400, description="Seconds: each run starts up to so much later, so that not all come at once."),
]
RunParams = Annotated[JsonObject, Field(description="In place of the template's, member by member. No secrets.")]
Waiting = Annotated[int, Field(ge=1, le=100, description="With `queue`: how many runs wait at most.")]
HowOverlap = Annotated[
    Overlap, Field(description="When the run before still works: leave this one out, wait, or run both.")
]
HowPaused = Annotated[
    PausedRun, Field(description="Whether a run before that is paused counts as one that still works, or does not.")
]
HowCatchUp = Annotated[
    CatchUp,
    Field(
        description="Of times that were missed by more than a minute, as nothing ran: `once` makes one run for all,"
        " `skip` none, `all` one for each of the last hundred."
    ),
]


class ScheduleCreate(Input):
    name: ShortText | None = Field(None, description="Unset: the template's.")
    template_id: UUID
    cron: Cron = Field(description="Five fields, or words such as `every Monday 9:00`.")
    time_zone: Zone = "UTC"
    overlap: HowOverlap = "skip"
    paused_run: HowPaused = "holds"
    max_waiting: Waiting = 100
    catch_up: HowCatchUp = "once"
    ends_at: EndsAt | None = None
    jitter_seconds: Jitter = 0
    params: RunParams = Field(default_factory=dict)
    limit: Limit | None = None


class ScheduleUpdate(Input):
    """Members that are not sent stay as they are; null takes `ends_at` and `limit` away."""

    name: ShortText | None = None
    template_id: UUID | None = None
    cron: Cron | None = None
    time_zone: Zone | None = None
    overlap: HowOverlap | None = None
    paused_run: HowPaused | None = None
    max_waiting: Waiting | None = None
    catch_up: HowCatchUp | None = None
    ends_at: EndsAt | None = None
    jitter_seconds: Jitter | None = None
    params: RunParams | None = None
    limit: Limit | None = None

    def changes(self) -> dict[str, Any]:
        """What is to be changed, by member."""
        sent = self.model_dump(exclude_unset=True)
        return {name: value for name, value in sent.items() if value is not None or name in ("ends_at", "limit")}


class ScheduleRunNow(Input):
    """How a run besides the schedule's times is made."""

    unless_active: bool = Field(False, description="At most one at a time: 409 while a run has not ended.")


class RunRead(Output):
    """One time that a schedule was due, and what came of it."""

    fire_at: datetime
    status: str
    reason: str | None
    batch_id: UUID | None
    created_at: datetime


class RunPage(Output):
    runs: list[RunRead]
    next_cursor: str | None


class ScheduleRead(Output):
    id: UUID
    name: str
    template_id: UUID
    template_name: str
    cron: str
    words: str
    time_zone: str
    notes: list[str] = Field(description="What the expression does that people might not expect.")
    overlap: str
    paused_run: str
    max_waiting: int
    catch_up: str
    ends_at: datetime | None
    jitter_seconds: int
    params: dict[str, Any]
    limit: int | None
    paused_at: datetime | None
    last_error: str | None = Field(description="Why it could not run the last time that it could not.")
    last_error_at: datetime | None
    failures: int = Field(description="How many times in a row it could not run; 0 once a run started.")
    next_runs: list[datetime] = Field(
        description="The next five times, in the schedule's zone; none while it is paused, or after its end."
    )
    due_at: datetime | None = Field(description="When the next run starts, with its jitter; null without one.")
    last_run: RunRead | None
    created_at: datetime
    updated_at: datetime


class SchedulePage(Output):
    schedules: list[ScheduleRead]
    next_cursor: str | None


class SchedulePreview(Output):
    cron: str
    words: str
    notes: list[str]
    time_zone: str
    next_runs: list[datetime]
