"""What is wrong with a request: the problems that this room answers with."""

from __future__ import annotations

from app.kit.errors import NotFound


class BatchReportNotFound(NotFound):
    code = "batch_report_not_found"


class ReportNotFound(NotFound):
    code = "report_not_found"
