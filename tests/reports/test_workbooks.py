"""Workbooks as people and programs write them: what is hidden, not calculated, rounded, locked or called otherwise."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports.readers.rows import cell_text
from app.reports.table_errors import TableError
from tests.reports.tables import workbook
from tests.reports.test_delimited import profile

ROWS: list[list[Any]] = [["id", "name"], [1, "Ada"], [2, "Bob"], [3, "Cyd"]]
DAY = datetime(2024, 2, 29)


def made(fill: Callable[[Any], None], **options: Any) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, **options})
    fill(book)
    book.close()
    return buffer.getvalue()


def repacked(content: bytes, change: Callable[[str, bytes], tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(*change(name, old.read(name)))
    return buffer.getvalue()


def codes(found: dict[str, Any]) -> list[str]:
    return [each["code"] for each in found["notes"]]


def test_hidden_sheets_are_left_out_named_and_can_be_asked_for(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        for name, count in (("Orders", 3), ("lists", 30), ("secret", 40)):
            sheet = book.add_worksheet(name)
            for row in range(count):
                sheet.write_row(row, 0, ["code", "label"] if not row else [row, f"n{row}"])
            {"lists": sheet.hide, "secret": sheet.very_hidden}.get(name, lambda: None)()

    found = profile(tmp_path, made(fill), "a.xlsx")
    (told,) = found["notes"]
    assert (found["sheet"], found["rows"], told["code"]) == ("Orders", 2, "HIDDEN_SHEETS")
    assert (told["examples"], told["parameter"]) == (["lists (30 x 2)", "secret (40 x 2)"], "sheet")
    assert [sheet["hidden"] for sheet in found["sheets"]] == [False, True, True]
    assert profile(tmp_path, made(fill), "a.xlsx", sheet="secret")["rows"] == 39
    with pytest.raises(TableError, match="SHEET_NOT_FOUND"):
        profile(tmp_path, made(fill), "a.xlsx", sheet="none")


@pytest.mark.parametrize(
    ("last", "rows", "code"),
    [
        ([["Total", 435]], 31, "TOTAL_ROW"),
        ([[], ["Source: the office"]], 30, "FOOTER_LEFT_OUT"),
        ([["(30 rows)"]], 30, "FOOTER_LEFT_OUT"),
    ],
)
def test_what_stands_below_the_rows_is_told(tmp_path: Path, last: list[list[Any]], rows: int, code: str) -> None:
    sheet = [["what", "n"], *([f"item {number}", number] for number in range(30)), *last]
    found = profile(tmp_path, workbook({"Sheet": sheet}), "book.xlsx")
    (said,) = found["notes"]
    assert (found["rows"], said["code"], said["lines"]) == (rows, code, [32])
    assert found["columns"][1]["type"] == "integer"


def test_several_tables_are_said(tmp_path: Path) -> None:
    found = profile(tmp_path, workbook({"small": ROWS[:3], "large": ROWS, "note": [["x"]]}), "a.xlsx")
    assert (found["sheet"], codes(found), found["notes"][0]["examples"]) == (
        "large",
        ["SEVERAL_SHEETS"],
        ["small (3 x 2)"],
    )


def test_formulas_without_a_value_are_told_from_blank_cells(tmp_path: Path) -> None:
    def change(name: str, part: bytes) -> tuple[str, bytes]:
        return name, part.replace(b"<v>0</v>", b"<v></v>").replace(
            b"</f><v></v>", b"</f>", 1
        ) if "sheet1" in name else part

    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "double"])
        for row in range(1, 4):
            sheet.write(row, 0, row)
            sheet.write_formula(row, 1, f"=A{row + 1}*2")

    found = profile(tmp_path, repacked(made(fill), change), "a.xlsx")
    (told,) = found["notes"]
    assert (told["code"], told["count"], told["examples"]) == ("FORMULAS_WITHOUT_VALUES", 3, ["B2", "B3", "B4"])
    assert (found["confidence"], found["columns"][1]["nulls"]) == ("low", 3)
    assert codes(profile(tmp_path, made(fill), "a.xlsx")) == ["FORMULAS_NOT_CALCULATED"]


def test_cells_with_errors_are_missing_and_told(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["n", "share"])
        for row in range(1, 5):
            sheet.write(row, 0, row)
            sheet.write_formula(row, 1, f"=1/A{row + 1}", None, "#DIV/0!" if row == 2 else 1 / row)

    found = profile(tmp_path, made(fill), "a.xlsx")
    (told,) = found["notes"]
    assert (told["code"], told["count"], told["examples"]) == ("ERROR_CELLS", 1, ["B3"])
    assert "#DIV/0!" in told["message"]
    assert (found["columns"][1]["type"], found["columns"][1]["nulls"]) == ("number", 1)


@pytest.mark.parametrize("is_1904", [False, True])
def test_types_are_those_of_the_cells(tmp_path: Path, is_1904: bool) -> None:
    values = [
        ("day", DAY, "yyyy-mm-dd", "date", "2024-02-29"),
        (
            "at",
            DAY + timedelta(hours=14, minutes=29, seconds=59),
            "dd/mm/yyyy hh:mm",
            "timestamp",
            "2024-02-29T14:29:59",
        ),
        ("clock", time(23, 59, 58), "hh:mm:ss", "time", "23:59:58"),
        ("lasted", timedelta(hours=30), "[h]:mm", "integer", 108_000),
        ("share", 0.125, "0.0%", "number", 0.125),
        ("price", 1234.5, '#,##0.00 "EUR"', "number", 1234.5),
        ("zip", "01234", "@", "text", "01234"),
        ("paid", True, "General", "boolean", True),
    ]

    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        for column, (name, value, pattern, *_) in enumerate(values):
            sheet.write(0, column, name)
            for row in (1, 2, 3):
                sheet.write(row, column, value, book.add_format({"num_format": pattern}))

    found = profile(tmp_path, made(fill, date_1904=is_1904), "a.xlsx")
    assert [(column["type"], column["max"]) for column in found["columns"]] == [each[3:] for each in values]
    assert codes(found) == ["DURATIONS"]


def test_long_numbers_keep_the_digits_of_the_file(tmp_path: Path) -> None:
    def change(name: str, part: bytes) -> tuple[str, bytes]:
        return name, part.replace(b"<v>7</v>", b"<v>1234567890123456789</v>").replace(b"<v>8</v>", b"<v>1.5E+18</v>")

    found = profile(tmp_path, repacked(workbook({"s": [["id", "n"], [7, 8], [7, 8]]}), change), "a.xlsx")
    assert found["columns"][0]["max"] == 1234567890123456789
    assert codes(found) == ["DIGITS_LOST"]
    assert found["notes"][0]["examples"][0].startswith("B2")


def test_merged_cells_in_a_header_name_its_columns_and_among_the_rows_are_told(tmp_path: Path) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        sheet.merge_range("B1:C1", "2023")
        sheet.merge_range("D1:E1", "2024")
        sheet.write_row(1, 0, ["Region", "Q1", "Q2", "Q1", "Q2"])
        for row in range(2, 8):
            sheet.write_row(row, 1, [row, row * 2, row * 3, row * 4])
        sheet.merge_range("A3:A5", "North")
        sheet.merge_range("A6:A8", "South")

    found = profile(tmp_path, made(fill), "a.xlsx")
    assert [column["name"] for column in found["columns"]] == ["Region", "2023 Q1", "2023 Q2", "2024 Q1", "2024 Q2"]
    assert [each["examples"] for each in found["notes"] if each["code"] == "MERGED_CELLS"] == [["A3:A5", "A6:A8"]]


@pytest.mark.parametrize(
    "change",
    [
        lambda name, part: (name.replace("xl/", "excel/"), part.replace(b"xl/", b"excel/")),
        lambda name, part: (name.replace("workbook.xml", "book.xml"), part.replace(b"workbook.xml", b"book.xml")),
        lambda name, part: (
            name,
            part.replace(b"schemas.openxmlformats.org/spreadsheetml/2006", b"purl.oclc.org/ooxml"),
        ),
        lambda name, part: (name.replace("/", "\\") if name.startswith("xl/") else name, part),
    ],
)
def test_parts_may_have_other_names(tmp_path: Path, change: Callable[[str, bytes], tuple[str, bytes]]) -> None:
    found = profile(tmp_path, repacked(workbook({"s": ROWS}), change), "a.xlsx")
    assert (found["format"], found["rows"], found["columns"][1]["max"]) == ("xlsx", 3, "Cyd")


def test_the_xml_of_excel_2003(tmp_path: Path) -> None:
    def row(*cells: str) -> str:
        return f"<Row>{''.join(cells)}</Row>"

    def cell(kind: str, text: str, more: str = "") -> str:
        return f'<Cell{more}><Data ss:Type="{kind}">{text}</Data></Cell>'

    rows = [
        row(cell("String", "id"), cell("String", "at"), cell("String", "zip", ' ss:Index="4"')),
        row(cell("Number", "7"), cell("DateTime", "2024-02-29T00:00:00.000"), cell("String", "00123", ' ss:Index="4"')),
        row(cell("Number", "8.50"), cell("Error", "#N/A"), cell("String", "00124", ' ss:Index="4"')),
    ]
    ss = "urn:schemas-microsoft-com:office:spreadsheet"
    content = (
        f'<?xml version="1.0"?><Workbook xmlns="{ss}" xmlns:ss="{ss}"><Worksheet ss:Name="A"><Table>'
        f"{''.join(rows)}</Table></Worksheet></Workbook>"
    )
    found = profile(tmp_path, content.encode(), "a.xls")
    assert [(column["type"], column.get("min")) for column in found["columns"]] == [
        *[("number", 7), ("date", "2024-02-29"), ("empty", None), ("text", "00123")]
    ]
    assert (found["format"], found["sheet"], codes(found)) == ("xls", "A", ["ERROR_CELLS"])
    for broken in (content[:-30], content.replace("</Row>", "", 1)):
        with pytest.raises(TableError, match="FILE_UNREADABLE: The workbook is broken or cut off"):
            profile(tmp_path, broken.encode(), "a.xls")


def ods(content: str, **parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        for name, part in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", part)
    return buffer.getvalue()


def test_locked_and_swollen_workbooks_say_what_they_are(tmp_path: Path) -> None:
    entry = "EncryptedPackage".encode("utf-16-le")
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + entry.ljust(128, b"\0") + bytes(2048)
    cell = '<table:table-cell table:number-columns-repeated="1000" office:value="1"/>'
    swollen = f'<table:table-row table:number-rows-repeated="1000000">{cell}</table:table-row>'
    cases = [
        (locked, "FILE_ENCRYPTED"),
        (ods("<a/>", **{"META-INF__manifest": "<manifest:encryption-data/>"}), "FILE_ENCRYPTED"),
        (ods(swollen), "RESOURCE_LIMIT"),
        (ods("<a/>"), "FILE_UNREADABLE"),
        (ods("<table:table-row><9 /></table:table-row>"), "FILE_UNREADABLE"),
        (workbook({"s": ROWS})[:-40], "FILE_UNREADABLE"),
        (locked.replace(entry, "WordDocument".encode("utf-16-le").ljust(len(entry), b"\0")), "NOT_A_TABLE"),
    ]
    for content, code in cases:
        with pytest.raises(TableError) as caught:
            profile(tmp_path, content, "a.xlsx")
        assert caught.value.code == code


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.floats(-1e12, 1e12).map(lambda number: float(f"{number:.15g}")),
            st.dates(date(1970, 1, 1), date(2100, 1, 1)),
            st.text(st.characters(min_codepoint=48, max_codepoint=122), min_size=1, max_size=8),
        ),
        min_size=2,
        max_size=20,
    )
)
def test_known_values_come_back_as_they_are(tmp_path: Path, rows: list[tuple[float, date, str]]) -> None:
    def fill(book: Any) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["number", "day", "word"])
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for place, (number, when, word) in enumerate(rows, 1):
            sheet.write_number(place, 0, number)
            sheet.write_datetime(place, 1, datetime.combine(when, time()), day)
            sheet.write_string(place, 2, f"w{word}")

    folder = tmp_path / f"case-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    numbers, days, _ = profile(folder, made(fill), "a.xlsx")["columns"]
    assert (float(numbers["min"]), float(numbers["max"])) == (min(row[0] for row in rows), max(row[0] for row in rows))
    assert (days["min"], days["max"]) == (str(min(row[1] for row in rows)), str(max(row[1] for row in rows)))
    assert numbers["distinct"] == len({row[0] for row in rows})


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0.1 + 0.2, "0.30000000000000004"),
        (1e15, "1000000000000000"),
        (1.5e-7, "0.00000015"),
        (3.0, "3"),
        (DAY, "2024-02-29"),
    ],
)
def test_a_cell_as_text(cell: Any, text: str) -> None:
    assert cell_text(cell) == text
