"""The audit log: who did what, when and from where. Rows are only added; triggers refuse everything else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id


class AuditEntry(Base):
    """One thing that somebody did. `organisation_id` is null for what concerns the whole installation.

    Without foreign keys: an entry outlives what it tells of.
    """

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint("actor_kind in ('user', 'command', 'service', 'anonymous')", name="actor_kind"),
        CheckConstraint("outcome in ('success', 'failure')", name="outcome"),
        Index("ix_audit_log_at", "at", "id"),
        Index("ix_audit_log_organisation_id", "organisation_id", "at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str | None] = mapped_column(Text)
    credential_id: Mapped[UUID | None]
    client_address: Mapped[str | None] = mapped_column(Text)
    user_agent: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    target_kind: Mapped[str | None] = mapped_column(Text)
    target_id: Mapped[str | None] = mapped_column(Text)
    target_name: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
