"""What the service asks of a child about a PDF. Only the child loads PDFium and the layouts."""

from __future__ import annotations

from typing import Any, Final, TypedDict

EXTRACTOR: Final = "result-sheets"
VERSION: Final = 2
"""Goes up whenever the same PDF would give another answer."""


class Look(TypedDict):
    pages: int
    has_text: bool


def read_sheet_data(path: str) -> dict[str, Any]:
    """The sheet in the PDF at `path`, as plain JSON values; raises what `sheet.read_sheet` does."""
    from app.extractions.sheet import read_sheet

    return read_sheet(path).to_dict()


def look_at(path: str) -> Look:
    """How many pages the PDF at `path` has, and whether they hold text; raises `SheetError` if it cannot be read."""
    from app.extractions.text_layer import look

    pages, has_text = look(path)
    return {"pages": pages, "has_text": has_text}
