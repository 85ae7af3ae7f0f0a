"""The swims of a batch as one table, and what it shows of each event: the best time, and how times went on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import orjson

from app.extractions.batch_swims.days import read_days
from app.extractions.batch_swims.event_keys import read_event
from app.extractions.batch_swims.times import seconds_of

COLUMNS: Final = (
    *("sequence", "filename", "meet", "dates", "date", "course"),
    *("event_key", "distance", "legs", "stroke", "sex", "event_number", "event", "round", "section"),
    *("name", "team", "age", "kind", "relay", "leg"),
    *("place", "time", "seconds", "status", "seed_or_prelim", "points", "fina_points", "standard", "exhibition"),
    *("page", "note", "confidence", "is_best"),
)
"""Of the table as a file, in this order."""
_AS_PRINTED: Final = frozenset(COLUMNS) | {"splits"}
_STROKES: Final = ("FR", "BK", "BR", "FL", "IM", "MED")
_COURSES: Final = ("LCM", "SCM", "SCY")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SheetSwims:
    """One person's swims on one sheet of the batch, with what the sheet says of itself."""

    extraction_id: UUID
    job_id: UUID
    sequence: int
    filename: str | None
    checksum: str | None
    swimmer: str
    meet: str | None
    dates: str | None
    course: str | None
    confidence: str | None
    swims: str
    """A JSON list of swims, as it is kept."""


def rows_of(sheets: Iterable[SheetSwims], seen: set[str]) -> Iterator[Row]:
    """The rows in the order of the sheets; one whose content is in `seen` is passed over, others are added."""
    for sheet in sheets:
        if sheet.checksum is not None:
            if sheet.checksum in seen:
                continue
            seen.add(sheet.checksum)
        days = read_days(sheet.dates, sheet.course)
        names = ("extraction_id", "job_id", "sequence", "filename", "meet", "dates", "confidence")
        facts = {name: getattr(sheet, name) for name in names} | {"date": days.first}
        for index, swim in enumerate(orjson.loads(sheet.swims)):
            yield _row({**facts, "swim": index}, swim, sheet.course)


def _row(facts: Row, swim: Mapping[str, Any], course: str | None) -> Row:
    kind = str(swim.get("kind") or "")
    is_diving = kind == "diving"
    event = read_event(str(swim.get("event") or ""), course, is_relay=kind in ("relay", "relay_leg"))
    return {
        **{name: value for name, value in swim.items() if name in _AS_PRINTED},
        **facts,
        "course": event.course or course,
        "event_key": None if is_diving else event.key,
        "distance": event.distance,
        "legs": event.legs,
        "stroke": event.stroke,
        "sex": event.sex,
        "seconds": None if is_diving else seconds_of(swim.get("time")),
        "is_best": False,
    }


@dataclass(frozen=True, slots=True)
class EventSwims:
    """What a person swam in one event and course: timed swims of their own, not relays, which carry the team's time.

    `swims` are in the order of their days, in that of the sheets where a day is not known (`is_dated` false).
    """

    event_key: str
    distance: int
    stroke: str
    course: str
    best: Row
    swims: list[Row]
    is_dated: bool


def events_of(rows: Iterable[Row]) -> list[EventSwims]:
    """The events of the rows with a sure `event_key`, by course, stroke and distance; the best rows are marked."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if is_timed(row):
            found.setdefault(row["event_key"], []).append(row)
    events = [_event(key, swims) for key, swims in found.items()]
    return sorted(events, key=lambda e: (_COURSES.index(e.course), _STROKES.index(e.stroke), e.distance))


def is_timed(row: Row) -> bool:
    """Whether a row has a time of the swimmer's own in a sure event."""
    is_own = row.get("kind") == "individual" and row.get("status") == "OK"
    return bool(is_own and row["event_key"] and row["seconds"])


def _event(key: str, swims: list[Row]) -> EventSwims:
    is_dated = all(row["date"] for row in swims)
    if is_dated:
        swims = sorted(swims, key=lambda row: (row["date"], row["sequence"]))
    best = min(swims, key=lambda row: (row["seconds"], row["date"] or date.max))
    best["is_best"] = True
    return EventSwims(key, best["distance"], best["stroke"], best["course"], best, swims, is_dated)


def is_of_event(row: Row, wanted: str) -> bool:
    """Whether a row is of the event: by its key, or by its title as printed."""
    words = " ".join(wanted.split()).casefold()
    return words in ((row["event_key"] or "").casefold(), " ".join(str(row.get("event") or "").split()).casefold())
