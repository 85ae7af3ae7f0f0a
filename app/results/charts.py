"""Charts of the public page: where their lines and points stand in the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.pipelines.contract import Chart

WIDTH: Final = 320
HEIGHT: Final = 120
LEFT: Final = 46
_RIGHT, _TOP, _BOTTOM = 6, 8, 22


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of the drawing with the words beside it."""

    x: float
    y: float
    label: str
    is_lowest: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart as it is drawn: `line` is the list of its points as SVG writes it, `lowest` and `highest` are printed."""

    title: str
    summary: str
    line: str
    dots: Sequence[Dot]
    lowest: str
    highest: str
    first: str
    last: str
    high_y: float = _TOP + 3.5
    low_y: float = HEIGHT - _BOTTOM + 3.5
    left: int = LEFT
    width: int = WIDTH
    height: int = HEIGHT


def draw(chart: Chart) -> Drawing | None:
    """The drawing of a chart, the lowest value at the foot; None for fewer than two points."""
    points = chart.points
    if len(points) < 2:
        return None
    days = [point.day for point in points if point.day]
    is_dated = len(days) == len(points)
    across = [float(day.toordinal()) for day in days] if is_dated else [float(place) for place in range(len(points))]
    values = [point.value for point in points]
    low, high = min(values), max(values)
    dots = [
        Dot(
            round(LEFT + _share(place, min(across), max(across)) * (WIDTH - LEFT - _RIGHT), 1),
            round(HEIGHT - _BOTTOM - _share(point.value, low, high) * (HEIGHT - _TOP - _BOTTOM), 1),
            ", ".join(filter(None, (point.text, point.source))),
            point.value == low,
        )
        for place, point in zip(across, points, strict=True)
    ]
    lowest, highest = points[values.index(low)].text, points[values.index(high)].text
    ends = (min(days).isoformat(), max(days).isoformat()) if is_dated else ("first", "last")
    return Drawing(
        chart.title,
        f"{chart.title}: {'; '.join(dot.label for dot in dots)}",
        " ".join(f"{dot.x},{dot.y}" for dot in dots),
        dots,
        lowest,
        highest if high > low else "",
        *ends,
    )


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5
