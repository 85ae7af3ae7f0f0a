"""The swims of a batch for parents and coaches: best times, all swims, and how the times of each event went on."""

from __future__ import annotations

import asyncio
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions.batch_swims.reading import Swims, read_swims
from app.extractions.batch_swims.table import EventSwims, Row
from app.kit.words import quantity
from app.pipelines.contract import BatchInfo, Chart, ChartPoint, Overview, OverviewTable

_MOST_SHOWN: Final = 1000
_STROKES: Final = {
    "FR": "freestyle",
    "BK": "backstroke",
    "BR": "breaststroke",
    "FL": "butterfly",
    "IM": "individual medley",
    "MED": "medley",
}
_COURSES: Final = {"LCM": "m, 50 m pool", "SCM": "m, 25 m pool", "SCY": "yards"}


async def overview(session: AsyncSession, batch: BatchInfo) -> Overview | None:
    """What is shown of a batch of sheets; None while there are no swims."""
    found = await read_swims(session, batch.organisation_id, batch.id)
    return await asyncio.to_thread(_overview, found) if found.total else None


def _overview(found: Swims) -> Overview:
    meets = list(dict.fromkeys(row["meet"] for row in found.rows if row["meet"]))
    sheets = quantity(len({row["sequence"] for row in found.rows}), "sheet")
    facts = [
        ("Swimmer", ", ".join(found.swimmers)),
        ("Swims", f"{found.total:,} on {sheets}"),
        *([("Meets", ", ".join(meets[:10]) + (", ..." if len(meets) > 10 else ""))] if meets else []),
    ]
    shown = found.rows[:_MOST_SHOWN]
    title = "All swims" if len(shown) == found.total else f"The first {len(shown):,} of {found.total:,} swims"
    swims = OverviewTable(
        title, ("Event", "Round", "Time", "Place", "Date", "Meet"), [_swim(row) for row in shown], in_mail=True
    )
    best = OverviewTable("Best times", ("Event", "Time", "Date", "Meet"), [_best(event) for event in found.events])
    charts = [_chart(event) for event in found.events if len(event.swims) > 1]
    return Overview(facts, [best, swims] if found.events else [swims], charts)


def _swim(row: Row) -> tuple[str, ...]:
    round_ = str(row["round"] or "").replace("_", " ").capitalize()
    place = "" if row["place"] is None else str(row["place"])
    return str(row["event"]), round_, row["time"] or row["status"], place, _day(row), row["meet"] or ""


def _best(event: EventSwims) -> tuple[str, ...]:
    return _title(event), event.best["time"], _day(event.best), event.best["meet"] or ""


def _title(event: EventSwims) -> str:
    """`100 freestyle, 50 m pool`."""
    unit, _, pool = _COURSES[event.course].partition(", ")
    return f"{event.distance} {unit} {_STROKES[event.stroke]}{', ' if pool else ''}{pool}"


def _day(row: Row) -> str:
    return row["date"].isoformat() if row["date"] else row["dates"] or ""


def _chart(event: EventSwims) -> Chart:
    points = [
        ChartPoint(row["seconds"], row["time"], ", ".join(filter(None, (_day(row), row["meet"]))), row["date"])
        for row in event.swims
    ]
    return Chart(_title(event), points)
