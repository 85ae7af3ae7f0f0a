"""Reads XLSX, XLSM, XLS and ODS. The library loads whole sheets, so what a file unpacks to is measured before."""

from __future__ import annotations

import re
import zipfile
import zlib
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from app.reports.choices import GUESS, Choices
from app.reports.readers.other_files import zip_refusal
from app.reports.readers.rows import table_of_rows
from app.reports.readers.table import Table
from app.reports.table_errors import (
    EMPTY_FILE,
    FILE_ENCRYPTED,
    FILE_UNREADABLE,
    RESOURCE_LIMIT,
    SHEET_NOT_FOUND,
    TableError,
)

MAX_UNPACKED: Final = 256 * 1024 * 1024
MAX_CELLS: Final = 10_000_000
"""The library keeps 24 bytes for each cell of the rectangle that the used cells span."""
MAX_RATIO, RATIO_COUNTS_FROM = 300, 8 * 1024 * 1024
CHUNK: Final = 1 << 20
MOST_SHEETS: Final = 200
_PLACE: Final = re.compile(rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]{1,3})(\d{1,7})"')
_ERRORS = (CalamineError, OSError, ValueError, IndexError, zipfile.BadZipFile, zlib.error)


def workbook_kind(path: Path) -> str | None:
    """`xlsx`, `xlsm`, `xlsb`, `ods` or `xls` by content; None when it is none of them. Raises TableError for others."""
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if not magic.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise TableError(FILE_UNREADABLE, "The workbook is broken or cut off.") from None
    if "xl/workbook.xml" in names:
        return "xlsm" if "xl/vbaProject.bin" in names else "xlsx"
    if "xl/workbook.bin" in names:
        return "xlsb"
    if "content.xml" in names:
        return "ods"
    if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
        return "xlsx"
    raise zip_refusal(archive.namelist())


def check_size(path: Path, kind: str) -> None:
    """Unpack every part without keeping it; raises TableError (`RESOURCE_LIMIT`) as soon as it is too much."""
    if kind == "xls":
        return
    packed, total = path.stat().st_size, 0
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise _too_large()
            for entry in entries:
                if entry.flag_bits & 1:
                    raise TableError(FILE_ENCRYPTED, "The workbook asks for a password.")
                is_sheet = "worksheets/" in entry.filename or entry.filename == "content.xml"
                widest, lowest, tail = 0, 0, b""
                with archive.open(entry) as part:
                    while piece := part.read(CHUNK):
                        total += len(piece)  # counted: what an entry says of itself may be a lie
                        if total > MAX_UNPACKED or (total > RATIO_COUNTS_FROM and total > packed * MAX_RATIO):
                            raise _too_large()
                        if is_sheet:
                            joined = tail + piece
                            widest, lowest = _extent(joined, widest, lowest)
                            tail = joined[-200:]
                if widest * lowest > MAX_CELLS:
                    raise _too_large(f"A sheet spans {lowest:,} rows and {widest:,} columns")
    except _ERRORS as error:
        raise TableError(FILE_UNREADABLE, f"The workbook is broken: {error}.") from None


def _extent(piece: bytes, widest: int, lowest: int) -> tuple[int, int]:
    for letters, row in _PLACE.findall(piece):
        number = 0
        for letter in letters:
            number = number * 26 + letter - 64
        widest, lowest = max(widest, number), max(lowest, int(row))
    return widest, lowest


def _too_large(what: str = "The workbook unpacks to more than can be held") -> TableError:
    return TableError(RESOURCE_LIMIT, f"{what}; {MAX_UNPACKED >> 20} MiB and {MAX_CELLS:,} cells are the limits.")


def read_workbook(path: Path, kind: str, folder: Path, choices: Choices = GUESS) -> Table:
    """The named sheet, or the one with the most cells; every sheet's size is among the facts."""
    check_size(path, kind)
    sheet = choices.sheet
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        sizes = [(name, *_size(book, name)) for name in names[:MOST_SHEETS]]
        if sheet is not None and sheet not in names:
            raise TableError(SHEET_NOT_FOUND, f"There is no sheet {sheet!r}; there are: {', '.join(names[:10])}.")
        chosen = sheet or max(sizes, key=lambda size: size[1] * size[2], default=("", 0, 0))[0]
        if not chosen or not any(rows * columns for _, rows, columns in sizes):
            raise TableError(EMPTY_FILE, "There is no value in the workbook.")
        table = table_of_rows(book.get_sheet_by_name(chosen).iter_rows(), kind, folder, choices)
    except _ERRORS as error:
        if "assword" in str(error) or "ncrypt" in str(error):
            raise TableError(FILE_ENCRYPTED, "The workbook asks for a password.") from None
        if "limit exceeded" in str(error):
            raise _too_large() from None
        raise TableError(FILE_UNREADABLE, f"The workbook is broken: {error}.") from None
    listed = [{"name": name, "rows": rows, "columns": columns} for name, rows, columns in sizes]
    table.facts |= {"sheet": chosen, "sheets": listed}
    return table


def _size(book: CalamineWorkbook, name: str) -> tuple[int, int]:
    sheet = book.get_sheet_by_name(name)
    if sheet.start is None or sheet.end is None:
        return 0, 0
    return sheet.end[0] - sheet.start[0] + 1, sheet.end[1] - sheet.start[1] + 1
