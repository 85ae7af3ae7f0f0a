"""What was asked of many jobs of a batch at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.batches.models import Timestamp
from app.batches.states import JOB_ACTIONS, sql_list
from app.kit.db import Base
from app.kit.ids import new_id


class BulkAct(Base):
    """An action on many jobs, and how far it has come: the jobs up to the sequence `cursor` were looked at.

    `matched` is how many there were when it was asked for; `done` were changed, `unchanged` were there already, and
    `refused` counts the others by reason. What was done is written in the transaction that does it.
    """

    __tablename__ = "bulk_acts"
    __table_args__ = (
        CheckConstraint(f"action in ({sql_list(JOB_ACTIONS)})", name="action"),
        CheckConstraint("cursor >= 0 and matched >= 0 and done >= 0 and unchanged >= 0", name="not_negative"),
        Index("ix_bulk_acts_batch_id", "batch_id"),
        Index("ix_bulk_acts_unfinished", "updated_at", postgresql_where=text("completed_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(Text)
    chosen: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str | None] = mapped_column(Text)
    cursor: Mapped[int] = mapped_column(Integer, server_default="0")
    matched: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer, server_default="0")
    unchanged: Mapped[int] = mapped_column(Integer, server_default="0")
    refused: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    new_batch_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    completed_at: Mapped[datetime | None] = mapped_column(Timestamp)
