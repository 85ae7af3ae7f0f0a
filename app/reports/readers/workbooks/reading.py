"""Reads XLSX, XLSM, XLSB, XLS and ODS: one sheet, chosen among those that are to be seen, and what is odd about it."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from app.reports.choices import GUESS, Choices
from app.reports.notes import Note, note
from app.reports.readers.json.decoding import Number
from app.reports.readers.rows import table_of_rows
from app.reports.readers.table import Table
from app.reports.readers.workbooks.containers import (
    BROKEN,
    MAX_PART,
    Container,
    relations,
    usual_names,
    without_dimensions,
)
from app.reports.readers.workbooks.scan import SheetScan, column_letters
from app.reports.readers.workbooks.sizes import measure, too_large
from app.reports.readers.workbooks.spreadsheet_xml import read_spreadsheet_xml
from app.reports.table_errors import EMPTY_FILE, FILE_ENCRYPTED, FILE_UNREADABLE, SHEET_NOT_FOUND, TableError

MOST_SHEETS: Final = 200
MOST_SAFE: Final = 2.0**53
ERRORS: Final = frozenset(
    (
        "#N/A",
        "#REF!",
        "#DIV/0!",
        "#VALUE!",
        "#NAME?",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
        "#FIELD!",
    )
)


_DURATION: Final = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:[.,](\d{1,9}))?S)?")
"""How an ODS writes a time or a duration."""


@dataclass(slots=True)
class Sheet:
    """A sheet of a workbook and the rectangle that its cells span, in rows and columns."""

    name: str
    rows: int
    columns: int
    is_hidden: bool

    @property
    def cells(self) -> int:
        return self.rows * self.columns

    def listed(self) -> dict[str, Any]:
        return {"name": self.name, "rows": self.rows, "columns": self.columns, "hidden": self.is_hidden}


def read_workbook(path: Path, container: Container, folder: Path, choices: Choices = GUESS) -> Table:
    """The named sheet, or the visible one with the most cells; every sheet's size is among the facts."""
    measured = measure(path, container)
    if container.kind == "xml":
        return read_spreadsheet_xml(path, folder, choices)
    try:
        path = usual_names(path, container, folder)
        try:
            sheets, chosen, sheet = _choose(_open(path, container, folder), choices.sheet)
        except CalamineError as error:
            if isinstance(error, PasswordError) or container.kind not in ("xlsx", "xlsm"):
                raise
            path = without_dimensions(path, folder)  # a wrong one stops the library, and Excel not
            sheets, chosen, sheet = _choose(_open(path, container, folder), choices.sheet)
        scan = _scan_of(path, container, chosen.name, measured.scans) or SheetScan(is_binary=False)
        cells = _Cells(scan)
        table = table_of_rows(cells.rows(sheet.iter_rows()), container.kind, folder, choices)
    except PasswordError:
        raise TableError(FILE_ENCRYPTED, "The workbook asks for a password.") from None
    except (CalamineError, *BROKEN) as error:
        if "limit exceeded" in str(error):
            raise too_large() from None
        raise TableError(FILE_UNREADABLE, "The workbook is broken or cut off.") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a panic of the library becomes is no Exception
            raise
        raise TableError(FILE_UNREADABLE, "The workbook is broken in a way that cannot be read.") from None
    table.facts |= {"sheet": chosen.name, "sheets": [each.listed() for each in sheets]}
    table.notes = [*_sheet_notes(sheets, chosen, choices.sheet), *cells.notes(), *_merged(sheet, table), *table.notes]
    return table


def _open(path: Path, container: Container, folder: Path) -> CalamineWorkbook:
    """The library goes by the name, and says of a file without one only that it cannot tell what it is."""
    named = folder / f"{path.name}-book.{container.kind}"
    named.symlink_to(path.absolute())
    return CalamineWorkbook.from_path(str(named))


def _choose(book: CalamineWorkbook, wanted: str | None) -> tuple[list[Sheet], Sheet, CalamineSheet]:
    """Every sheet with its size, and the one to read: among the hidden ones only when no other has a value."""
    sheets: list[Sheet] = []
    best: tuple[Sheet, CalamineSheet] | None = None
    for about in book.sheets_metadata[:MOST_SHEETS]:
        if about.typ != SheetTypeEnum.WorkSheet and about.name != wanted:
            continue
        sheet = book.get_sheet_by_name(about.name)
        rows = columns = 0
        if sheet.start is not None and sheet.end is not None:
            rows, columns = sheet.end[0] - sheet.start[0] + 1, sheet.end[1] - sheet.start[1] + 1
        found = Sheet(about.name, rows, columns, about.visible != SheetVisibleEnum.Visible)
        sheets.append(found)
        rank = (found.name == wanted, not found.is_hidden, found.cells)
        if found.cells and (best is None or rank > (best[0].name == wanted, not best[0].is_hidden, best[0].cells)):
            best = found, sheet
    names = [each.name for each in sheets]
    if wanted is not None and wanted not in names:
        raise TableError(SHEET_NOT_FOUND, f"There is no sheet {wanted!r}; there are: {', '.join(names[:10])}.")
    if best is None or (wanted is not None and best[0].name != wanted):
        raise TableError(EMPTY_FILE, "There is no value in the workbook." if wanted is None else "The sheet is empty.")
    return sheets, *best


