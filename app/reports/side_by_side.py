"""Columns of one name over the files of a batch: what they hold together, and how the files differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import accumulate, pairwise
from typing import Any, Final

BINS: Final = 24
MOST_RANGES: Final = 24
"""Ranges of so many files are drawn; of more, those at both ends."""
_NUMBERS, _TIMES = ("integer", "number"), ("date", "timestamp")
Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that was read: its number in the batch, its name, its rows, and the outline of its report by column."""

    sequence: int
    name: str
    rows: int
    columns: Mapping[str, Facts]


@dataclass(frozen=True, slots=True)
class Range:
    """What a column spans in one file, on the axis of all files; `low`, `high` and `mean` as they were reported."""

    file: TableFile
    start: float
    end: float
    middle: float | None
    low: Any
    high: Any
    mean: Any


@dataclass(slots=True)
class ColumnAcross:
    """One column over the files that have it. Shares are of all rows; `bins` are those of the files put together."""

    name: str
    files: int
    types: Counter[str]
    null_share: float
    fewest_missing: float
    most_missing: float
    fewest_distinct: int
    most_distinct: int
    least: Any = None
    greatest: Any = None
    mean: float | None = None
    bins: list[float] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    ranged_files: int = 0

    @property
    def type(self) -> str:
        """The type that it has in most files."""
        return next((kind for kind, _ in self.types.most_common() if kind != "empty"), "empty")


def across(files: Sequence[TableFile]) -> list[ColumnAcross]:
    """Every column, those of most files first, then in the order of the first file that has them."""
    owners: dict[str, list[tuple[TableFile, Facts]]] = {}
    for file in files:
        for name, facts in file.columns.items():
            owners.setdefault(name, []).append((file, facts))
    found = [_column(name, own) for name, own in owners.items()]
    return sorted(found, key=lambda column: -column.files)


def _column(name: str, own: Sequence[tuple[TableFile, Facts]]) -> ColumnAcross:
    rows = sum(file.rows for file, _ in own)
    shares = [facts.get("null_share", 0.0) for _, facts in own]
    missing = sum(file.rows * share for (file, _), share in zip(own, shares, strict=True))
    distinct = [facts.get("distinct", 0) for _, facts in own]
    types = Counter(facts["type"] for _, facts in own)
    ends = min(shares), max(shares), min(distinct), max(distinct)
    column = ColumnAcross(name, len(own), types, missing / rows if rows else 0.0, *ends)
    kinds = _NUMBERS if column.type in _NUMBERS else (column.type,) if column.type in _TIMES else ()
    alike = [(file, facts) for file, facts in own if facts["type"] in kinds]
    _add_ranges(column, list(_ranges(alike)))
    if column.ranges:
        _add_bins(column, [facts for _, facts in alike])
    if kinds == _NUMBERS:
        _add_mean(column, alike)
    return column


def _ranges(own: Sequence[tuple[TableFile, Facts]]) -> Iterator[Range]:
    for file, facts in own:
        low, high = place_of(facts.get("min")), place_of(facts.get("max"))
        if low is not None and high is not None:
            middle = place_of(facts.get("mean"))
            yield Range(file, low, high, middle, facts["min"], facts["max"], facts.get("mean"))


def _add_ranges(column: ColumnAcross, ranges: list[Range]) -> None:
    if not ranges:
        return
    column.least = min(ranges, key=lambda each: each.start).low
    column.greatest = max(ranges, key=lambda each: each.end).high
    column.ranged_files = len(ranges)
    if len(ranges) > MOST_RANGES:
        ranges = sorted(ranges, key=lambda each: (each.middle if each.middle is not None else each.start, each.end))
        ranges = ranges[: MOST_RANGES // 2] + ranges[-MOST_RANGES // 2 :]
    column.ranges = ranges


def _add_bins(column: ColumnAcross, own: Sequence[Facts]) -> None:
    """The files' histograms in bins of one width; what a bin of a file holds is spread evenly over it."""
    low, high = place_of(column.least), place_of(column.greatest)
    if low is None or high is None or not math.isfinite(high - low) or high <= low:
        return
    edges = [low + (high - low) * place / BINS for place in range(1, BINS)]
    below = [0.0] * (BINS + 1)
    for facts in own:
        counts = facts.get("bins")
        begin, end = place_of(facts.get("from")), place_of(facts.get("to"))
        if not counts or begin is None or end is None or end <= begin:
            continue
        sums, scale = [0, *accumulate(counts)], len(counts) / (end - begin)
        for place, edge in enumerate(edges, 1):
            at = (edge - begin) * scale
            if at >= len(counts):
                below[place] += sums[-1]
            elif at > 0:
                whole = int(at)
                below[place] += sums[whole] + counts[whole] * (at - whole)
        below[BINS] += sums[-1]
    bins = [upper - lower for lower, upper in pairwise(below)]
    column.bins = bins if any(bins) else []


def _add_mean(column: ColumnAcross, own: Sequence[tuple[TableFile, Facts]]) -> None:
    weighted = [
        (place_of(facts["mean"]), file.rows * (1 - facts.get("null_share", 0.0)))
        for file, facts in own
        if facts.get("mean") is not None
    ]
    known = [(mean, weight) for mean, weight in weighted if mean is not None and weight]
    total = sum(weight for _, weight in known)
    if total:
        column.mean = sum(mean * weight for mean, weight in known) / total


def place_of(value: Any) -> float | None:
    """Where a value stands on an axis: numbers as they are, also those written as text; moments in seconds."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        if isinstance(value, str) and len(value) >= 10 and value[4:5] == "-":
            moment = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
            if not isinstance(moment, datetime):
                return (moment.toordinal() - 719_163) * 86_400.0
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        found = float(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if math.isfinite(found) else None
