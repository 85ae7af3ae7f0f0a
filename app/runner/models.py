"""The processes that run jobs, so that a dead one is noticed and a person can see who works."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, Text, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base

SILENT_AFTER: Final = timedelta(seconds=10)
"""Five missed heartbeats: such a worker is not counted on any more, and the sweeper takes it for dead."""


class Worker(Base):
    """One process. `seen_at` is its heartbeat, by the database's clock; `id` is also its name in the engine.

    `waits` is for what running jobs wait: by the ids of their batches, as `waits.py` has it. `boot_id`,
    `namespaces` and `start_ticks` say which process it is, as `identity.py` has it, or are null.
    """

    __tablename__ = "workers"
    __table_args__ = (CheckConstraint("slots >= 1 and running >= 0", name="slots"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(Text)
    pid: Mapped[int] = mapped_column(Integer)
    slots: Mapped[int] = mapped_column(Integer)
    running: Mapped[int] = mapped_column(Integer, server_default="0")
    waits: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    boot_id: Mapped[UUID | None]
    namespaces: Mapped[str | None] = mapped_column(Text)
    start_ticks: Mapped[int | None] = mapped_column(BigInteger)
