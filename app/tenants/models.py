"""Erasures that are under way, so that one that was interrupted goes on."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base

Timestamp = DateTime(timezone=True)


class Erasure(Base):
    """An organisation that is being removed. Without a foreign key: the row outlives it."""

    __tablename__ = "erasures"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
    requested_by: Mapped[str | None] = mapped_column(Text)


class ErasureContent(Base):
    """A content that a removed file named; it is deleted unless another file names it."""

    __tablename__ = "erasure_contents"

    storage_key: Mapped[str] = mapped_column(Text, primary_key=True)
    organisation_id: Mapped[UUID] = mapped_column(index=True)
