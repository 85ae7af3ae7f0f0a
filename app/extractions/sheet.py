"""Reading a result sheet: from the path of a PDF to its swims. What runs in sandboxed children."""

from __future__ import annotations

import gc

from app.extractions.layouts import choose
from app.extractions.pdf.page import Pages
from app.extractions.pdf.words import opened, read_pages
from app.extractions.reading_report import report_on
from app.extractions.sheet_text import Probe, write_sheet
from app.extractions.swims import Sheet


def read_sheet(path: str) -> Sheet:
    """The sheet in the PDF at `path`.

    A sheet in an unknown layout has no swims and says why in `reason`. Raises `SheetError` for a file without readable
    text and `OSError` when there is no file. Bound by the processor and not safe in threads, as PDFium is not; run it
    in a process.
    """
    pages = Pages(read_pages(path))
    layout = choose(pages)
    if layout is None:
        reason = "This sheet is not in a layout Tranche reads yet."
        sheet = Sheet(None, None, None, "unknown", len(pages), reason=reason, lines=pages.lines())
    else:
        sheet = layout.read(pages)
    sheet.reading = report_on(sheet)
    return sheet


def read_sheet_text(path: str) -> bytes:
    """The sheet in the PDF at `path`, as the text of `sheet_text`; raises what `read_sheet` does."""
    gc.disable()  # the child ends with this sheet, and collecting takes a tenth of its time
    return write_sheet(read_sheet(path)).encode()


def probe(path: str) -> Probe:
    """How many pages the PDF at `path` has, and whether they hold text; raises `SheetError` if it cannot be read."""
    with opened(path) as document:
        pages = range(len(document))
        return {
            "pages": len(pages),
            "has_text": any(document[index].get_textpage().get_text_range().strip() for index in pages),
        }
