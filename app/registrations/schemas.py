"""Request and reply bodies of restaurants."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from app.kit.schemas import Input, JsonObject, Output, ShortText, check_text
from app.pipelines.contract import Params
from app.registrations.findings import Finding
from app.registrations.menus import FileReport

Status = Literal["ready", "registering", "live", "failed"]
STATUS_ALIASES: Final[dict[str, str]] = {
    "queued": "registering",
    "in_progress": "registering",
    "processing": "registering",
    "running": "registering",
    "success": "live",
    "completed": "live",
}
"""Words of older clients, and of jobs, that the list's filter takes as well."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(check_text)]


def _read_score(value: Any) -> Any:
    """`7/10`, as people write scores, is 7."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d{1,2})\s*/\s*10\s*", value, re.ASCII)):
        return int(match[1])
    return value


Score = Annotated[int, BeforeValidator(_read_score), Field(ge=0, le=10)]


class RestaurantFields(Input):
    """What is known of a restaurant. `attributes` is anything more, such as address, hours and website."""

    name: ShortText
    type: Word | None = Field(None, description="Outbound, Inbound, or a word of your own.")
    stage: Word | None = Field(None, description="cold, warm, hot, or a word of your own.")
    icp_score: Score | None = Field(None, description="How well it fits the ideal customer, 0 to 10.")
    city: Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(check_text)] | None = None
    contact: JsonObject = Field(default_factory=dict, description="name, email, phone.")
    attributes: JsonObject = Field(default_factory=dict)


class RestaurantCreate(RestaurantFields):
    """A new restaurant."""


class RestaurantUpdate(RestaurantFields):
    """Members that are not sent stay as they are; null empties those that may be empty."""

    name: ShortText | None = None  # type: ignore[assignment]
    contact: JsonObject | None = None  # type: ignore[assignment]
    attributes: JsonObject | None = None  # type: ignore[assignment]

    @model_validator(mode="after")
    def check_nothing_is_taken_away(self) -> Self:
        for name in ("name", "contact", "attributes"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self


class RestaurantRead(Output):
    """`status`: ready, registering (its latest registration has not ended), live, or failed."""

    id: UUID
    name: str
    type: str | None
    stage: str | None
    icp_score: int | None
    city: str | None
    contact: dict[str, Any]
    attributes: dict[str, Any]
    status: Status
    menu_file_id: UUID | None
    menu: dict[str, int] | None
    option_sets_file_id: UUID | None
    option_sets: dict[str, int] | None
    account: dict[str, Any] | None
    live_at: datetime | None
    last_batch_id: UUID | None
    last_batch_name: str | None
    last_job_id: UUID | None
    created_at: datetime
    updated_at: datetime


class RestaurantPage(Output):
    restaurants: list[RestaurantRead]
    next_cursor: str | None


class RestaurantFilter(Params):
    """What restaurants are narrowed to; words are compared without regard to case."""

    type: Word | None = Field(None, title="Type")
    stage: Word | None = Field(None, title="Stage")
    city: Word | None = Field(None, title="City")
    icp: int | None = Field(None, ge=0, le=10, title="ICP score", description="Exactly this score.")
    icp_min: int | None = Field(None, ge=0, le=10, title="ICP score from", description="At least this score.")
    status: Status | None = Field(None, title="Status")
    search: ShortText | None = Field(None, title="Name or city")


class ImportReport(Output):
    """What became of a file of restaurants. `kept`: all rows, the good ones only, or none."""

    dry_run: bool
    kept: Literal["all", "good_rows", "none"]
    rows: int
    good_rows: int
    created: int
    restaurant_ids: list[UUID]
    errors: list[Finding]
    error_count: int
    repairs: list[Finding]
    repair_count: int


class MenuKept(FileReport):
    """The report on a file, and the file that was kept of it: None after a dry run."""

    file_id: UUID | None
    filename: str
    dry_run: bool
    kept: Literal["all", "good_rows", "none"]
