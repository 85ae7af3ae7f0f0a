"""Reading a result sheet: from the path of a file to its swims. What runs in sandboxed children."""

from __future__ import annotations

import gc
import io
from contextlib import closing

import pypdfium2 as pdfium

from app.extractions.files import kinds
from app.extractions.files.sources import UnknownKind, head_of, is_other_kind, is_pdf, read_file
from app.extractions.layouts import layouts
from app.extractions.pdf.page import Pages
from app.extractions.pdf.words import opened, read_pages
from app.extractions.printed import read_printed
from app.extractions.sheet_errors import AI_READS_PDF_ONLY, SheetError
from app.extractions.sheet_text import write_sheet
from app.extractions.swims import Sheet

# Children are forked from a server that has imported this module: they need not import these again, which takes 0.1 s.
kinds()
layouts()


def read_sheet(path: str, name: str = "") -> Sheet:
    """The sheet in the file at `path`: a PDF, a file of a kind in `files`, or a ZIP of such files.

    `name` is what the file was called. A sheet in an unknown layout has no swims and says so in `reason`. Raises
    `SheetError` for a file that is no sheet or has no readable text, and `OSError` when there is no file. Bound by the
    processor and not safe in threads, as PDFium is not; run it in a process.
    """
    # What is called a PDF is left to PDFium, which says what is wrong with it.
    if is_pdf(head_of(path)):
        return _read_pdf(path)
    try:
        return read_file(path, name, _read_pdf)
    except UnknownKind:
        if name.lower().endswith(".pdf") or not name:
            return _read_pdf(path)
        raise


def _read_pdf(source: str | bytes) -> Sheet:
    return read_printed(Pages(read_pages(source)))


def read_sheet_text(path: str, name: str = "") -> bytes:
    """The sheet in the file at `path`, as the text of `sheet_text`; takes and raises what `read_sheet` does."""
    gc.disable()  # the child ends with this sheet, and collecting takes a tenth of its time
    return write_sheet(read_sheet(path, name)).encode()


def count_pages(path: str) -> int:
    """How many pages the PDF at `path` has; raises `SheetError` if it cannot be read, or is of another kind."""
    if is_other_kind(path):
        raise SheetError(AI_READS_PDF_ONLY, "The AI provider reads PDF files only; the reader text takes this file.")
    with opened(path) as document:
        return len(document)


def take_pages(path: str, numbers: list[int]) -> bytes:
    """A PDF of these pages, counted from 1, of the one at `path`; raises `SheetError` if it cannot be read."""
    with opened(path) as document, closing(pdfium.PdfDocument.new()) as taken:
        taken.import_pages(document, [number - 1 for number in numbers])
        content = io.BytesIO()
        taken.save(content)
        return content.getvalue()
