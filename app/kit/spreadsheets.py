"""Tables for spreadsheets, with cells that no spreadsheet takes for a formula, and the same rows as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final

import orjson

# With the full-width forms, which some spreadsheets read as the plain ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CHUNK_BYTES: Final = 1 << 16
_BOM: Final = b"\xef\xbb\xbf"
MAX_XLSX_TEXT: Final = 32_767
"""Longest text of a cell; Excel calls a workbook with a longer one damaged."""
_EXACT: Final = 10**15
"""Excel keeps 15 digits of a number, so longer ones are written as text."""


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A CSV file (RFC 4180) in UTF-8 with a byte order mark, which Excel needs to read it as UTF-8."""
    return b"".join(csv_chunks(columns, rows))


def csv_chunks(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, header: bool = True) -> Iterator[bytes]:
    """The same file in pieces of about 64 KiB. Without its header it goes on where another one ended."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if header:
        yield _BOM
        writer.writerow([safe_cell(name) for name in columns])
    for row in rows:
        writer.writerow(["" if row.get(name) is None else safe_cell(row[name]) for name in columns])
        if text.tell() >= _CHUNK_BYTES:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def json_chunks(rows: Iterable[Any]) -> Iterator[bytes]:
    """A JSON list, one row a line. Rows may be or hold `orjson.Fragment`: JSON that is encoded already."""
    start = b"[\n"
    for row in rows:
        yield start + orjson.dumps(row)
        start = b",\n"
    yield b"\n]\n" if start == b",\n" else b"[]\n"


def write_xlsx(file: IO[bytes], columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, sheet: str) -> None:
    """Write an Excel workbook with one sheet, row by row, to a file.

    Texts are written as text cells and made safe as well: a safe cell stays safe when the sheet is saved as CSV.
    """
    import xlsxwriter  # 3 MB that only a process needs which has made a workbook

    with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
        page = workbook.add_worksheet(sheet)
        page.freeze_panes(1, 0)
        for place, name in enumerate(columns):
            page.write_string(0, place, _text_of(name))
        for line, row in enumerate(rows, 1):
            for place, name in enumerate(columns):
                match row.get(name):
                    case None:
                        pass
                    case bool() as value:
                        page.write_boolean(line, place, value)
                    case int() | float() as value if abs(value) < _EXACT or isinstance(value, float):
                        page.write_number(line, place, value)
                    case value:
                        page.write_string(line, place, _text_of(value))


def _text_of(value: Any) -> str:
    text = str(value) if isinstance(value, int) else str(safe_cell(value))
    if len(text) > MAX_XLSX_TEXT // 2:  # which is counted in UTF-16
        text = text.encode("utf-16-le")[: 2 * MAX_XLSX_TEXT].decode("utf-16-le", "ignore")
    return text
