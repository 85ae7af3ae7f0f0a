"""Menu files: every trap of a real menu is a clear error with its line, or a repair that is reported.

The columns are those of the menus that restaurants export (16, with images 17 or 20), found by name; what is kept is a
clean CSV file with exactly these columns.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal

from app.kit.schemas import Output
from app.registrations.delimited import Row, Table, bare, plain_csv, read_table, rename_columns
from app.registrations.errors import FileNotReadable
from app.registrations.findings import Finding, Findings
from app.registrations.option_sets import OPTION_SET_COLUMN, check_option_sets
from app.registrations.prices import PriceNotReadable, read_price

MENU_COLUMNS: Final = (
    *("menuID", "menuName", "menuDisplayName", "menuDescription"),
    *("categoryID", "categoryName", "categoryDisplayName", "categoryDescription"),
    *("dishID", "dishName", "dishPrice", "dishType", "dishDescription", "displayName", "printName", "tags"),
)
IMAGE_COLUMNS: Final = ("imageURL", "isCDNImage", "imageCDNID", "imageCDNFilename", "imageExternalURL")
ADDRESS_COLUMNS: Final = ("imageURL", "imageExternalURL")
REQUIRED: Final = ("categoryName", "dishName", "dishPrice")
DISH_TYPES: Final = ("standard", "combo")
NO_VALUE: Final = frozenset({"null", "undefined", "none", "nan", "n/a"})
_KNOWN: Final = {bare(name): name for name in (*MENU_COLUMNS, *IMAGE_COLUMNS)}


class FileReport(Output):
    """What a menu file or a file of option sets holds, and what was found in it."""

    kind: Literal["menu", "option_sets"]
    columns: int
    rows: int
    items: int
    categories: int
    images: int
    tagged: int
    option_sets: int
    errors: list[Finding]
    error_count: int
    repairs: list[Finding]
    repair_count: int


def read_menu_file(data: bytes) -> tuple[FileReport, bytes]:
    """A menu file, or one of option sets: the report, and the clean file of its good rows. Blocks.

    FileNotReadable: it is neither.
    """
    findings = Findings()
    table = read_table(data, findings)
    if any(bare(column) == bare(OPTION_SET_COLUMN) for column in table.columns):
        columns, rows = check_option_sets(table, findings)
        report = _report("option_sets", table, findings, option_sets=len({row[OPTION_SET_COLUMN] for row in rows}))
        return report.model_copy(update={"items": len(rows)}), plain_csv(columns, rows)
    columns, rows = check_menu(rename_columns(table, _KNOWN), findings)
    report = _report(
        "menu",
        table,
        findings,
        items=len(rows),
        categories=len({row["categoryName"] for row in rows}),
        images=sum(any(row.get(column) for column in ADDRESS_COLUMNS) for row in rows),
        tagged=sum(bool(row["tags"]) for row in rows),
    )
    return report, plain_csv(columns, rows)


def _report(kind: Literal["menu", "option_sets"], table: Table, findings: Findings, **counts: int) -> FileReport:
    zero = dict.fromkeys(("items", "categories", "images", "tagged", "option_sets"), 0)
    return FileReport(
        kind=kind,
        columns=len(table.columns),
        rows=table.sent,
        **(zero | counts),
        errors=findings.errors,
        error_count=findings.error_count,
        repairs=findings.repairs,
        repair_count=findings.repair_count,
    )


def check_menu(table: Table, findings: Findings) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and the good rows of a menu; raises FileNotReadable when it is none."""
    if lacking := [column for column in REQUIRED if column not in table.columns]:
        if table.from_json:
            raise FileNotReadable("json_not_csv", "The file is a JSON answer, not CSV, and its rows are no dishes.")
        raise FileNotReadable("columns_missing", f"This is no menu: the head has no column {', '.join(lacking)}.")
    if added := [column for column in MENU_COLUMNS if column not in table.columns]:
        findings.repair("columns_added", f"The head has no {', '.join(added)}; they were added, empty.")
    for column in table.columns:
        if column not in MENU_COLUMNS and column not in IMAGE_COLUMNS:
            findings.repair("column_left_out", "No menu has this column; it was left out.", column=column)
    columns = [*MENU_COLUMNS, *(column for column in IMAGE_COLUMNS if column in table.columns)]
    rows = [checked for row in table.rows if (checked := _check_row(row, columns, findings)) is not None]
    if not rows and not findings.error_count:
        raise FileNotReadable("no_rows", "The file has a head and no dish.")
    dishes = Counter((row["categoryName"], row["dishName"], row["dishPrice"]) for row in rows)
    for (category, dish, _), count in dishes.items():
        if count > 1:
            message = f"{dish} is {count} times in {category} at one price; each was kept."
            findings.repair("dish_repeated", message, column="dishName", value=dish)
    return columns, rows


def _check_row(row: Row, columns: list[str], findings: Findings) -> dict[str, str] | None:
    before = findings.error_count
    cells = {column: row.cells.get(column, "") for column in columns}
    for column, value in cells.items():
        if value.lower() in NO_VALUE and (value.lower() != "none" or column not in ("dishName", "categoryName")):
            cells[column] = ""
            message = f"The word {value} stands for nothing; the cell was emptied."
            findings.repair("null_word", message, line=row.line, column=column, value=value)
    for column in ("categoryName", "dishName"):
        if not cells[column]:
            what = "category" if column == "categoryName" else "dish"
            findings.error(f"{what}_missing", f"The row names no {what}.", line=row.line, column=column)
    _check_price(row, cells, findings)
    _check_type(row, cells, findings)
    for column in ADDRESS_COLUMNS:
        if cells.get(column) and not cells[column].lower().startswith(("http://", "https://")):
            message = "This is no web address; the image was left out."
            findings.repair("image_left_out", message, line=row.line, column=column, value=cells[column])
            cells[column] = ""
    if findings.error_count > before:
        return None
    if row.lacking:
        many = "cell" if row.lacking == 1 else "cells"
        findings.repair(
            "row_too_short", f"The row ends {row.lacking} {many} early; they were left empty.", line=row.line
        )
    return cells


def _check_price(row: Row, cells: dict[str, str], findings: Findings) -> None:
    text = cells["dishPrice"]
    try:
        cells["dishPrice"], repaired = read_price(text)
    except PriceNotReadable as error:
        shown = f"{text!r} " if text else "The price "
        findings.error("price_not_readable", f"{shown}{error}.", line=row.line, column="dishPrice", value=text)
        return
    if repaired:
        message = f"The price was read as {cells['dishPrice']}: {repaired}."
        findings.repair("price_rewritten", message, line=row.line, column="dishPrice", value=text)


def _check_type(row: Row, cells: dict[str, str], findings: Findings) -> None:
    text = cells["dishType"]
    kind = text.lower()
    if kind not in ("", *DISH_TYPES):
        message = f"{text!r} is not a type of dish ({' or '.join(DISH_TYPES)}): has a cell been lost before it?"
        findings.error("dish_type_unknown", message, line=row.line, column="dishType", value=text)
        return
    if kind != text:
        findings.repair("dish_type_rewritten", "The type of the dish is written small.", line=row.line, value=text)
    cells["dishType"] = kind or "standard"
