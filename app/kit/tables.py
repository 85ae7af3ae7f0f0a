"""Tables for spreadsheets, with cells that no spreadsheet takes for a formula, and the same rows as JSON."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final
from xml.sax.saxutils import escape

import orjson

# With the full-width forms, which some spreadsheets read as the plain ones.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CHUNK_BYTES: Final = 1 << 16
_BOM: Final = b"\xef\xbb\xbf"
MAX_XLSX_TEXT: Final = 32_767
"""Longest text of a cell; Excel calls a workbook with a longer one damaged."""
_EXACT: Final = 10**15
"""Excel keeps 15 digits of a number, so longer ones are written as text."""
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOOKS_ESCAPED: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">'
    '<sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_SHEET_HEAD = (
    f'<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)


def safe_cell(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """A CSV file (RFC 4180) in UTF-8 with a byte order mark, which Excel needs to read it as UTF-8."""
    return b"".join(csv_chunks(columns, rows))


def csv_chunks(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The same file in pieces of about 64 KiB."""
    yield _BOM
    text = io.StringIO(newline="")
    writer = csv.writer(text)
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
    """Write an Excel workbook with one sheet, row by row, to a seekable file.

    Texts are written as text cells and made safe as well: a safe cell stays safe when the sheet is saved as CSV.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _HEAD + text.replace("{sheet}", escape(sheet, {'"': "&quot;"})))
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write((_HEAD + _SHEET_HEAD + _xlsx_row(columns)).encode())
            pending, size = list[str](), 0
            for row in rows:
                pending.append(_xlsx_row([row.get(name) for name in columns]))
                size += len(pending[-1])
                if size >= _CHUNK_BYTES:
                    part.write("".join(pending).encode())
                    pending, size = [], 0
            part.write("".join([*pending, "</sheetData></worksheet>"]).encode())


def _xlsx_row(values: Iterable[Any]) -> str:
    return f"<row>{''.join(map(_xlsx_cell, values))}</row>"


def _xlsx_cell(value: Any) -> str:
    match value:
        case None:
            return "<c/>"
        case bool():
            return f'<c t="b"><v>{value:d}</v></c>'
        case int() if abs(value) < _EXACT:
            return f"<c><v>{value}</v></c>"
        case float():
            return f"<c><v>{value!r}</v></c>"
    text = str(value) if isinstance(value, int) else str(safe_cell(value))
    if len(text) > MAX_XLSX_TEXT // 2:  # which is counted in UTF-16
        text = text.encode("utf-16-le")[: 2 * MAX_XLSX_TEXT].decode("utf-16-le", "ignore")
    # A control character has no place in XML: Excel has a notation of its own for it, which is then itself escaped.
    text = _LOOKS_ESCAPED.sub("_x005F_", text)
    text = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text).replace("\r", "_x000D_")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
