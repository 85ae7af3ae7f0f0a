"""The records of a text table, one by one, each with the line that it begins on; what does not fit is noted."""

from __future__ import annotations

import csv
import itertools
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.reports.readers.dialect import INNER_CR, SEPARATOR, Dialect
from app.reports.readers.encodings import MOST_LISTED, Problems, noted_lines
from app.reports.readers.quotes import mended_fields, plain_fields, swallows
from app.reports.table_errors import RESOURCE_LIMIT, TableError

MAX_FIELD: Final = 16 * 1024 * 1024
MOST_JOINED: Final = 12
"""So many lines are joined to mend a record whose quotes are broken."""
MOST_LINES: Final = 20_000
"""A value of more lines is taken for a quote that never closes, where its first line by itself is a whole record.

Every quote that did not close makes it less, so that many of them do not cost the square of their number.
"""
csv.field_size_limit(MAX_FIELD)


class _NeverCloses(Exception):
    pass


@dataclass(slots=True)
class Places:
    """How often something was met, and the first lines it was met on."""

    count: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, line: int) -> None:
        self.count += 1
        if len(self.lines) < MOST_LISTED:
            self.lines.append(line)


@dataclass(slots=True)
class Scan:
    """What one reading of all records found. `records` counts blank ones and the header as well.

    `kinds` are what the columns hold as far as the first records tell, None for text. `marked`: characters stand for a
    delimiter of several or for a CR that ends no line.
    """

    width: int
    kinds: Sequence[str | None] = ()
    records: int = 0
    rows: int = 0
    blank: int = 0
    trailing: int = 0
    ragged: int = 0
    marked: bool = False
    mended: Places = field(default_factory=Places)
    doubtful: Places = field(default_factory=Places)
    inner_cr: Places = field(default_factory=Places)
    repeated: Places = field(default_factory=Places)
    comments: Places = field(default_factory=Places)
    open_quotes: Places = field(default_factory=Places)
    ragged_rows: list[dict[str, Any]] = field(default_factory=list)
    widths: Counter[int] = field(default_factory=Counter)
    problems: Problems = field(default_factory=Problems)


@dataclass(slots=True)
class _Lines:
    """The lines of a text, with those of the record that is being read, so that it can be read again another way."""

    source: Iterator[str]
    dialect: Dialect
    scan: Scan
    number: int
    pending: list[str] = field(default_factory=list)
    back: deque[str] = field(default_factory=deque)

    def __iter__(self) -> Iterator[str]:
        pending, most = self.pending, MOST_LINES // (1 + self.scan.open_quotes.count)
        for line in self._rest():
            pending.append(line)
            self.number += 1
            if len(pending) > most and len(plain_fields(pending[0], self.dialect)) == self.scan.width:
                raise _NeverCloses
            yield line

    def _rest(self) -> Iterator[str]:
        return itertools.chain(iter(self._next_given_back, None), self.source) if self.back else self.source

    def _next_given_back(self) -> str | None:
        return self.back.popleft() if self.back else None

    def take(self, count: int) -> list[str]:
        """The first `count` lines of the unfinished record, and of what follows it; any others are given back."""
        kept, rest = self.pending[:count], self.pending[count:]
        self.back.extendleft(reversed(rest))
        more = list(itertools.islice(self._rest(), count - len(kept)))
        self.number += len(more) - len(rest)
        self.pending.clear()
        return kept + more

    def peek(self, count: int) -> list[str]:
        """The next lines, which are still to come."""
        following = list(itertools.islice(self._rest(), count))
        self.back.extendleft(reversed(following))
        return following


def records_of(text: Iterator[str], dialect: Dialect, scan: Scan) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it begins on. A quote that never closes costs its own line, not the rest."""
    source = noted_lines(text, scan.problems)
    for _ in range(dialect.skip):
        scan.widths[len(plain_fields(next(source, ""), dialect))] += 1
    if dialect.layout:
        for number, line in enumerate(source, dialect.skip + 1):
            if (record := dialect.layout.split(line)) is not None:
                yield number, record
        return
    lines = _Lines(_prepared(source, dialect, scan), dialect, scan, dialect.skip)
    number = dialect.skip + 1
    for record in _read(lines, dialect, scan):
        if scan.marked:
            several = dialect.delimiter or ""
            record = [cell.replace(INNER_CR, "\r").replace(SEPARATOR, several) for cell in record]
        yield number, record
        lines.pending.clear()
        number = lines.number + 1


def _prepared(source: Iterator[str], dialect: Dialect, scan: Scan) -> Iterator[str]:
    """The lines as csv.reader can read them: one character for the delimiter, another for a CR that ends no line."""
    several = dialect.delimiter if dialect.delimiter and len(dialect.delimiter) > 1 else None
    if several:
        scan.marked = True
        source = (line.replace(several, SEPARATOR) for line in source)
    if dialect.newline == "\r":
        yield from source
        return
    for number, line in enumerate(source, dialect.skip + 1):
        if "\r" in line[:-2] or line[-1:] == "\r":
            body = line.rstrip("\r\n")
            parts = body.split("\r")
            several_records = len(parts) > 1 and scan.width > 1
            if several_records and all(len(plain_fields(part, dialect)) == scan.width for part in parts):
                yield from (f"{part}\n" for part in parts)
                continue
            if len(parts) > 1:
                scan.marked = True
                scan.inner_cr.add(number)
            line = body.replace("\r", INNER_CR) + "\n"
        yield line


def _read(lines: _Lines, dialect: Dialect, scan: Scan) -> Iterator[list[str]]:
    """The records; the caller clears the pending lines after each."""
    options, pending = dialect.reader_options(), lines.pending
    while True:
        broken = False
        try:
            for record in csv.reader(lines, strict=True, **options):
                if len(pending) > 1:
                    doubt = swallows(pending, record, dialect, scan.width, scan.kinds)
                    if doubt == "yes":
                        broken = True
                        break
                    if doubt == "maybe":
                        scan.doubtful.add(lines.number - len(pending) + 1)
                yield record
        except (csv.Error, _NeverCloses):
            broken = bool(pending)
        if not broken:
            return
        number = lines.number - len(pending) + 1
        if len(pending[0]) > MAX_FIELD:
            raise TableError(RESOURCE_LIMIT, f"A value on line {number:,} has more than {MAX_FIELD:,} characters.")
        yield _mended(lines, dialect, scan, number)


def _mended(lines: _Lines, dialect: Dialect, scan: Scan, number: int) -> list[str]:
    """The record that begins with the first pending line, read leniently: alone, or with the lines that complete it."""
    text = lines.take(1)[0]
    record = mended_fields(text, dialect, scan.width)
    if record is None and len(plain_fields(text, dialect)) < scan.width:
        following = lines.peek(MOST_JOINED)
        for count in range(1, len(following) + 1):
            joined = text + "".join(following[:count])
            if (record := mended_fields(joined, dialect, scan.width)) is not None:
                lines.take(count)
                break
    quote = dialect.quote or '"'
    opened = record is None or any(cell[:1] == quote and cell.count(quote) % 2 for cell in record)
    (scan.open_quotes if opened else scan.mended).add(number)
    return plain_fields(text, dialect) if record is None else record
