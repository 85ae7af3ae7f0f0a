"""The geometry of the small charts. The template draws them, so that what they say is escaped like all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.reports.side_by_side import Range

WIDTH, HEIGHT, ROW, SPAN = 240, 64, 16, 12
LABEL: Final = 96
_LONGEST_LABEL: Final = 16


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle, in units of the drawing, with the words that belong to it."""

    x: float
    y: float
    width: float
    height: float
    label: str
    title: str


def columns_of(histogram: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Upright bars, one for each bin, as high as the bin is full."""
    highest = max((entry["count"] for entry in histogram), default=0) or 1
    step = WIDTH / max(1, len(histogram))
    bars = []
    for place, entry in enumerate(histogram):
        height = HEIGHT * entry["count"] / highest
        title = f"{entry['from']} to {entry['to']}: {entry['count']:,}"
        x, y = place * step, HEIGHT - height
        bars.append(Bar(round(x, 2), round(y, 2), round(step * 0.9, 2), round(height, 2), "", title))
    return bars


def bars_of(values: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Lying bars, one for each frequent value, with the value at the left."""
    highest = max((entry["count"] for entry in values), default=0) or 1
    bars = []
    for place, entry in enumerate(values):
        value = str(entry["value"]).lower() if isinstance(entry["value"], bool) else str(entry["value"])
        label = value if len(value) <= _LONGEST_LABEL else value[: _LONGEST_LABEL - 1] + "…"
        width = max(1.0, (WIDTH - LABEL) * entry["count"] / highest)
        title = f"{value}: {entry['count']:,} ({entry['share']:.1%})"
        bars.append(Bar(LABEL, place * ROW, round(width, 2), ROW - 4, label, title))
    return bars


def heights_of(counts: Sequence[float]) -> list[Bar]:
    """Upright bars for counts alone."""
    highest = max(counts, default=0) or 1
    step = WIDTH / max(1, len(counts))
    return [
        Bar(round(place * step, 1), round(HEIGHT * (1 - count / highest), 1), round(step * 0.9, 1), height, "", "")
        for place, count in enumerate(counts)
        if (height := round(HEIGHT * count / highest, 1))
    ]


@dataclass(frozen=True, slots=True)
class Span:
    """A lying bar from the least to the greatest value of a file, the place of the mean on it, and the file's name."""

    x: float
    y: int
    width: float
    middle: float | None
    label: str


def spans_of(ranges: Sequence[Range]) -> list[Span]:
    """A bar for each file, on one axis that reaches from the least to the greatest value of all."""
    low = min((each.start for each in ranges), default=0.0)
    high = max((each.end for each in ranges), default=0.0)
    scale = (WIDTH - LABEL) / (high - low) if high > low else 0.0
    spans = []
    for place, each in enumerate(ranges):
        x, width = LABEL + (each.start - low) * scale, max(1.5, (each.end - each.start) * scale)
        middle = None if each.middle is None else round(min(LABEL + (each.middle - low) * scale, WIDTH - 1.0), 1)
        name = each.file.name
        label = name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"
        spans.append(Span(round(min(x, WIDTH - 1.5), 1), place * SPAN, round(width, 1), middle, label))
    return spans


def share_of(share: float) -> float:
    """The length of the part that is missing, in units of the drawing."""
    return round(WIDTH * min(1.0, max(0.0, share)), 2)
