"""The line above result rows that names their columns, and where those columns stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from app.extractions.layouts.hytek.languages import words
from app.extractions.pdf.page import Line, Word

_FIELDS = {
    "name": "name",
    "age": "age",
    "team": "team",
    "relay": "relay_head",
    "prelim": "prelims",
    "semi": "semifinals",
    "final": "final",
    "seed": "seed",
    "first_time": "first_times",
    "time": "last_times",
    "points": "points",
}
_KINDS = {word.casefold(): kind for kind, field in _FIELDS.items() for word in words(field)} | {
    **dict.fromkeys(("id#", "reg#"), "id"),
    **dict.fromkeys(("semi", "semis"), "semi"),
    **dict.fromkeys(("fina", "aqua"), "fina"),
    **dict.fromkeys(("lane", "carril", "raia", "couloir", "bahn", "corsia"), "lane"),
    **dict.fromkeys(("lsc", "heat", "heat/lane", "h#", "rank", "place", "pl", "std"), "other"),
}
HEAD_BEGINNINGS: Final = frozenset(
    start for word in _KINDS for start in (word[:2], word[:2].capitalize(), word[:2].upper())
) | frozenset(("d'", "d’"))
"""The first two signs of every word that names a column."""
_SMALL = frozenset(words("small"))
_MOST_UNKNOWN = 3  # hosts add columns of their own: `Class`, `MC Points`
_WITHIN = 12.0  # points, between the words of one name
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

    @cached_property
    def times_start(self) -> float:
        """Left of what no time stands; 0 without any column of times."""
        return self.times[0].x0 - 12 if self.times else 0.0

    def at(self, left: float) -> TableHeader:
        """The same table in another column of the page: the next one may start without a header of its own."""
        if left == self.left:
            return self
        found = self._elsewhere.get(left)
        if found is None:
            found = self._elsewhere[left] = _moved(self, left)
        return found

    @cached_property
    def _elsewhere(self) -> dict[float, TableHeader]:
        return {}


ONE_COLUMN: Final = TableHeader(
    18.0,
    (
        Column("name", 48.0, 71.0),
        Column("age", 189.0, 204.0),
        Column("team", 210.0, 233.0),
        Column("seed", 355.0, 396.0),
        Column("final", 430.0, 476.0),
        Column("points", 527.0, 552.0),
    ),
)
"""Where the columns of every report in one column stand, for pages of one whose head is on a page that is not here."""


def _moved(header: TableHeader, left: float) -> TableHeader:
    by = left - header.left
    return TableHeader(left, tuple(Column(column.kind, column.x0 + by, column.x1 + by) for column in header.columns))


def read_table_header(line: Line) -> TableHeader | None:
    """The columns this line names, or None if it is another kind of line."""
    first = line.words[0]
    columns: list[Column] = []
    if not head_kinds(first.text):
        if not first.text.isalpha():
            return None
        known = {kind for word in line.words for kind, _ in head_kinds(word.text)}
        if not known >= {"age", "team"} or not known & {*_TIMES, "time"}:
            return None
        columns.append(Column("name", first.x0, first.x1))  # in a word that is not known
    unknown: list[Word] = []
    for word in line.words[len(columns) :]:
        kinds = head_kinds(word.text)
        if not kinds:
            if columns and word.text in _SMALL:
                columns[-1] = Column(columns[-1].kind, columns[-1].x0, word.x1)
            else:
                unknown.append(word)
            continue
        step = (word.x1 - word.x0) / len(word.text)
        x = word.x0
        for kind, length in kinds:
            _add(columns, Column(kind, x, x + step * length))
            x += step * length
    columns = _with_result(_settled(columns), unknown)
    found = {column.kind for column in columns}
    if (
        len(unknown) > _MOST_UNKNOWN
        or len(columns) < 2
        or not found & {"name", "team"}
        or not found & {*_TIMES, "age", "relay"}
    ):
        return None
    return TableHeader(line.left, tuple(columns))


@lru_cache(maxsize=4096)  # names and clubs come again
def head_kinds(text: str) -> tuple[tuple[str, int], ...]:
    """The kinds of columns a word names, each with the length of its part: narrow columns print `YrSchool`."""
    if text[:2] not in HEAD_BEGINNINGS:
        return ()
    word = text.casefold()
    kind = _KINDS.get(word) or _KINDS.get(word[2:] if word[1:2] in "'’" else "")
    if kind:
        return ((kind, len(text)),)
    for cut in range(min(len(word) - 2, 20), 1, -1):
        first, second = _KINDS.get(word[:cut]), _KINDS.get(word[cut:])
        if first and second:
            return (first, cut), (second, len(text) - cut)
    return ()


def _add(columns: list[Column], column: Column) -> None:
    """Adds a column, or widens the one before: `Seed` and `Time` are one, and so are `Tiempo` and `Finales`."""
    last = columns[-1] if columns else None
    if last and column.x0 - last.x1 < _WITHIN:
        if (column.kind == "time" and last.kind in _TIMES) or (column.kind == "points" and last.kind == "fina"):
            columns[-1] = Column(last.kind, last.x0, column.x1)
            return
        if (last.kind == "first_time" and column.kind in _TIMES) or (last.kind == "points" and column.kind == "fina"):
            columns[-1] = Column(column.kind, last.x0, column.x1)
            return
    columns.append(column)


def _with_result(columns: list[Column], unknown: list[Word]) -> list[Column]:
    """The columns with that of the result, where a word nobody knows stands behind the times of a table without one."""
    if any(column.kind == "final" for column in columns):
        return columns
    for index, column in enumerate(columns):
        behind = columns[index + 1].x0 if index + 1 < len(columns) else 1e9
        if column.kind in _TIMES and (index + 1 == len(columns) or columns[index + 1].kind in ("points", "fina")):
            for word in unknown:
                if column.x1 + _WITHIN < word.x0 and word.x1 + _WITHIN < behind:
                    return [*columns[: index + 1], Column("final", word.x0, word.x1), *columns[index + 1 :]]
    return columns


def _settled(columns: list[Column]) -> list[Column]:
    """The columns with those that say `time` and not which one: that before it, or the result."""
    settled: list[Column] = []
    for column in columns:
        last = settled[-1] if settled else None
        if column.kind == "first_time" and last and last.kind in _TIMES and column.x0 - last.x1 < _WITHIN:
            settled[-1] = Column(last.kind, last.x0, column.x1)
        elif column.kind in ("time", "first_time"):
            settled.append(Column("final", column.x0, column.x1))
        else:
            settled.append(column)
    return settled
