"""What batches are to be handed over to, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.batches.models import Timestamp
from app.kit.db import Base

KEY: Final = "hand-over"
"""The pipeline that carries it out."""


class HandOver(Base):
    """The other systems that a batch asked for. Batches that asked for none have no row."""

    __tablename__ = "hand_overs"
    __table_args__ = (Index("ix_hand_overs_waiting", "batch_id", postgresql_where=text("started_at is null")),)

    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True)
    auto_upload_enabled: Mapped[bool] = mapped_column(Boolean)
    """To Dropbox."""
    monday_sync_enabled: Mapped[bool] = mapped_column(Boolean)
    dropbox_directory_id: Mapped[str | None] = mapped_column(String(255))
    monday_item_id: Mapped[str | None] = mapped_column(String(255))
    started_at: Mapped[datetime | None] = mapped_column(Timestamp)
