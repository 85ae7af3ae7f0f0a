"""Templates of batches, schedules that run them, and every time a schedule was due."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.db import Base
from app.kit.ids import new_id

Timestamp = DateTime(timezone=True)


class Template(Base):
    """A batch to be made again: its options, and where its items come from."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("organisation_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class Schedule(Base):
    """Runs a template at the times of a cron expression in a time zone. `overlap`: what if the last one still runs.

    `next_run_at` is the next time by the expression, `due_at` when it starts if there is a jitter. `failures` are those
    since a run started last.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        CheckConstraint("overlap in ('skip', 'queue', 'allow')", name="overlap"),
        Index("ix_schedules_organisation_id", "organisation_id", "id"),
        Index("ix_schedules_due", "next_run_at", postgresql_where=text("paused_at is null")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    template_id: Mapped[UUID] = mapped_column(ForeignKey("templates.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(Text)
    cron: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    overlap: Mapped[str] = mapped_column(Text, server_default="skip")
    paused_at: Mapped[datetime | None] = mapped_column(Timestamp)
    next_run_at: Mapped[datetime] = mapped_column(Timestamp)
    ends_at: Mapped[datetime | None] = mapped_column(Timestamp)
    jitter_seconds: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[datetime | None] = mapped_column(Timestamp)
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    limit: Mapped[int | None] = mapped_column("item_limit")
    catch_up: Mapped[str] = mapped_column(Text, server_default="once")
    paused_run: Mapped[str] = mapped_column(Text, server_default="holds")
    max_waiting: Mapped[int] = mapped_column(server_default="100")
    last_error: Mapped[str | None] = mapped_column(Text)
    last_error_at: Mapped[datetime | None] = mapped_column(Timestamp)
    failures: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class ScheduleRun(Base):
    """One time that a schedule was due. The key makes it fire once, whoever sees first that it is due."""

    __tablename__ = "schedule_runs"
    __table_args__ = (
        CheckConstraint("status in ('waiting', 'started', 'skipped', 'failed')", name="status"),
        Index("ix_schedule_runs_batch_id", "batch_id", postgresql_where=text("batch_id is not null")),
        Index("ix_schedule_runs_waiting", "schedule_id", postgresql_where=text("status = 'waiting'")),
    )

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True)
    fire_at: Mapped[datetime] = mapped_column(Timestamp, primary_key=True)
    status: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
