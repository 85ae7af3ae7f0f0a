"""Reads CSV, TSV and their relatives: every record once, by our own rules, before DuckDB sees any of it.

What does not fit (rows too long or too short, bytes outside the encoding, NULs, a quote that never closes) is noted
with its line and does not end the reading. A file in which nothing had to be mended is then given to DuckDB as it is;
of any other a clean copy.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from app.kit.text_decoding import is_markup
from app.reports.choices import GUESS, Choices
from app.reports.readers.dialect import (
    NAMES,
    NO_DELIMITER,
    SAMPLE_CHARS,
    SAMPLE_RECORDS,
    Dialect,
    column_names,
    detect_dialect,
    find_header,
    usual_width,
)
from app.reports.readers.encodings import MOST_LISTED, Encoding, Problems, detect_encoding, noted_lines, open_text
from app.reports.readers.scratch import Parts, Relation, read_csv
from app.reports.readers.table import Table
from app.reports.table_errors import EMPTY_FILE, NOT_A_TABLE, RESOURCE_LIMIT, TableError

MAX_FIELD: Final = 16 * 1024 * 1024
MAX_COLUMNS: Final = 16_384
MOST_WIDTHS: Final = 50
MOST_OPEN_QUOTES: Final = 50
SUFFIXES: Final = frozenset(("csv", "tsv", "psv", "tab", "ssv"))
"""Names that say that a file of one column is meant to be a table."""
csv.field_size_limit(MAX_FIELD)


@dataclass(slots=True)
class Lines:
    """The lines of a text, with those of the record that is being read, so that it can be read again another way."""

    source: Iterator[str]
    pending: list[str] = field(default_factory=list)
    number: int = 0
    ended: bool = False

    def __iter__(self) -> Iterator[str]:
        for line in self.source:
            self.pending.append(line)
            self.number += 1
            yield line
        self.ended = True  # a whole record is given out before the reader asks for a line that is not there

    def take_back(self) -> str:
        """Give the lines of the unfinished record back, but the first, which is returned."""
        first, *rest = self.pending
        self.source = itertools.chain(rest, self.source)
        self.number -= len(rest)
        self.ended = False
        self.pending.clear()
        return first


@dataclass(slots=True)
class Scan:
    """What one reading of all records found. `records` counts blank ones and the header as well."""

    width: int
    header: list[str] | None
    records: int = 0
    rows: int = 0
    blank: int = 0
    trailing: int = 0
    ragged: int = 0
    open_quotes: list[int] = field(default_factory=list)
    ragged_rows: list[dict[str, Any]] = field(default_factory=list)
    widths: Counter[int] = field(default_factory=Counter)
    problems: Problems = field(default_factory=Problems)


def records_of(text: Iterator[str], dialect: Dialect, scan: Scan) -> Iterator[tuple[int, list[str]]]:
    """Every record with the line it begins on. A quote that never closes costs its own line, not the rest."""
    lines = Lines(noted_lines(text, scan.problems))  # type: ignore[arg-type]
    number = 1
    for _ in range(dialect.skip):
        scan.widths[len(_plain(next(lines.source, ""), dialect))] += 1
        lines.number += 1
        number += 1
    options, pending = dialect.reader_options(), lines.pending
    while True:
        broken = False
        try:
            for record in csv.reader(lines, **options):
                if (lines.ended or len(pending) > 1) and _is_open(lines, record, dialect, scan.width):
                    broken = True
                    break
                yield number, record
                pending.clear()
                number = lines.number + 1
        except csv.Error:
            broken = bool(pending)
        if not broken:
            return
        if len(pending[0]) > MAX_FIELD:
            raise TableError(RESOURCE_LIMIT, f"A value on line {number:,} has more than {MAX_FIELD:,} characters.")
        if len(scan.open_quotes) >= MOST_OPEN_QUOTES:
            raise TableError(NOT_A_TABLE, f"More than {MOST_OPEN_QUOTES} quotes are opened and never closed.")
        scan.open_quotes.append(number)
        yield number, _plain(lines.take_back(), dialect)
        number = lines.number + 1


def _is_open(lines: Lines, record: list[str], dialect: Dialect, width: int) -> bool:
    """Whether the record's quote is never closed: it ended only because the file did, or it swallowed whole records."""
    if lines.ended:
        return True
    return (
        len(lines.pending) > 1
        and width > 1
        and len(record) != width
        and len(_plain(lines.pending[0], dialect)) == width
    )


