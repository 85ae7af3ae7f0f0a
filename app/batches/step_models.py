"""What a job leaves behind: its steps, its result files, and the events of its batch."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.batches.models import Timestamp
from app.batches.states import STEP_STATUSES, STEP_TERMINAL, sql_list
from app.kit.db import Base


class JobStep(Base):
    """One step of one job: written when the job is, so that what is still to come can be seen."""

    __tablename__ = "job_steps"
    __table_args__ = (
        CheckConstraint(f"status in ({sql_list(STEP_STATUSES)})", name="status"),
        CheckConstraint(
            f"(status in ({sql_list(STEP_TERMINAL)})) = (completed_at is not null)", name="terminal_has_time"
        ),
        CheckConstraint("status <> 'failed' or error_code is not null", name="failed_has_code"),
        CheckConstraint("position >= 0 and attempts >= 0", name="not_negative"),
        Index("ix_job_steps_inherited_from", "inherited_from", postgresql_where=text("inherited_from is not null")),
        {"postgresql_with": {"fillfactor": 75, "autovacuum_vacuum_scale_factor": 0.05}},
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    depends_on: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    skip_if_failed: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    inherited_from: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    output: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    error_code: Mapped[str | None] = mapped_column(Text)
    error_message: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None] = mapped_column(Timestamp)
    completed_at: Mapped[datetime | None] = mapped_column(Timestamp)


class JobOutput(Base):
    """A result file of a job, by name."""

    __tablename__ = "job_outputs"
    __table_args__ = (Index("ix_job_outputs_file_id", "file_id"),)

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("files.id"))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class LogRow(Base):
    """One line of a batch's log, as it is stored. Ids run from 1 without a hole, in commit order.

    Events of jobs are written in a short form: `kind` (`short_events.py`), `sequence`, `attempt`, `stage` where it is
    not the step, `tally`, and `data` only where there is more to say. All others have `type`, `job_id`, `data` and
    `counters`. Partitions are by the month in which the batch was made, which its id tells (docs/decisions/0036).
    """

    __tablename__ = "event_log"
    __table_args__ = (
        CheckConstraint("num_nonnulls(type, kind) = 1", name="form"),
        {"postgresql_partition_by": "range (batch_id)"},
    )

    # No foreign key: ids come from an update of the batch's row in the same statement, and no table is hotter.
    # Columns of a fixed width come first, the widest before the others, so that none is padded.
    batch_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    sequence: Mapped[int | None] = mapped_column(Integer)
    attempt: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[int | None] = mapped_column(SmallInteger)
    step: Mapped[str | None] = mapped_column(Text)
    stage: Mapped[str | None] = mapped_column(Text)
    tally: Mapped[str | None] = mapped_column(Text)
    type: Mapped[str | None] = mapped_column(Text)
    job_id: Mapped[UUID | None] = mapped_column()
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    counters: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    actor: Mapped[str | None] = mapped_column(Text)


class Event(Base):
    """One line of a batch's log, as the view `events` shows it whatever its form: to read, where speed matters little.

    `data` is what is particular to it; `counters` are the batch's after the event's transaction, in the order of
    `states.COUNTERS`.
    """

    __table__ = Table(
        "events",
        MetaData(),  # of its own: no model makes a view
        Column("batch_id", Uuid, primary_key=True),
        Column("id", BigInteger, primary_key=True),
        Column("type", Text, nullable=False),
        Column("job_id", Uuid),
        Column("step", Text),
        Column("data", JSONB, nullable=False),
        Column("counters", ARRAY(Integer), nullable=False),
        Column("actor", Text),
        Column("created_at", Timestamp, nullable=False),
    )

    batch_id: Mapped[UUID]
    id: Mapped[int]
    type: Mapped[str]
    job_id: Mapped[UUID | None]
    step: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    counters: Mapped[list[int]]
    actor: Mapped[str | None]
    created_at: Mapped[datetime]
