"""Reading a result sheet: from the path of a PDF to its swims. What runs in sandboxed children."""

from __future__ import annotations

import gc
from collections.abc import Callable

from app.extractions import easywk, hytek, omega, other_reports
from app.extractions.layout import PageLines, reading_order
from app.extractions.sheet_text import Probe, write_sheet
from app.extractions.swims import Sheet
from app.extractions.words import opened, read_pages

# A layout is a module with `recognises` and `read`; the first that recognises the sheet reads it.
_LAYOUTS: list[tuple[Callable[[list[PageLines]], bool], Callable[[list[PageLines]], Sheet]]] = [
    (other_reports.recognises, other_reports.read),
    (easywk.recognises, easywk.read),
    (omega.recognises, omega.read),
    (other_reports.recognises_lists, other_reports.read),
    (hytek.recognises, hytek.read),
]


def read_sheet(path: str) -> Sheet:
    """The sheet in the PDF at `path`.

    A sheet in an unknown layout has no swims and says why in `reason`. Raises `SheetError` for a file without readable
    text and `OSError` when there is no file. Bound by the processor and not safe in threads, as PDFium is not; run it
    in a process.
    """
    pages = reading_order(read_pages(path))
    for recognises, read in _LAYOUTS:
        if recognises(pages):
            return read(pages)
    reason = "This sheet is not in a layout Tranche reads yet."
    return Sheet(None, None, None, "unknown", len(pages), reason=reason)


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
