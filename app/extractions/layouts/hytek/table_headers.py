"""The line above result rows that names their columns, and where those columns stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from app.extractions.pdf.page import Line

_KINDS = {
    "ID#": "id",
    "Reg#": "id",
    "Name": "name",
    "Age": "age",
    "Yr": "age",
    "Year": "age",
    "Grade": "age",
    "Gr": "age",
    "Team": "team",
    "School": "team",
    "Club": "team",
    "LSC": "other",
    "Relay": "relay",
    "Seed": "seed",
    "Entry": "seed",
    "Prelims": "prelim",
    "Prelim": "prelim",
    "Semis": "semi",
    "Semi": "semi",
    "Finals": "final",
    "Final": "final",
    "FINA": "fina",
    "Time": "time",
    "Score": "time",
    "Points": "points",
    "Pts": "points",
    "Lane": "lane",
    "Heat": "other",
    "Heat/Lane": "other",
    "H#": "other",
    "Rank": "other",
    "Place": "other",
    "Pl": "other",
    "Std": "other",
}
# Narrow columns print two names without a gap: `YrSchool`, `TeamFinals`.
_NAMES = re.compile("|".join(sorted(map(re.escape, _KINDS), key=len, reverse=True)))
_MOST_UNKNOWN = 3  # hosts add columns of their own: `Class`, `MC Points`
_TIMES = ("seed", "prelim", "semi", "final")


@dataclass(frozen=True, slots=True)
class Column:
    """A named column from `x0` to `x1` (points)."""

    kind: str
    x0: float
    x1: float


@dataclass(frozen=True)
class TableHeader:
    """The columns of a table, from the left; `left` is the left edge of the page column they were read in."""

    left: float
    columns: tuple[Column, ...]

    def column(self, kind: str) -> Column | None:
        """The first column of that kind, if there is one."""
        return self._first.get(kind)

    @cached_property
    def _first(self) -> dict[str, Column]:
        return {column.kind: column for column in reversed(self.columns)}

    @cached_property
    def times(self) -> list[Column]:
        """The columns that hold times or scores: seeds first, the result last."""
        return [column for column in self.columns if column.kind in _TIMES]

    @cached_property
    def result(self) -> Column | None:
        """The column of the result; None for a start list, which has seeds only."""
        times = [column for column in self.times if column.kind != "seed"]
        return times[-1] if times and not self.column("lane") else None

    def at(self, left: float) -> TableHeader:
        """The same table in another column of the page: the next one may start without a header of its own."""
        return self if left == self.left else _moved(self, left)


@lru_cache(maxsize=64)
def _moved(header: TableHeader, left: float) -> TableHeader:
    by = left - header.left
    return TableHeader(left, tuple(Column(column.kind, column.x0 + by, column.x1 + by) for column in header.columns))


def read_table_header(line: Line) -> TableHeader | None:
    """The columns this line names, or None if it is another kind of line."""
    if not _NAMES.match(line.words[0].text):
        return None
    columns: list[Column] = []
    unknown = 0
    for word in line.words:
        names = _NAMES.findall(word.text)
        if "".join(names) != word.text:
            unknown += 1
            continue
        step = (word.x1 - word.x0) / len(word.text)
        x = word.x0
        for name in names:
            _add(columns, Column(_KINDS[name], x, x + step * len(name)))
            x += step * len(name)
    kinds = {column.kind for column in columns}
    if (
        unknown > _MOST_UNKNOWN
        or len(columns) < 2
        or not kinds & {"name", "team"}
        or not kinds & {*_TIMES, "age", "relay"}
    ):
        return None
    return TableHeader(line.left, tuple(columns))


def _add(columns: list[Column], column: Column) -> None:
    """Adds a column, or widens the one before: `Seed` and `Time` name one column, `FINA` and `Points` too."""
    last = columns[-1] if columns else None
    if (
        last
        and column.x0 - last.x1 < 12
        and ((column.kind == "time" and last.kind in _TIMES) or (column.kind == "points" and last.kind == "fina"))
    ):
        columns[-1] = Column(last.kind, last.x0, column.x1)
    elif column.kind == "time":
        columns.append(Column("final", column.x0, column.x1))
    else:
        columns.append(column)
