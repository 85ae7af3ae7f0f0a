"""The geometry of the small charts. The template draws them, so that what they say is escaped like all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WIDTH, HEIGHT, ROW = 240, 64, 16
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


def share_of(share: float) -> float:
    """The length of the part that is missing, in units of the drawing."""
    return round(WIDTH * min(1.0, max(0.0, share)), 2)
