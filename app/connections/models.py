"""Accounts of outside services that organisations have set up, what they may reach in intranets, and which columns have
no secret in clear any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, ForeignKey, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base

Timestamp = DateTime(timezone=True)


class Connection(Base):
    """One account of one organisation: `sealed` is all of it, encrypted, with the id of the key beside it.

    `hint` are the last characters of its secret, for people to tell accounts apart.
    """

    __tablename__ = "connections"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    hint: Mapped[str | None] = mapped_column(Text)
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    set_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())


class OutboundAllowance(Base):
    """Hosts and networks besides public ones that an organisation's URLs and webhooks may reach."""

    __tablename__ = "outbound_allowances"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    allow: Mapped[list[str]] = mapped_column(ARRAY(Text))
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    set_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())


class SealedMark(Base):
    """A column that was gone through for secrets in clear by certain rules, and whether there is no more to find."""

    __tablename__ = "sealed_marks"

    place: Mapped[str] = mapped_column(Text, primary_key=True)
    rules: Mapped[str] = mapped_column(Text, primary_key=True)
    first_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
    done_at: Mapped[datetime | None] = mapped_column(Timestamp)
