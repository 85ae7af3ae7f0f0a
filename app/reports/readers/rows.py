"""Rows whose cells have types already, as in workbooks and in JSON arrays, as a table."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from app.reports.choices import Choices
from app.reports.notes import Note, note
from app.reports.readers.cells import BOOLEAN, DATE, DURATION, NUMBER, OTHER, TEXT, TIME, TIMESTAMP, known_types
from app.reports.readers.footer import KEPT, Footer, find_footer
from app.reports.readers.header import Header, column_names, find_header, kinds_of, usual_width
from app.reports.readers.json.decoding import Number, text_of
from app.reports.readers.scratch import Parts
from app.reports.readers.table import Table
from app.reports.table_errors import EMPTY_FILE, NOT_A_TABLE, TableError

HEAD: Final = 200
MAX_COLUMNS: Final = 16_384
DAY: Final = len("2024-01-31")


def _number(value: float) -> str:
    """A number by the fewest digits that give it back; whole ones without a fraction."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    shortest = repr(value)
    if "e" in shortest and 1e-9 <= abs(value) < 1e21:
        shortest = f"{Decimal(shortest):f}"
    return shortest.removesuffix(".0")


def _moment(value: datetime) -> str:
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ")


_TYPES: Final[dict[type, tuple[int, Callable[[Any], str]]]] = {
    str: (TEXT, lambda cell: cell.replace("\x00", "")),
    Number: (NUMBER, str),
    type(None): (0, lambda _: ""),
    bool: (BOOLEAN, lambda cell: "true" if cell else "false"),
    int: (NUMBER, str),
    float: (NUMBER, _number),
    datetime: (TIMESTAMP, _moment),
    date: (DATE, date.isoformat),
    time: (TIME, time.isoformat),
    timedelta: (DURATION, lambda cell: _number(cell.total_seconds())),
}
_OTHER: Final[tuple[int, Callable[[Any], str]]] = (OTHER, lambda cell: text_of(cell).replace("\x00", ""))


def cell_text(cell: Any) -> str:
    """A typed cell as text: numbers with all of their digits, ISO dates, lists as JSON."""
    return _TYPES.get(type(cell), _OTHER)[1](cell)


def table_of_rows(
    rows: Iterator[Sequence[Any]], kind: str, folder: Path, choices: Choices, *, names: Sequence[str] | None = None
) -> Table:
    """A table of rows that have their cells. `names`: of the columns, where no row has them; then blank rows count."""
    raw = [*itertools.islice(rows, HEAD)]
    head = [_stripped([cell_text(cell) for cell in row]) for row in raw]
    if not any(head) and names is None:
        raise TableError(EMPTY_FILE, "There is no value in the table.")
    header = find_header(head, choices.header) if names is None else Header(0, 0, [*names])
    start = header.start
    width = max(len(header.names), usual_width(head[start:]), max((len(row) for row in head), default=1))
    if width > MAX_COLUMNS:
        raise TableError(NOT_A_TABLE, f"The table has {width:,} columns; {MAX_COLUMNS:,} are the most that are read.")
    body = _Body(width, keeps_blank=names is not None)
    parts = Parts(folder, width)
    below: Iterator[Sequence[Any]] = itertools.chain(raw[header.first_row :], rows)
    if names is None:
        below = body.without_footer(below, header.first_row, kinds_of(head[header.first_row :], width))
    parts.write(body.texts(below))
    names_of = column_names(header.names, width)
    return Table(
        format=kind,
        names=names_of,
        relation=parts.relation(),
        rows=parts.rows,
        facts={
            "header": bool(header.names),
            "header_lines": header.lines,
            "preamble_lines": start,
            "records": parts.rows + len(body.blanks) + len(body.footer.records) + header.first_row,
        },
        problems={"blank_lines": len(body.blanks)},
        known=known_types(body.bits),
        notes=[*header.notes, *body.footer.notes(), *body.notes(names_of)],
        lines_of=lambda rows: [header.first_row + row + 1 + bisect_right(body.blanks, row) for row in rows],
    )


def _stripped(row: list[str]) -> list[str]:
    while row and not row[-1].strip():
        row.pop()
    return row


class _Body:
    """The rows below the header as text, with the types that each column's cells have.

    `blanks` has for each blank row, which is left out, how many rows stand above it; `cut` counts rows that were cut,
    `footer` is what stands below the table.
    """

    def __init__(self, width: int, *, keeps_blank: bool) -> None:
        self.keeps_blank = keeps_blank
        self.bits = [0] * width
        self.blanks: list[int] = []
        self.cut = 0
        self.footer = Footer()

    def without_footer(
        self, rows: Iterator[Sequence[Any]], above: int, kinds: Sequence[str | None]
    ) -> Iterator[Sequence[Any]]:
        """The rows but those that stand below the table, which the last ones tell; `above`: the records before them."""
        last: deque[Sequence[Any]] = deque()
        for row in rows:
            last.append(row)
            if len(last) > KEPT:
                above += 1
                yield last.popleft()
        width = len(self.bits)
        texts = [[*map(cell_text, row), *[""] * (width - len(row))] for row in last]
        self.footer = find_footer([(at, at + 1, row) for at, row in enumerate(texts, above)], width, kinds)
        yield from itertools.islice(last, None if self.footer.index is None else self.footer.index - above)

    def texts(self, rows: Iterator[Sequence[Any]]) -> Iterator[list[str]]:
        types, bits, width = _TYPES, self.bits, len(self.bits)
        kept = 0
        for row in rows:
            texts = []
            for place, cell in enumerate(row):
                bit, convert = types.get(type(cell), _OTHER)
                text = convert(cell)
                if text and place < width:
                    bits[place] |= bit if bit != TIMESTAMP or len(text) > DAY else DATE
                texts.append(text)
            if self.keeps_blank or any(texts):
                if len(texts) > width:
                    self.cut += any(texts[width:])
                kept += 1
                yield texts
            else:
                self.blanks.append(kept)

    def notes(self, names: Sequence[str]) -> Iterator[Note]:
        if self.cut:
            yield note("RAGGED_ROWS", "Rows with more values than there are columns were cut.", self.cut)
        durations = [name for name, bits in zip(names, self.bits, strict=True) if bits & DURATION]
        if durations:
            yield note("DURATIONS", "Durations are given in seconds.", len(durations), examples=durations)
