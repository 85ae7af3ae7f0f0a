"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound


class BatchReportNotFound(NotFound):
    """There is no such batch report in your organisation."""

    code = "batch_report_not_found"


class ReportNotFound(NotFound):
    """There is no such report in your organisation."""

    code = "report_not_found"
