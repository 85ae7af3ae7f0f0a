"""Reads the XML that Excel 2003 and many reporting tools write under the name .xls (SpreadsheetML)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

from app.reports.choices import Choices
from app.reports.notes import note
from app.reports.readers.json.decoding import Number
from app.reports.readers.rows import table_of_rows
from app.reports.readers.table import Table
from app.reports.table_errors import EMPTY_FILE, FILE_UNREADABLE, RESOURCE_LIMIT, SHEET_NOT_FOUND, TableError

_SS: Final = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL: Final = "{urn:schemas-microsoft-com:office:excel}"
MAX_COLUMNS, MAX_CELLS = 16_384, 10_000_000


class _Sheets:
    """Passes through the file: the sizes of all sheets, or the rows of one."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.errors: Counter[str] = Counter()

    def sizes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for name, row in self._rows(None):
            if name is not None:
                found.append({"name": name, "rows": 0, "columns": 0, "hidden": False})
            elif row is None:
                found[-1]["hidden"] = True
            else:
                found[-1]["rows"] += 1
                found[-1]["columns"] = max(found[-1]["columns"], len(row))
                if found[-1]["rows"] * found[-1]["columns"] > MAX_CELLS:
                    raise TableError(RESOURCE_LIMIT, f"A sheet has more than {MAX_CELLS:,} cells.")
        return found

    def rows(self, place: int) -> Iterator[list[Any]]:
        self.errors.clear()
        for _, row in self._rows(place):
            if row is not None:
                yield row

    def _rows(self, wanted: int | None) -> Iterator[tuple[str | None, list[Any] | None]]:
        """Sheets by their names, each followed by its rows; a name of None and no row: the sheet is hidden."""
        sheet, number = -1, 0
        try:
            for event, element in ElementTree.iterparse(self._path, events=("start", "end")):
                if event == "start":
                    if element.tag == f"{_SS}Worksheet":
                        sheet, number = sheet + 1, 0
                        if wanted is None:
                            yield element.get(f"{_SS}Name") or f"Sheet{sheet + 1}", None
                    continue
                if element.tag == f"{_SS}Row" and wanted in (None, sheet):
                    index = _index(element, number)
                    if index - number > MAX_CELLS:
                        raise TableError(RESOURCE_LIMIT, f"A sheet has more than {MAX_CELLS:,} cells.")
                    for _ in range(index - number):
                        yield None, []
                    yield None, self._cells(element)
                    number = index + 1
                elif element.tag == f"{_EXCEL}Visible" and wanted is None and (element.text or "") != "SheetVisible":
                    yield None, None
                if element.tag in (f"{_SS}Row", f"{_SS}Style", f"{_SS}Table"):
                    element.clear()
        except ElementTree.ParseError:
            raise TableError(FILE_UNREADABLE, "The workbook is broken or cut off.") from None

    def _cells(self, row: ElementTree.Element) -> list[Any]:
        cells: list[Any] = []
        for cell in row.iterfind(f"{_SS}Cell"):
            index = _index(cell, len(cells))
            if index >= MAX_COLUMNS:
                break
            cells += [None] * (index - len(cells))
            data = cell.find(f"{_SS}Data")
            cells.append(None if data is None else self._value(data))
            cells += [None] * min(int(_whole(cell.get(f"{_SS}MergeAcross")) or 0), MAX_COLUMNS - len(cells))
        return cells

    def _value(self, data: ElementTree.Element) -> Any:
        text, kind = "".join(data.itertext()), data.get(f"{_SS}Type")
        if kind == "Number":
            return Number(text.strip())
        if kind == "Boolean":
            return text.strip() == "1"
        if kind == "Error":
            self.errors[text.strip()] += 1
            return None
        if kind == "DateTime":
            try:
                return datetime.fromisoformat(text.strip())
            except ValueError:
                return text
        return text


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 10 else None


def _index(element: ElementTree.Element, following: int) -> int:
    """The place (from 0) that a row or cell has: the one that it names, else the next."""
    return max((_whole(element.get(f"{_SS}Index")) or following + 1) - 1, following)


def read_spreadsheet_xml(path: Path, folder: Path, choices: Choices) -> Table:
    """The named sheet, or the visible one with the most cells. Raises TableError."""
    sheets = _Sheets(path)
    sizes = sheets.sizes()
    names = [size["name"] for size in sizes]
    if choices.sheet is not None and choices.sheet not in names:
        raise TableError(SHEET_NOT_FOUND, f"There is no sheet {choices.sheet!r}; there are: {', '.join(names[:10])}.")
    ranked = sorted(
        sizes, key=lambda size: (size["name"] == choices.sheet, not size["hidden"], size["rows"] * size["columns"])
    )
    if not ranked or not ranked[-1]["rows"]:
        raise TableError(EMPTY_FILE, "There is no value in the workbook.")
    chosen = ranked[-1]
    table = table_of_rows(sheets.rows(names.index(chosen["name"])), "xls", folder, choices)
    table.facts |= {"sheet": chosen["name"], "sheets": sizes}
    hidden = [size["name"] for size in sizes if size["hidden"] and size is not chosen and size["rows"]]
    if hidden:
        message = f"Hidden sheets were left out; {chosen['name']} was read."
        table.notes.append(
            note("HIDDEN_SHEETS", message, len(hidden), examples=hidden, parameter="sheet", choices=names)
        )
    if sheets.errors:
        kinds = ", ".join(f"{name} ({count:,})" for name, count in sheets.errors.items())
        message = f"Cells with an error of Excel's count as missing: {kinds}."
        table.notes.append(note("ERROR_CELLS", message, sum(sheets.errors.values())))
    return table