def _plain(line: str, dialect: Dialect) -> list[str]:
    """The fields of a line in which quotes mean nothing."""
    return next(csv.reader([line], delimiter=dialect.delimiter or NO_DELIMITER, quoting=csv.QUOTE_NONE), [])


def read_delimited(path: Path, suffix: str, folder: Path, choices: Choices = GUESS) -> Table:
    """The table in a text file; raises TableError when it holds none."""
    encoding = detect_encoding(path)
    with open_text(path, encoding) as text:
        sample = text.read(SAMPLE_CHARS).replace("\x00", "")
        complete = not text.read(1)
    dialect = detect_dialect(sample, suffix, complete=complete)
    _refuse_markup(sample)
    with open_text(path, encoding) as text:
        records = records_of(text, dialect, Scan(0, None))
        head = [record for _, record in itertools.islice(records, SAMPLE_RECORDS)]
    if not any(any(cell.strip() for cell in record) for record in head):
        raise TableError(EMPTY_FILE, "There is no value in the file.")
    start, has_header = find_header(head, choices.header)
    _refuse_prose(head, dialect, suffix)
    width = _width(head[start:], has_header=has_header)
    scan = Scan(width, head[start] if has_header else None)
    _scan(path, encoding, dialect, start, scan)
    top = head[: start + has_header]
    is_plain_top = all(record and not any("\n" in cell or "\r" in cell for cell in record) for record in top)
    relation = _relation(path, encoding, dialect, start, scan, folder, is_plain_top=is_plain_top)
    return Table(
        format={"\t": "tsv", "|": "psv"}.get(dialect.delimiter or "", "csv"),
        names=column_names(scan.header or [], width),
        relation=relation,
        rows=scan.rows,
        # For what DuckDB's reader and ours may see differently: then the copy is read instead.
        spare=lambda: _copy(path, encoding, dialect, start, scan, folder),
        facts=_facts(encoding, dialect, start, scan),
        problems=_problems(scan),
    )


def _width(records: list[list[str]], *, has_header: bool) -> int:
    width = usual_width(records)
    if has_header and len(records[0]) > width:
        width = len(records[0])
    if width > MAX_COLUMNS:
        raise TableError(NOT_A_TABLE, f"The table has {width:,} columns; {MAX_COLUMNS:,} are the most that are read.")
    return max(1, width)


def _scan(path: Path, encoding: Encoding, dialect: Dialect, start: int, scan: Scan) -> None:
    """Read every record once and note what does not fit."""
    width, widths, header_at = scan.width, scan.widths, start if scan.header is not None else -1
    plain = 0
    with open_text(path, encoding) as text:
        for index, (line, record) in enumerate(records_of(text, dialect, scan)):
            if index <= start:
                widths[len(record)] += 1
                if index == header_at or index < start:
                    continue
                scan.rows += 1
                _note_ragged(scan, line, record)
            elif len(record) == width:
                plain += 1
            else:
                widths[len(record)] += 1
                if record:
                    scan.rows += 1
                    _note_ragged(scan, line, record)
                else:
                    scan.blank += 1
    scan.rows += plain
    if plain:
        widths[width] += plain
    scan.records = sum(widths.values())


def _note_ragged(scan: Scan, line: int, record: list[str]) -> None:
    count = len(record)
    if count == scan.width:
        return
    if count > scan.width and not any(cell.strip() for cell in record[scan.width :]):
        scan.trailing += 1
        return
    scan.ragged += 1
    if len(scan.ragged_rows) < MOST_LISTED:
        kind = "too long" if count > scan.width else "too short"
        scan.ragged_rows.append({"line": line, "fields": count, "expected": scan.width, "kind": kind})


