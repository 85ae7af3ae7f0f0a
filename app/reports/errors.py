"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound


class BatchReportNotFound(NotFound):
    """There is no such batch report in your organisation."""

    code = "batch_report_not_found"


class BatchReportFileNotFound(NotFound):
    """There is no such file in the batch report."""

    code = "batch_report_file_not_found"


class ReportNotFound(NotFound):
    """There is no such report in your organisation."""

    code = "report_not_found"


class EarlierReportNotFound(NotFound):
    """Your organisation has no earlier report of the same columns, nor of a file of that name. Name one with `with`."""

    code = "earlier_report_not_found"
