"""Reply bodies of the table of a batch's swims."""

from __future__ import annotations

import datetime
from uuid import UUID

from pydantic import Field

from app.extractions.batch_swims.reading import Swims
from app.kit.schemas import Output


class SwimRow(Output):
    """One swim with the sheet it stands on. What is as printed is described in docs/sheets.md."""

    extraction_id: UUID
    swim: int = Field(description="Its place among the swims of the extraction, from 0.")
    job_id: UUID
    sequence: int = Field(description="Number of the job whose sheet it is on.")
    filename: str | None
    meet: str | None
    dates: str | None = Field(description="The days of the meet as printed.")
    date: datetime.date | None = Field(description="The meet's first day; null when it cannot be read surely.")
    course: str | None
    event_key: str | None = Field(description="The event in one form, such as `100 FR LCM`; null when not sure.")
    distance: int | None = Field(description="Of one swimmer.")
    legs: int | None = Field(description="Of a relay: how many swim the distance.")
    stroke: str | None = Field(description="FR, BK, BR, FL, IM, or MED for a medley relay.")
    sex: str | None = Field(description="F, M or X for mixed.")
    event_number: str | None = None
    event: str
    round: str
    section: str | None = None
    name: str
    team: str | None = None
    age: str | None = None
    kind: str
    relay: str | None = None
    leg: int | None = None
    place: int | None = None
    time: str | None = None
    seconds: float | None
    status: str
    seed_or_prelim: str | None = None
    points: str | None = None
    fina_points: str | None = None
    standard: str | None = None
    exhibition: bool = False
    splits: list[str] = Field(default_factory=list)
    page: int
    note: str | None = None
    confidence: str | None = Field(description="How sure the reading of the sheet is: high, check or low.")
    is_best: bool = Field(description="Whether it is the best time of its event and course in this batch.")


class ProgressionPoint(Output):
    """One swim of a progression."""

    date: datetime.date | None
    sequence: int
    job_id: UUID
    page: int
    meet: str | None
    round: str
    time: str
    seconds: float


class EventSwims(Output):
    """One event and course. `progression` is in the order of days; of sheets when `is_dated` is false."""

    event_key: str
    distance: int
    stroke: str
    course: str
    best: ProgressionPoint
    is_dated: bool
    progression: list[ProgressionPoint]


class SwimTable(Output):
    """`complete` is false when there are more swims than `swims` shows; a file (`format`) has them all."""

    swims: list[SwimRow]
    events: list[EventSwims]
    total: int
    complete: bool
    repeated_sheets: int = Field(description="Sheets that were submitted more than once, which count once.")


def table_of(found: Swims) -> SwimTable:
    """The reply. Blocks: there may be many."""
    return SwimTable(
        swims=[SwimRow.model_validate(row) for row in found.rows],
        events=[
            EventSwims.of(
                event,
                best=ProgressionPoint.model_validate(event.best),
                progression=[ProgressionPoint.model_validate(row) for row in event.swims],
            )
            for event in found.events
        ],
        total=found.total,
        complete=found.total == len(found.rows),
        repeated_sheets=found.repeated,
    )
