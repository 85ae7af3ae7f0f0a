"""Reads CSV, TSV and their relatives.

A text of which every line may be a row is given to DuckDB as it is; whether it left nothing out is told by sums of its
bytes. Of any other every record is read by our own rules, before DuckDB sees any of it: what does not fit (rows too
long or too short, bytes outside the encoding, NULs, a quote that never closes) is noted with its line and does not end
the reading. Where nothing had to be mended DuckDB then reads the file itself, else a clean copy.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.kit.text.decoding import is_markup
from app.reports.choices import GUESS, Choices, named_delimiter
from app.reports.readers.dialect import (
    NAMES,
    SAMPLE_CHARS,
    SAMPLE_RECORDS,
    Dialect,
    detect_dialect,
)
from app.reports.readers.division import divide
from app.reports.readers.encodings import MOST_LISTED, Encoding, encoding_of, open_text
from app.reports.readers.footer import KEPT, Footer, find_footer
from app.reports.readers.header import Header, column_names, find_header, kinds_of, usual_width
from app.reports.readers.records import Scan, records_of
from app.reports.readers.scratch import GROUP, Parts, Relation, read_csv
from app.reports.readers.table import Table
from app.reports.readers.tally import Body, last_records, measure
from app.reports.readers.text_notes import text_notes
from app.reports.table_errors import EMPTY_FILE, NOT_A_TABLE, TableError

MAX_COLUMNS: Final = 16_384
MOST_WIDTHS: Final = 50
SAMPLE_CELLS, LEAST_RECORDS = 100_000, 40
SUFFIXES: Final = frozenset(("csv", "tsv", "psv", "tab", "ssv"))
"""Names that say that a file of one column is meant to be a table."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """How a text is read as a table of `width` columns."""

    path: Path
    encoding: Encoding
    dialect: Dialect
    header: Header
    width: int
    kinds: tuple[str | None, ...]

    def records(self, scan: Scan) -> Generator[tuple[int, list[str]], None, None]:
        """Every record of the file with its line; the file is closed at the end."""
        with open_text(self.path, self.encoding, self.dialect.newline) as text:
            yield from records_of(text, self.dialect, scan)

    def is_left_out(self, record: list[str]) -> bool:
        """Whether a record below the header is no row: blank, or a comment."""
        is_blank = not record or (not record[0] and self.width > 1 and not any(record))
        return is_blank or (len(record) != self.width and record[0].lstrip().startswith("#"))

    def repeats_header(self, record: list[str]) -> bool:
        """Whether a record is the header once more, as where files were put together."""
        return bool(self.header.names) and record == self.header.names


@dataclass(slots=True)
class Found:
    """What the reading of all records found, and what stands below the table."""

    scan: Scan
    footer: Footer = field(default_factory=Footer)


def read_delimited(path: Path, suffix: str, folder: Path, choices: Choices = GUESS) -> Table:
    """The table in a text file; raises TableError when it holds none."""
    encoding = encoding_of(path, choices)
    with open_text(path, encoding) as text:
        sample = text.read(SAMPLE_CHARS).replace("\x00", "").lstrip("\ufeff")
        complete = not text.read(1)
    chosen = named_delimiter(choices.delimiter) if choices.delimiter else None
    dialect = detect_dialect(sample, suffix, complete=complete, chosen=chosen)
    _refuse_markup(sample)
    head = _head(path, encoding, dialect)
    if not any(any(cell.strip() for cell in record) for record in head):
        raise TableError(EMPTY_FILE, "There is no value in the file.")
    if not chosen:
        _refuse_prose(head, dialect, suffix)
    header = find_header(head, choices.header)
    width = _width(head[header.start :], header)
    kinds = tuple(kinds_of(head[header.first_row :], width))
    top = head[: header.first_row]
    is_plain_top = all(record and not any("\n" in cell or "\r" in cell for cell in record) for record in top)
    text_table = TextTable(path, encoding, dialect, header, width, kinds)
    body = measure(path, encoding, dialect, dialect.skip + header.first_row) if is_plain_top else None
    return (body and _straight(text_table, body, folder)) or _scanned(text_table, body, folder)


def _straight(table: TextTable, body: Body, folder: Path) -> Table | None:
    """The table as DuckDB would read it by itself, if every line may be a row; the tally tells whether it is."""
    top = table.dialect.skip + table.header.first_row
    last = last_records(table.path, table.dialect, min(KEPT, body.lines))
    if last is None or table.width < 2:
        return None
    lines = top + body.lines
    numbered = enumerate(last, lines - len(last))
    footer = find_footer(
        [(line - table.dialect.skip, line + 1, record) for line, record in numbered], table.width, table.kinds
    )
    if footer.records:
        return None
    scan = Scan(table.width, table.kinds)
    with closing(table.records(scan)) as records:
        scan.widths.update(len(record) for _, record in itertools.islice(records, table.header.first_row))
    scan.rows, scan.records = body.lines, lines
    scan.widths[table.width] += body.lines
    relation: Relation | None = _as_it_is(table)
    if table.width > GROUP:
        relation = divide(table.path, folder, table.dialect, table.width, top)
    if relation is None:
        return None
    found = _table(table, Found(scan, footer), relation)
    found.tally = body.tally(table.dialect, table.header.names, table.width, body.lines)
    found.spare = lambda: _scanned(table, body, folder)
    found.lines_of = None
    return found


def _scanned(table: TextTable, body: Body | None, folder: Path) -> Table:
    """The table after every record was read by our own rules."""
    found = _scan(table)
    scan, problems = found.scan, found.scan.problems
    mended = problems.undecodable or problems.nul or problems.marks or scan.ragged or scan.trailing or scan.blank
    quotes = scan.open_quotes.count or scan.mended.count or scan.comments.count or scan.repeated.count or scan.marked
    if body is None or mended or quotes or found.footer.records or not scan.rows:
        return _table(table, found, _copy(table, found.footer, folder))
    straight = _table(table, found, _as_it_is(table))
    straight.tally = body.tally(table.dialect, table.header.names, table.width, scan.rows)
    # For what DuckDB's reader and ours see differently.
    straight.spare = lambda: _table(table, found, _copy(table, found.footer, folder))
    return straight


def _table(table: TextTable, found: Found, relation: Relation) -> Table:
    dialect, scan = table.dialect, found.scan
    return Table(
        format={"\t": "tsv", "|": "psv"}.get(dialect.delimiter or "", "csv") if not dialect.layout else "text",
        names=column_names(table.header.names, table.width),
        relation=relation,
        rows=scan.rows,
        facts=_facts(table, scan),
        problems=_problems(scan),
        notes=[*table.encoding.notes, *table.header.notes, *text_notes(dialect, scan, found.footer)],
        lines_of=partial(_lines_of, table, found.footer),
    )


def _head(path: Path, encoding: Encoding, dialect: Dialect) -> list[list[str]]:
    """The first records; read once more with the usual width when their quotes need to be mended."""
    width, kinds, head = 0, tuple[str | None, ...](), list[list[str]]()
    for _ in range(2):
        scan = Scan(width, kinds)
        with open_text(path, encoding, dialect.newline) as text:
            numbered = list(_first(records_of(text, dialect, scan)))
        head = [record for _, record in numbered]
        broken = {*scan.mended.lines, *scan.open_quotes.lines}
        if not broken and not scan.marked and not any(_has_lines(record) for record in head):
            break
        width = usual_width([record for line, record in numbered if line not in broken] or head)
        kinds = tuple(kinds_of(head, width))
    return head


def _first(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    """So many records as are looked at: fewer of a wide table."""
    cells = 0
    for number, found in enumerate(itertools.islice(records, SAMPLE_RECORDS)):
        yield found
        cells += len(found[1])
        if cells > SAMPLE_CELLS and number > LEAST_RECORDS:
            return


def _has_lines(record: list[str]) -> bool:
    return any("\n" in cell for cell in record)


def _width(records: list[list[str]], header: Header) -> int:
    width = max(usual_width(records), len(header.names))
    # Where every line ends with a delimiter, no column follows it.
    while width > 1 and len(records) > 1 and not any("".join(record[width - 1 : width]).strip() for record in records):
        width -= 1
    if width > MAX_COLUMNS:
        raise TableError(NOT_A_TABLE, f"The table has {width:,} columns; {MAX_COLUMNS:,} are the most that are read.")
    return max(1, width)


def _scan(table: TextTable) -> Found:
    """Read every record once and note what does not fit."""
    scan = Scan(table.width, table.kinds)
    width, widths, first_row, names = scan.width, scan.widths, table.header.first_row, table.header.names
    plain, last = 0, deque[tuple[int, int, list[str]]](maxlen=KEPT)
    for index, (line, record) in enumerate(table.records(scan)):
        last.append((index, line, record))
        if index < first_row:
            widths[len(record)] += 1
        elif len(record) == width and record != names and (record[0] or width < 2 or any(record)):
            plain += 1
        else:
            widths[len(record)] += 1
            _note_odd(table, scan, line, record)
    scan.rows += plain
    if plain:
        widths[width] += plain
    scan.records = sum(widths.values())
    footer = find_footer([each for each in last if each[0] >= first_row], table.width, table.kinds)
    _forget(table, scan, footer)
    return Found(scan, footer)


def _note_odd(table: TextTable, scan: Scan, line: int, record: list[str]) -> None:
    if not any(record) and (not record or table.width > 1):
        scan.blank += 1
    elif table.is_left_out(record):
        scan.comments.add(line)
    elif table.repeats_header(record):
        scan.repeated.add(line)
    else:
        scan.rows += 1
        _note_ragged(scan, line, record)


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


def _forget(table: TextTable, scan: Scan, footer: Footer) -> None:
    """What stands below the table is no row of it, and nothing is odd about it."""
    below = Scan(table.width)
    for line, record in footer.records:
        _note_odd(table, below, line, record)
    for counted in ("rows", "blank", "trailing", "ragged"):
        setattr(scan, counted, getattr(scan, counted) - getattr(below, counted))
    for mine, others in ((scan.comments, below.comments), (scan.repeated, below.repeated)):
        mine.count -= others.count
    if footer.records:
        scan.ragged_rows = [row for row in scan.ragged_rows if row["line"] < footer.line]


def _as_it_is(table: TextTable) -> Relation:
    """The file itself, for DuckDB."""
    dialect, quote = table.dialect, table.dialect.quote or '"'
    return read_csv(
        [table.path],
        table.width,
        delimiter=dialect.delimiter or ",",
        quote=quote,
        escape=dialect.escape or quote,
        skip=dialect.skip + table.header.first_row,
        newline=dialect.newline,
    )


def _copy(table: TextTable, footer: Footer, folder: Path) -> Relation:
    """The same rows in our own dialect."""
    parts = Parts(folder, table.width)
    parts.write(record for _, record in _rows(table, footer))
    return parts.relation()


def _rows(table: TextTable, footer: Footer) -> Iterator[tuple[int, list[str]]]:
    """The rows of data with their lines."""
    records = table.records(Scan(table.width, table.kinds))
    for line, record in itertools.islice(records, table.header.first_row, footer.index):
        if not table.is_left_out(record) and not table.repeats_header(record):
            yield line, record


def _lines_of(table: TextTable, footer: Footer, rows: Sequence[int]) -> list[int]:
    """The lines of some rows, found by reading the file again up to the last of them."""
    wanted = set(rows)
    beginning = itertools.islice(_rows(table, footer), max(wanted, default=-1) + 1)
    lines = {row: line for row, (line, _) in enumerate(beginning) if row in wanted}
    return [lines.get(row, 0) for row in rows]


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
    if suffix not in SUFFIXES and not dialect.layout and (even < 0.5 or width <= 3) and words > 2.5:
        raise TableError(NOT_A_TABLE, "The file is text without columns.")


def _facts(table: TextTable, scan: Scan) -> dict[str, Any]:
    dialect = table.dialect
    delimiter = dialect.delimiter or (dialect.layout.delimiter if dialect.layout else None)
    common = scan.widths.most_common(MOST_WIDTHS)
    return {
        "encoding": table.encoding.name,
        "bom": table.encoding.bom,
        "delimiter": delimiter,
        "delimiter_name": NAMES.get(delimiter or "", delimiter) if not dialect.layout else dialect.layout.name,
        "quote": dialect.quote,
        "escape": dialect.escape,
        "newline": {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[dialect.newline],
        "header": table.header.lines > 0,
        "header_lines": table.header.lines,
        "preamble_lines": dialect.skip + table.header.start,
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
        "unclosed_quotes": scan.open_quotes.count,
        "unclosed_quote_lines": scan.open_quotes.lines,
    }
