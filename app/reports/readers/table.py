"""What every reader hands on: a table that DuckDB can select from, and what was seen on the way to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.reports.notes import Note
from app.reports.readers.scratch import Relation
from app.reports.readers.tally import Tally

Known = Literal["text", "integer", "number", "boolean", "date", "timestamp", "time"]


@dataclass(slots=True)
class Table:
    """`facts` say how the file is written, `problems` what in it did not fit.

    `rows` is None when only DuckDB can count them. `spare` reads the same file another way, for when DuckDB refuses the
    relation or reads other rows in it than are expected, or such as do not come to the `tally`. `typed`: the
    columns have types of their own. `known` has, by the place of a column, the one type that the file itself gives to
    every value there: `text` are the strings of JSON and the text cells of a workbook, whatever they look like. Columns
    that mix types, and files without types (CSV), are not in it. `notes` say what is doubtful about the file as a
    whole. `lines_of` is given where a row of data is not always one line.
    """

    format: str
    names: list[str]
    relation: Relation
    rows: int | None
    facts: dict[str, Any]
    problems: dict[str, Any] = field(default_factory=dict)
    spare: Callable[[], Table] | None = None
    tally: Tally | None = None
    typed: bool = False
    known: dict[int, Known] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    lines_of: Callable[[Sequence[int]], list[int]] | None = None

    def lines(self, rows: Sequence[int]) -> list[int]:
        """The lines (of a workbook: the rows of the sheet) that rows of data stand in; rows count from 0."""
        if self.lines_of is not None:
            return self.lines_of(rows)
        first = self.facts.get("preamble_lines", 0) + self.facts.get("header_lines", bool(self.facts.get("header"))) + 1
        return [row + first for row in rows]
