"""What processes count together, and what each organisation may have."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id


class RateCount(Base):
    """How far a key was counted in its window. Unlogged: a crash of the database begins all windows anew."""

    __tablename__ = "rate_counts"
    __table_args__ = (Index("ix_rate_counts_ends_at", "ends_at"), {"prefixes": ["UNLOGGED"]})

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    taken: Mapped[int] = mapped_column(BigInteger)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class QuotaLimit(Base):
    """The most of something that an organisation may have; without one, what the installation allows everybody.

    `most` null is no limit.
    """

    __tablename__ = "quota_limits"
    __table_args__ = (
        UniqueConstraint("organisation_id", "quota", postgresql_nulls_not_distinct=True),
        CheckConstraint("most >= 0", name="most"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    quota: Mapped[str] = mapped_column(Text)
    most: Mapped[int | None] = mapped_column(BigInteger)


class QuotaDay(Base):
    """Batches that an organisation has made on a day of its time zone; those that were deleted since count as well."""

    __tablename__ = "quota_days"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    batches: Mapped[int] = mapped_column(BigInteger)


class StorageUse(Base):
    """Bytes of an organisation's contents: as they were measured last, and what was uploaded since."""

    __tablename__ = "storage_use"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    measured_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class StreamSlots(Base):
    """Streams of an organisation that a process has open, or will have: its row counts while it is renewed."""

    __tablename__ = "stream_slots"
    __table_args__ = (CheckConstraint("streams >= 0", name="streams"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    process_id: Mapped[UUID] = mapped_column(primary_key=True)
    streams: Mapped[int] = mapped_column(Integer)
    renewed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class QuotaWarning(Base):
    """The last time that an organisation came near a limit, and whether its administrators were sent a mail of it."""

    __tablename__ = "quota_warnings"
    __table_args__ = (Index("ix_quota_warnings_owed", "warned_at", postgresql_where=text("mailed_at is null")),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    quota: Mapped[str] = mapped_column(Text, primary_key=True)
    used: Mapped[int] = mapped_column(BigInteger)
    most: Mapped[int] = mapped_column(BigInteger)
    warned_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    mailed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tries: Mapped[int] = mapped_column(Integer, server_default=text("0"))
