"""What was read off result sheets: readings, kept by content for the next time, and each job's swims."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id

PIPELINE_KEY: Final = "pdf-extraction"


class SheetRow(Base):
    """One reading of one content. `subject` is empty for a reading of the whole sheet, else whom it was read for.

    `data` is a JSON string, as it is never looked into here: see `sheet_text`.
    The same content, extractor, version and subject in one organisation is read once; that took `read_ms`.
    """

    __tablename__ = "sheets"
    __table_args__ = (
        UniqueConstraint("organisation_id", "sha256", "extractor", "version", "subject"),
        Index("ix_sheets_organisation_id_used_at", "organisation_id", "used_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(Text)
    extractor: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    subject: Mapped[str] = mapped_column(Text, server_default="")
    data: Mapped[str] = mapped_column(JSONB)
    read_ms: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SheetClaim(Base):
    """Which job is making a reading just now, so that others wait for it instead of making it as well.

    It counts while that job runs under that attempt: one whose worker has died holds nothing.
    """

    __tablename__ = "sheet_claims"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    sha256: Mapped[str] = mapped_column(Text, primary_key=True)
    extractor: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    attempt: Mapped[int] = mapped_column(Integer)


class Extraction(Base):
    """What one job found for one swimmer; it goes with its job. `source` says how it was read.

    `confidence` is that of the reading; those from before there was one have none.

    `swimmer_core` and `swimmer_short` are no longer written; they stay for the version before until the next release.
    """

    __tablename__ = "extractions"
    __table_args__ = (
        CheckConstraint("source in ('text', 'ai')", name="source"),
        CheckConstraint("confidence in ('high', 'check', 'low')", name="confidence"),
        Index("ix_extractions_organisation_id_id", "organisation_id", text("id desc")),
        Index("ix_extractions_organisation_id_swimmer_name", "organisation_id", "swimmer_name", text("id desc")),
        Index("ix_extractions_organisation_id_swimmer_core", "organisation_id", "swimmer_core", "swimmer_name"),
        Index("ix_extractions_organisation_id_swimmer_short", "organisation_id", "swimmer_short", "swimmer_name"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    sheet_id: Mapped[UUID | None] = mapped_column(ForeignKey("sheets.id", ondelete="SET NULL"), index=True)
    swimmer_name: Mapped[str] = mapped_column(Text)
    swimmer_core: Mapped[str] = mapped_column(Text, server_default="")
    swimmer_short: Mapped[str] = mapped_column(Text, server_default="")
    source: Mapped[str] = mapped_column(Text, server_default="text")
    confidence: Mapped[str | None] = mapped_column(Text)
    meet: Mapped[str | None] = mapped_column(Text)
    dates: Mapped[str | None] = mapped_column(Text)
    course: Mapped[str | None] = mapped_column(Text)
    swims: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
