"""What was read off result sheets: whole sheets, kept by content for the next time, and each job's swims."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Integer, Text, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id


class SheetRow(Base):
    """The full reading of one sheet. The same content, extractor and version in one organisation is read once."""

    __tablename__ = "sheets"
    __table_args__ = (UniqueConstraint("organisation_id", "sha256", "extractor", "version"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    sha256: Mapped[str] = mapped_column(Text)
    extractor: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class Extraction(Base):
    """What one job found for one swimmer; it goes with its job."""

    __tablename__ = "extractions"
    __table_args__ = (Index("ix_extractions_organisation_id_swimmer_name", "organisation_id", "swimmer_name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), unique=True)
    sheet_id: Mapped[UUID | None] = mapped_column(ForeignKey("sheets.id", ondelete="SET NULL"), index=True)
    swimmer_name: Mapped[str] = mapped_column(Text)
    meet: Mapped[str | None] = mapped_column(Text)
    dates: Mapped[str | None] = mapped_column(Text)
    course: Mapped[str | None] = mapped_column(Text)
    swims: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
