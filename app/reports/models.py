"""Reports of files, which outlive the batch they were made in, and views of batches and jobs as batch reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
    column,
    func,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id

PIPELINE_KEY: Final = "data-report"
Timestamp = DateTime(timezone=True)


class Report(Base):
    """What one file holds. The batch and the job may go before it does: it has a time of its own.

    `notes` are those of the file and of its columns, one for each code; reports of the same `shape` have columns of the
    same names; `outline` is what tables are compared by. Reports from before there were notes have none of them.
    """

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("row_count >= 0 and column_count >= 0 and file_size >= 0", name="not_negative"),
        CheckConstraint("confidence in ('high', 'check', 'low')", name="confidence"),
        Index("ix_reports_organisation_id_created_at", "organisation_id", text("created_at desc"), text("id desc")),
        Index(
            *("ix_reports_shape", "organisation_id", "shape", "created_at"),
            postgresql_where=text("shape is not null"),
        ),
        Index("ix_reports_expires_at", "expires_at", postgresql_where=text("expires_at is not null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"), index=True)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"), unique=True)
    file_name: Mapped[str] = mapped_column(Text)
    file_size: Mapped[int] = mapped_column(BigInteger)
    file_type: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str | None] = mapped_column(Text)
    row_count: Mapped[int] = mapped_column(BigInteger)
    column_count: Mapped[int] = mapped_column(Integer)
    processing_time_ms: Mapped[int] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    confidence: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    shape: Mapped[str | None] = mapped_column(Text)
    outline: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)


batch_reports: Final = table(
    "batch_reports",
    column("id", Uuid()),
    column("organisation_id", Uuid()),
    column("name", Text()),
    column("status", Text()),
    column("total_files", Integer()),
    column("successful_files", Integer()),
    column("failed_files", Integer()),
    column("processing_time_ms", BigInteger()),
    column("summary_data", JSONB()),
    column("total_size", BigInteger()),
    column("created_at", Timestamp),
    column("completed_at", Timestamp),
    column("archived_at", Timestamp),
    column("expires_at", Timestamp),
)
"""The view of batch reports over this pipeline's batches."""

batch_report_files: Final = table(
    "batch_report_files",
    column("id", Uuid()),
    column("batch_id", Uuid()),
    column("report_id", Uuid()),
    column("file_name", Text()),
    column("file_size", BigInteger()),
    column("file_type", Text()),
    column("processing_status", Text()),
    column("status", Text()),
    column("stage", Text()),
    column("processing_order", Integer()),
    column("error_code", Text()),
    column("error_message", Text()),
    column("created_at", Timestamp),
    column("started_at", Timestamp),
    column("completed_at", Timestamp),
    column("confidence", Text()),
    column("notes", JSONB()),
)
"""The view of their files over their jobs. What ended without a report is `failed`; `status` says how."""
