"""What can be wrong with a file before any result in it is looked at."""

from __future__ import annotations

from app.kit.failures import Failure

PDF_UNREADABLE = "PDF_UNREADABLE"
PDF_ENCRYPTED = "PDF_ENCRYPTED"
NO_TEXT_LAYER = "NO_TEXT_LAYER"
FILE_UNREADABLE = "FILE_UNREADABLE"
FILE_ENCRYPTED = "FILE_ENCRYPTED"
RESOURCE_LIMIT = "RESOURCE_LIMIT"
NO_PDF = "NO_PDF"
NO_SUCH_PAGE = "NO_SUCH_PAGE"
AI_READS_PDF_ONLY = "AI_READS_PDF_ONLY"


class SheetError(Failure):
    """A file that cannot be read as a sheet at all, now or at a later try.

    `code` is `PDF_UNREADABLE` (broken, empty or not a PDF), `PDF_ENCRYPTED` (it asks for a password), `NO_TEXT_LAYER`
    (no character on any page, so most likely a scan), `FILE_UNREADABLE` (a result file that is damaged, or a file of no
    kind that is read), `FILE_ENCRYPTED` (a ZIP that asks for a password) or `RESOURCE_LIMIT` (far more pages, rows or
    bytes than a sheet has). For the AI provider it is `AI_READS_PDF_ONLY`.
    When a page is shown, also `NO_PDF` (a file of results) and `NO_SUCH_PAGE`.
    """
