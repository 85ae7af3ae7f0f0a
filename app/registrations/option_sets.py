"""Files of option sets: what a dish can be ordered with. One row for each option, its set repeated on it."""

from __future__ import annotations

from typing import Final

from app.registrations.delimited import Table, bare
from app.registrations.errors import FileNotReadable
from app.registrations.findings import Findings
from app.registrations.prices import PriceNotReadable, read_price

OPTION_SET_COLUMN: Final = "optionSetName"
ITEMS_COLUMN: Final = "menuItems"
_NO_VALUE: Final = frozenset({"null", "undefined", "nan"})


def check_option_sets(table: Table, findings: Findings) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and the good rows; a row names its set, and its prices are prices. Columns stay as they are."""
    names = {bare(column): column for column in table.columns}
    set_column, items_column = names[bare(OPTION_SET_COLUMN)], names.get(bare(ITEMS_COLUMN))
    if items_column is None:
        raise FileNotReadable("columns_missing", f"This file of option sets has no column {ITEMS_COLUMN}.")
    proper = {set_column: OPTION_SET_COLUMN, items_column: ITEMS_COLUMN}
    priced = [column for column in table.columns if bare(column).endswith(("price", "pricedelta", "pricechange"))]
    rows = []
    for row in table.rows:
        before = findings.error_count
        cells = dict(row.cells)
        for column, value in cells.items():
            if value.lower() in _NO_VALUE:
                cells[column] = ""
                message = f"The word {value} stands for nothing; the cell was emptied."
                findings.repair("null_word", message, line=row.line, column=column, value=value)
        if not cells[set_column]:
            findings.error("option_set_missing", "The row names no option set.", line=row.line, column=set_column)
        for column in priced:
            _check_price(cells, column, row.line, findings)
        if findings.error_count == before:
            if row.lacking:
                message = f"The row ends {row.lacking} cells early; they were left empty."
                findings.repair("row_too_short", message, line=row.line)
            rows.append({proper.get(column, column): value for column, value in cells.items()})
    if not rows and not findings.error_count:
        raise FileNotReadable("no_rows", "The file has a head and no option set.")
    return [proper.get(column, column) for column in table.columns], rows


def _check_price(cells: dict[str, str], column: str, line: int, findings: Findings) -> None:
    text = cells[column]
    if not text:
        return  # an option without a price costs nothing more
    sign = "-" if text.startswith("-") else ""
    try:
        price, repaired = read_price(text.removeprefix("-").removeprefix("+"))
    except PriceNotReadable as error:
        findings.error("price_not_readable", f"{text!r} {error}.", line=line, column=column, value=text)
        return
    cells[column] = sign + price
    if repaired:
        message = f"The price was read as {cells[column]}: {repaired}."
        findings.repair("price_rewritten", message, line=line, column=column, value=text)
