"""Several files that came together, as one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.extractions.reading import Confidence, Reading
from app.extractions.swims import Sheet, without_repeats

_WORST: tuple[Confidence, ...] = ("low", "check", "high")


def merge(sheets: Sequence[Sheet]) -> Sheet:
    """The sheets one behind the other, with their pages counted on; a swim that is in several of them is there once."""
    if len(sheets) == 1:
        return sheets[0]
    merged = Sheet(None, None, None, "", 0)
    for sheet in sheets:
        merged.swims += [replace(swim, page=swim.page + merged.pages) for swim in sheet.swims]
        merged.pages += sheet.pages
    merged.swims = without_repeats(merged.swims, by_section=True)
    with_swims = [sheet for sheet in sheets if sheet.swims] or list(sheets)
    merged.layout = with_swims[0].layout
    merged.meet = "; ".join(dict.fromkeys(sheet.meet for sheet in with_swims if sheet.meet)) or None
    merged.dates = ", ".join(dict.fromkeys(sheet.dates for sheet in with_swims if sheet.dates)) or None
    courses = {sheet.course for sheet in with_swims}
    merged.course = courses.pop() if len(courses) == 1 else None
    merged.reason = None if merged.swims else with_swims[0].reason
    merged.reading = _readings(sheets)
    return merged


def _readings(sheets: Sequence[Sheet]) -> Reading | None:
    readings = [sheet.reading for sheet in sheets if sheet.reading]
    if len(readings) < len(sheets):
        return None
    merged = Reading(
        confidence=min((reading["confidence"] for reading in readings), key=_WORST.index),
        rows=sum(reading["rows"] for reading in readings),
        unread=sum(reading["unread"] for reading in readings),
        pages_high=sum(reading["pages_high"] for reading in readings),
        pages_to_check=[],
        warnings=[],
        unread_lines=[],
    )
    pages = 0
    for sheet, reading in zip(sheets, readings, strict=True):
        for page in reading["pages_to_check"]:
            merged["pages_to_check"].append({**page, "page": page["page"] + pages})
        for line in reading["unread_lines"]:
            merged["unread_lines"].append({**line, "page": line["page"] + pages})
        for warning in reading["warnings"]:
            number = warning["page"]
            merged["warnings"].append({**warning, "page": None if number is None else number + pages})
        pages += sheet.pages
    return merged
