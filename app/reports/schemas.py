"""Reply bodies of batch reports, their files, and reports, under the names their clients know."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.kit.schemas import Input, JsonObject, Output
from app.reports.notes import Confidence


class BatchReportLinks(Output):
    self: str
    page: str
    files: str
    reports: str
    batch: str
    events: str
    download: str


class BatchReportRead(Output):
    """One batch of files. `failed_files` counts what ended without a report."""

    id: UUID
    name: str
    status: str
    total_files: int
    successful_files: int
    failed_files: int
    processing_time_ms: int | None
    summary_data: dict[str, Any] | None
    total_size: int
    created_at: datetime
    completed_at: datetime | None
    archived_at: datetime | None
    expires_at: datetime | None
    links: BatchReportLinks


class BatchReportPage(Output):
    batch_reports: list[BatchReportRead]
    next_cursor: str | None


class ReportNote(Output):
    """What was guessed, left out or found odd in a file: one for each code, for the file itself and for its columns.

    `count`: how many values, rows or members it concerns; `columns`: in how many columns, with the first `in_columns`.
    `parameter` is what overrules a guess, `choices` what it may be set to here.
    """

    code: str
    confidence: Confidence
    message: str
    count: int
    columns: int | None = None
    in_columns: list[str] | None = None
    lines: list[int] | None = None
    examples: list[str] | None = None
    parameter: str | None = None
    choices: list[str] | None = None


class BatchReportFileRead(Output):
    """One file of a batch, in the order it was submitted; its id is that of its job. `status` is the job's own word."""

    id: UUID
    batch_id: UUID
    report_id: UUID | None
    file_name: str | None
    file_size: int | None
    file_type: str | None
    processing_status: Literal["pending", "processing", "success", "failed"]
    status: str
    stage: str
    processing_order: int
    error_code: str | None
    error_message: str | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    confidence: Confidence | None
    notes: list[ReportNote] | None


class BatchReportFilePage(Output):
    files: list[BatchReportFileRead]
    next_cursor: str | None


class ReportItem(Output):
    """A report in a list. `confidence` and `notes` are null for one from before there were notes."""

    id: UUID
    batch_id: UUID | None
    job_id: UUID | None
    file_name: str
    file_size: int
    file_type: str
    sha256: str | None
    row_count: int
    column_count: int
    processing_time_ms: int
    created_at: datetime
    expires_at: datetime | None
    batch_name: str | None
    confidence: Confidence | None
    notes: list[ReportNote] | None


class ReportPage(Output):
    reports: list[ReportItem]
    next_cursor: str | None


class ReportRead(ReportItem):
    """A whole report; `data` has the facts of the file, its problems, and every column.

    `earlier_report_id` is the report that it is compared with, unless another one is asked for.
    """

    data: dict[str, Any]
    earlier_report_id: UUID | None


class ComparedReport(Output):
    """One of two reports that are compared."""

    id: UUID
    batch_id: UUID | None
    file_name: str
    file_size: int
    row_count: int
    column_count: int
    created_at: datetime
    confidence: Confidence | None


class CountChange(Output):
    """`change` is the difference as a share of what was before; null when there was nothing."""

    before: int
    after: int
    difference: int
    change: float | None


class NamedColumn(Output):
    name: str
    type: str
    position: int | None


class TypeChange(Output):
    name: str
    before: str
    after: str


class SchemaDrift(Output):
    """Which columns came, went, or changed their type; whether those of both stand in another order."""

    added: list[NamedColumn]
    removed: list[NamedColumn]
    type_changed: list[TypeChange]
    order_changed: bool


class ColumnChange(Output):
    """A column of both reports. `changed` names the members that differ, `drift` those that say what the column is.

    `out_of_range`: its least or greatest value lies beyond those from before.
    """

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    changed: list[str]
    drift: list[str]
    out_of_range: bool


class ReportComparison(Output):
    """A report (`after`) beside an earlier one (`before`). `facts` are those of the files that differ."""

    found_by: Literal["with", "columns", "file_name"]
    before: ComparedReport
    after: ComparedReport
    rows: CountChange
    schema_drift: SchemaDrift
    problems: dict[str, CountChange]
    facts: dict[str, dict[str, Any]]
    columns: list[ColumnChange]


class ReadAgain(Input):
    """What a person decides about the reading of a file; what is not named stays as it was in its batch."""

    params: JsonObject = Field(
        default_factory=dict, description="Parameters of the pipeline data-report, such as decimal or date_order."
    )


class ReportUpdate(Input):
    """How long a report stays, in days from now on."""

    keep_days: int = Field(ge=1, le=3650)


def links_of(batch_id: UUID, root: str) -> BatchReportLinks:
    """Where the parts of a batch report are; `root` stands before each path."""
    own, batch = f"{root}/api/batch-reports/{batch_id}", f"{root}/api/batches/{batch_id}"
    return BatchReportLinks(
        self=own,
        page=f"{own}?format=html",
        files=f"{own}/files",
        reports=f"{root}/api/reports?batch_id={batch_id}",
        batch=batch,
        events=f"{batch}/events",
        download=f"{batch}/download",
    )
