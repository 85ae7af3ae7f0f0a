"""What the service asks of a child about a PDF. Only the child loads PDFium and the layouts."""

from __future__ import annotations

import gc
from typing import Final, TypedDict

from app.extractions.sheet_text import NoSheet, check_sheet, write_sheet
from app.kit.sandbox import SandboxCrashed

EXTRACTOR: Final = "result-sheets"
VERSION: Final = 3
"""Goes up whenever the same PDF would give another answer."""


class Probe(TypedDict):
    pages: int
    has_text: bool


def read_sheet_text(path: str) -> bytes:
    """The sheet in the PDF at `path`, as the text of `sheet_text`; raises what `sheet.read_sheet` does."""
    from app.extractions.sheet import read_sheet

    gc.disable()  # the child ends with this sheet, and collecting takes a tenth of its time
    return write_sheet(read_sheet(path)).encode()


def checked(answer: bytes) -> str:
    """What the child answered, if it is a sheet: a child that has read a hostile file may answer anything."""
    try:
        text = answer.decode()
        check_sheet(text)
    except (UnicodeDecodeError, NoSheet) as error:
        raise SandboxCrashed("The reader answered with something that is not a sheet.") from error
    return text


def probe(path: str) -> Probe:
    """How many pages the PDF at `path` has, and whether they hold text; raises `SheetError` if it cannot be read."""
    from app.extractions.text_layer import probe as probe_text_layer

    pages, has_text = probe_text_layer(path)
    return {"pages": pages, "has_text": has_text}
