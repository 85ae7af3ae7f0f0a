"""Pages of words, from a PDF or a web page, as a sheet: by the layout they show most of."""

from __future__ import annotations

from app.extractions.layouts import choose
from app.extractions.pdf.page import Pages
from app.extractions.reading_report import report_on
from app.extractions.swims import Sheet


def read_printed(pages: Pages) -> Sheet:
    """The sheet on the pages, with the report on its reading.

    A sheet in an unknown layout has no swims and says in `reason` how many lines look like results.
    """
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
