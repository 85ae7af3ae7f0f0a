"""Reading a result sheet: from the path of a PDF to its swims. What runs in sandboxed children."""

from __future__ import annotations

import gc
import io
from contextlib import closing

import pypdfium2 as pdfium

from app.extractions.layouts import choose
from app.extractions.pdf.page import Pages
from app.extractions.pdf.words import opened, read_pages
from app.extractions.reading_report import report_on
from app.extractions.sheet_text import write_sheet
from app.extractions.swims import Sheet


def read_sheet(path: str) -> Sheet:
    """The sheet in the PDF at `path`.

    A sheet in an unknown layout has no swims and says in `reason` how many lines look like results. Raises
    `SheetError` for a file without readable text and `OSError` when there is no file. Bound by the processor and not
    safe in threads, as PDFium is not; run it in a process.
    """
    pages = Pages(read_pages(path))
    layout = choose(pages)
    sheet = layout.read(pages) if layout else Sheet(None, None, None, "unknown", len(pages), lines=pages.lines())
    sheet.reading = report_on(sheet, pages.words)
    if layout is None:
        sheet.reason = _reason(sheet.reading["unread"])
    return sheet


def _reason(lines: int) -> str:
    if not lines:
        return "This sheet is not in a layout Tranche reads yet."
    many = "1 line looks like a result" if lines == 1 else f"{lines:,} lines look like results"
    return f"{many}, in a layout Tranche does not read yet."


def read_sheet_text(path: str) -> bytes:
    """The sheet in the PDF at `path`, as the text of `sheet_text`; raises what `read_sheet` does."""
    gc.disable()  # the child ends with this sheet, and collecting takes a tenth of its time
    return write_sheet(read_sheet(path)).encode()


def count_pages(path: str) -> int:
    """How many pages the PDF at `path` has; raises `SheetError` if it cannot be read."""
    with opened(path) as document:
        return len(document)


def take_pages(path: str, numbers: list[int]) -> bytes:
    """A PDF of these pages, counted from 1, of the one at `path`; raises `SheetError` if it cannot be read."""
    with opened(path) as document, closing(pdfium.PdfDocument.new()) as taken:
        taken.import_pages(document, [number - 1 for number in numbers])
        content = io.BytesIO()
        taken.save(content)
        return content.getvalue()