def _relation(
    path: Path, encoding: Encoding, dialect: Dialect, start: int, scan: Scan, folder: Path, *, is_plain_top: bool
) -> Relation:
    problems = scan.problems
    mended = problems.undecodable or problems.nul or scan.open_quotes or scan.ragged or scan.trailing or scan.blank
    odd = dialect.newline == "\r" or dialect.quote is None or dialect.delimiter is None or not is_plain_top
    if mended or odd or not encoding.name.startswith("utf-8") or not scan.rows:
        return _copy(path, encoding, dialect, start, scan, folder)
    quote = dialect.quote or '"'
    return read_csv(
        [path],
        scan.width,
        delimiter=dialect.delimiter or ",",
        quote=quote,
        escape=dialect.escape or quote,
        skip=dialect.skip + start + (scan.header is not None),
    )


def _copy(path: Path, encoding: Encoding, dialect: Dialect, start: int, scan: Scan, folder: Path) -> Relation:
    """The same rows in our own dialect."""
    parts = Parts(folder, scan.width)
    again = Scan(scan.width, scan.header)
    with open_text(path, encoding) as text:
        records = (record for _, record in records_of(text, dialect, again))
        rows = itertools.islice(records, start + (scan.header is not None), None)
        parts.write(record for record in rows if record)
    return parts.relation()


def _refuse_markup(sample: str) -> None:
    if is_markup(sample):
        raise TableError(NOT_A_TABLE, "The file is a page of HTML or XML, not a table.")
    if sample.lstrip("\ufeff \t\r\n")[:200].casefold().startswith(("{\\rtf", "%!ps", "-----begin")):
        raise TableError(NOT_A_TABLE, "The file is a document, not a table.")


def _refuse_prose(head: list[list[str]], dialect: Dialect, suffix: str) -> None:
    """Text that no delimiter divides is a table of one column only when its name or its look says so."""
    rows = [record for record in head if record]
    words = sum(len(cell.split()) for record in rows for cell in record) / max(1, sum(map(len, rows)))
    width = usual_width(rows)
    if width < 2:
        if (len(rows) == 1 and words > 1) or (suffix not in SUFFIXES and words > 2):
            raise TableError(NOT_A_TABLE, "The file is text without columns.")
        return
    even = sum(len(record) == width for record in rows) / len(rows)
    if suffix not in SUFFIXES and (even < 0.5 or width <= 3) and words > 2.5:
        raise TableError(NOT_A_TABLE, "The file is text without columns.")


def _facts(encoding: Encoding, dialect: Dialect, start: int, scan: Scan) -> dict[str, Any]:
    common = scan.widths.most_common(MOST_WIDTHS)
    return {
        "encoding": encoding.name,
        "bom": encoding.bom,
        "delimiter": dialect.delimiter,
        "delimiter_name": NAMES.get(dialect.delimiter or "", dialect.delimiter),
        "quote": dialect.quote,
        "escape": dialect.escape,
        "newline": {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[dialect.newline],
        "header": scan.header is not None,
        "preamble_lines": dialect.skip + start,
        "records": scan.records,
        "widths": {str(width): count for width, count in common},
    }


def _problems(scan: Scan) -> dict[str, Any]:
    problems = scan.problems
    return {
        "ragged_rows": scan.ragged,
        "ragged": scan.ragged_rows,
        "trailing_delimiters": scan.trailing,
        "blank_lines": scan.blank,
        "encoding_problems": problems.undecodable,
        "encoding_problem_lines": problems.undecodable_lines,
        "nul_bytes": problems.nul,
        "nul_byte_lines": problems.nul_lines,
        "unclosed_quotes": len(scan.open_quotes),
        "unclosed_quote_lines": scan.open_quotes,
    }
