"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound, Problem


class ExtractionNotFound(NotFound):
    """There is no such extraction in your organisation."""

    code = "extraction_not_found"


class PageNotFound(NotFound):
    """The sheet has fewer pages."""

    code = "page_not_found"


class SwimNotFound(NotFound):
    """The extraction has no swim of this number, or it stands on another page."""

    code = "swim_not_found"


class SheetGone(Problem):
    """The file of the sheet is no longer here, or never was, as in a batch that was imported."""

    status, code, title = 410, "sheet_gone", "Sheet gone"

    def __init__(self, detail: str = "The file of this sheet is no longer here.") -> None:
        super().__init__(detail)


class SheetNotPdf(Problem):
    """The sheet is no PDF but a file of results, which has no pages that could be shown."""

    status, code, title = 422, "sheet_not_pdf", "Sheet not a PDF"


class PageNotDrawn(Problem):
    """The page is broken, or takes more time or memory to draw than a page may."""

    status, code, title = 422, "page_not_drawn", "Page not drawn"
