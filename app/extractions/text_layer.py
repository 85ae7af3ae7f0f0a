"""A first look at a PDF, before anything is read from it: how many pages it has, and whether they hold text."""

from __future__ import annotations

import pypdfium2 as pdfium

from app.extractions.sheet_errors import PDF_UNREADABLE, SheetError
from app.extractions.words import open_document


def probe(path: str) -> tuple[int, bool]:
    """How many pages the PDF at `path` has, and whether one of them holds text.

    Raises `SheetError` if it cannot be read.

    Hostile input: run it in a child.
    """
    document = open_document(path)
    try:
        pages = len(document)
        has_text = any(document[index].get_textpage().get_text_range().strip() for index in range(pages))
    except pdfium.PdfiumError as error:
        raise SheetError(PDF_UNREADABLE, "A page of the PDF is broken.") from error
    finally:
        document.close()
    if not pages:
        raise SheetError(PDF_UNREADABLE, "The PDF has no pages.")
    return pages, has_text