def _sheet_notes(sheets: Sequence[Sheet], chosen: Sheet, wanted: str | None) -> Iterator[Note]:
    said = {each.name: f"{each.name} ({each.rows:,} x {each.columns:,})" for each in sheets}
    choices = [each.name for each in sheets if each.cells]
    hidden = [each for each in sheets if each.is_hidden and each.cells and each is not chosen]
    if chosen.is_hidden and wanted is None:
        message = f"The visible sheets are empty; the hidden sheet {chosen.name} was read."
        yield note("HIDDEN_SHEETS", message, 1, examples=[said[chosen.name]], parameter="sheet", choices=choices)
    elif hidden:
        message = f"Hidden sheets were left out; {chosen.name} was read."
        examples = [said[each.name] for each in hidden]
        yield note("HIDDEN_SHEETS", message, len(hidden), examples=examples, parameter="sheet", choices=choices)
    others = [
        each for each in sheets if not each.is_hidden and each is not chosen and each.rows > 1 and each.columns > 1
    ]
    if others and wanted is None:
        message = f"The workbook has several tables; the largest sheet, {chosen.name}, was read."
        examples = [said[each.name] for each in others]
        yield note("SEVERAL_SHEETS", message, len(others), examples=examples, parameter="sheet", choices=choices)


def _scan_of(path: Path, container: Container, sheet: str, scans: dict[str, SheetScan]) -> SheetScan | None:
    """What the scan of a sheet's part found. Which part a sheet has, the workbook's own list tells."""
    if len(scans) == 1:
        return next(iter(scans.values()))
    if container.kind not in ("xlsx", "xlsm"):
        return None
    with zipfile.ZipFile(path) as archive:
        names = {name.replace("\\", "/"): name for name in archive.namelist()}
        main = (
            container.main
            if container.main in names
            else posixpath.join(posixpath.dirname(container.main), "workbook.xml")
        )
        place, own = posixpath.split(main)
        listed = ElementTree.fromstring(archive.read(names[main])[:MAX_PART])
        parts = relations(archive.read(names[posixpath.join(place, "_rels", f"{own}.rels")])[:MAX_PART])
    target = {each.get("Id"): each.get("Target", "") for each in parts}
    for element in listed.iter():
        if element.tag.endswith("}sheet") and element.get("name") == sheet:
            identifier = next((value for key, value in element.attrib.items() if key.endswith("}id")), None)
            where = target.get(identifier, "")
            part = where.lstrip("/") if where.startswith("/") else posixpath.normpath(posixpath.join(place, where))
            return scans.get(part)
    return None


class _Cells:
    """The cells of the chosen sheet, with the digits that the library rounds, and what is odd about them."""

    def __init__(self, scan: SheetScan) -> None:
        self._scan = scan
        self._errors = {name: count for name, count in scan.errors.items() if count}
        self._error_places = [*scan.error_places]
        self._rounded = 0
        self._rounded_examples: list[str] = []

    def rows(self, rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
        long = self._scan.long
        for number, row in enumerate(rows, 1):
            for place, cell in enumerate(row):
                if type(cell) is float:
                    if not -MOST_SAFE < cell < MOST_SAFE:
                        row[place] = self._whole(cell, f"{column_letters(place)}{number}")
                    elif long and (digits := long.get(f"{column_letters(place)}{number}")):
                        row[place] = Number(digits)
                elif type(cell) is str and cell[:2] == "PT" and (found := _DURATION.fullmatch(cell)):
                    row[place] = _lasting(found)
                elif type(cell) is str and cell in ERRORS:
                    self._errors[cell] = self._errors.get(cell, 0) + 1
                    if len(self._error_places) < 20:
                        self._error_places.append(f"{column_letters(place)}{number}")
                    row[place] = None
            yield row

    def _whole(self, cell: float, place: str) -> Any:
        if digits := self._scan.long.get(place):
            return Number(digits)
        if cell.is_integer():
            self._rounded += 1
            if len(self._rounded_examples) < 5:
                self._rounded_examples.append(f"{place}: {cell!r}")
        return cell

    def notes(self) -> Iterator[Note]:
        scan = self._scan
        if self._errors:
            kinds = ", ".join(f"{name} ({count:,})" for name, count in self._errors.items())
            message = f"Cells with an error of Excel's count as missing: {kinds}."
            yield note("ERROR_CELLS", message, sum(self._errors.values()), examples=self._error_places)
        if scan.unvalued:
            message = "Formulas without a stored value count as missing. Open the workbook, save it, and send it again."
            yield note("FORMULAS_WITHOUT_VALUES", message, scan.unvalued, examples=scan.unvalued_places)
        elif scan.formulas > 1 and scan.zeros == scan.formulas:
            message = (
                "Every formula has the stored value 0: the program that wrote the workbook did not calculate them."
            )
            yield note("FORMULAS_NOT_CALCULATED", message, scan.formulas)
        if self._rounded:
            message = "Whole numbers beyond 2^53: a workbook keeps about 15 digits of them, the last ones may be wrong."
            yield note("DIGITS_LOST", message, self._rounded, examples=self._rounded_examples)


def _lasting(found: re.Match[str]) -> time | timedelta:
    """A time of the day, or what is longer than one."""
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    microseconds = int((found[4] or "0").ljust(6, "0")[:6])
    if hours < 24 and minutes < 60 and seconds < 60:
        return time(hours, minutes, seconds, microseconds)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)


def _merged(sheet: CalamineSheet, table: Table) -> Iterator[Note]:
    """Merged cells below the header, of which only the first has the value."""
    above = int(table.facts.get("preamble_lines", 0)) + int(table.facts.get("header_lines", 0))
    ranges = [(low, high) for low, high in sheet.merged_cell_ranges or () if low[0] >= above and low != high]
    if ranges:
        message = "Merged cells among the rows: only the first cell of each has the value, the others are missing."
        places = [
            f"{column_letters(low[1])}{low[0] + 1}:{column_letters(high[1])}{high[0] + 1}"
            for low, high in sorted(ranges)
        ]
        yield note("MERGED_CELLS", message, len(ranges), examples=places)
