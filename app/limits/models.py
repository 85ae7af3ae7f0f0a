"""What processes count together."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base


class RateCount(Base):
    """How far a key was counted in its window. Unlogged: a crash of the database begins all windows anew."""

    __tablename__ = "rate_counts"
    __table_args__ = (Index("ix_rate_counts_ends_at", "ends_at"), {"prefixes": ["UNLOGGED"]})

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    taken: Mapped[int] = mapped_column(BigInteger)
    ends_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
