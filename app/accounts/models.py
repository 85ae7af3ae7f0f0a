"""Invitations: how a person who has no credential yet becomes a user."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id

Timestamp = DateTime(timezone=True)


class Invitation(Base):
    """A code that makes its holder a user, once; only its SHA-256 is kept.

    `created_by` is null for one that was made at the command line.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("role in ('viewer', 'member', 'admin')", name="role"),
        Index("ix_invitations_organisation_id", "organisation_id", "id"),
        Index("ix_invitations_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
