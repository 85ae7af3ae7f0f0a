"""Request and reply bodies of templates and schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from app.automation.times import read_schedule
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.files.schemas import Tag
from app.kit.schemas import Input, JsonObject, LongText, Output, ShortText, Zone
from app.kit.secrets.sealing import hidden

Overlap = Literal["skip", "queue", "allow"]


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


class ScheduleCreate(Input):
    name: ShortText | None = Field(None, description="Unset: the template's.")
    template_id: UUID
    cron: Cron = Field(description="Five fields, or words such as `every Monday 9:00`.")
    time_zone: Zone = "UTC"
    overlap: Overlap = Field(
        "skip", description="When the run before still works: leave this one out, wait, or run both."
    )


class ScheduleUpdate(Input):
    name: ShortText | None = None
    template_id: UUID | None = None
    cron: Cron | None = None
    time_zone: Zone | None = None
    overlap: Overlap | None = None


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
    overlap: str
    paused_at: datetime | None
    next_runs: list[datetime] = Field(
        description="The next five times, in the schedule's zone; none while it is paused."
    )
    last_run: RunRead | None
    created_at: datetime
    updated_at: datetime


class SchedulePage(Output):
    schedules: list[ScheduleRead]
    next_cursor: str | None


class SchedulePreview(Output):
    cron: str
    words: str
    time_zone: str
    next_runs: list[datetime]
