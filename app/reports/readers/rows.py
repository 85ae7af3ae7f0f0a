"""Rows whose cells have types already, as in workbooks and in JSON arrays, as a table."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from app.reports.choices import Choices
from app.reports.readers.cells import BOOLEAN, DATE, NUMBER, OTHER, TEXT, TIME, TIMESTAMP, known_types
from app.reports.readers.header import Header, column_names, find_header, usual_width
from app.reports.readers.json.decoding import Number, text_of
from app.reports.readers.scratch import Parts
from app.reports.readers.table import Table
from app.reports.table_errors import EMPTY_FILE, NOT_A_TABLE, TableError

HEAD: Final = 200
MAX_COLUMNS: Final = 16_384
MOST_DIGITS: Final = 21


def _number(value: float) -> str:
    """A number by the fewest digits that give it back; whole ones without a fraction."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    shortest = repr(value)
    return shortest if "e" not in shortest or abs(value) >= 1e21 or abs(value) < 1e-9 else f"{Decimal(shortest):f}"


def _moment(value: datetime) -> str:
    return value.isoformat(" ")


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
    timedelta: (NUMBER, lambda cell: _number(cell.total_seconds())),
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
    parts.write(body.texts(itertools.chain(raw[header.first_row :], rows)))
    return Table(
        format=kind,
        names=column_names(header.names, width),
        relation=parts.relation(),
        rows=parts.rows,
        facts={
            "header": bool(header.names),
            "header_lines": header.lines,
            "preamble_lines": start,
            "records": parts.rows + body.blank + header.first_row,
        },
        problems={"blank_lines": body.blank},
        known=known_types(body.bits),
        notes=header.notes,
    )


def _stripped(row: list[str]) -> list[str]:
    while row and not row[-1].strip():
        row.pop()
    return row


class _Body:
    """The rows below the header as text, with the types that each column's cells have."""

    def __init__(self, width: int, *, keeps_blank: bool) -> None:
        self.keeps_blank = keeps_blank
        self.bits = [0] * width
        self.blank = 0
        self.cut = 0

    def texts(self, rows: Iterator[Sequence[Any]]) -> Iterator[list[str]]:
        types, bits, width = _TYPES, self.bits, len(self.bits)
        for row in rows:
            texts = []
            for place, cell in enumerate(row):
                bit, convert = types.get(type(cell), _OTHER)
                text = convert(cell)
                if text and place < width:
                    bits[place] |= bit
                texts.append(text)
            if self.keeps_blank or any(texts):
                if len(texts) > width:
                    self.cut += any(texts[width:])
                yield texts
            else:
                self.blank += 1
