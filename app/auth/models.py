"""Organisations, their users, and the credentials that prove who calls."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Double, ForeignKey, Index, Interval, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id


class Organisation(Base):
    """A tenant: every row a caller can reach belongs to one. `batch_life`: how long its batches are kept by default.

    `time_zone` is an IANA name, whose days are in the names of batches. `naming` is what it says of the names of its
    files: words for views, and who is a customer. `members_manage_all`: members manage what others made as well.
    `disabled_at`: since when nobody of it gets in and nothing of it starts, until an operator enables it again.
    """

    __tablename__ = "organisations"
    __table_args__ = (CheckConstraint("weight between 0.01 and 100", name="weight"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text, unique=True)
    batch_life: Mapped[timedelta | None] = mapped_column(Interval)
    time_zone: Mapped[str] = mapped_column(Text, server_default="UTC")
    naming: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    weight: Mapped[float] = mapped_column(Double, default=1.0, server_default=text("1"))
    members_manage_all: Mapped[bool] = mapped_column(server_default=text("false"))
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class User(Base):
    """A person or a program of an organisation. `operator`: may operate the installation as well.

    One that was deactivated can no longer sign in; what they made stays. `signed_out_at`: everywhere, the last time.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role in ('viewer', 'member', 'admin')", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text, default="member")
    operator: Mapped[bool] = mapped_column(server_default=text("false"))
    signed_out_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    deactivated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class ApiKey(Base):
    """A key for programs; only its SHA-256 is kept. `hint` are its last characters, for people to tell keys apart.

    `scopes` are the permissions it is narrowed to, `pipelines` the keys of the pipelines whose batches it opens;
    null is all that its user may. `parent_id` is the key that it was made with, which it never outlives.
    """

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("scopes <@ array['read', 'submit', 'manage', 'admin']", name="scopes"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hint: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    pipelines: Mapped[list[str] | None] = mapped_column(ARRAY(Text))


class Session(Base):
    """A browser that signed in (`kind` = browser), or a link that can sign one in, once (`kind` = link).

    `key_id` is the key that opened it, with whose rights it acts and with which it ends. `idle_ends_at` moves on while
    it is used; at `expires_at` it ends in any case. `device` is a short name such as "Firefox on Linux",
    `client_address` where it was opened.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("kind in ('browser', 'link')", name="kind"),
        Index("ix_sessions_expires_at", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    key_id: Mapped[UUID | None] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    device: Mapped[str | None] = mapped_column(Text)
    client_address: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    idle_ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
