"""Batches and their jobs: the truth that the runner, the stream and the API share."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Connection,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.batches.search import GRAMS_FUNCTION, GRAMS_OF_BATCH
from app.batches.states import BATCH_OPEN, BATCH_STATUSES, BATCH_TERMINAL, JOB_STATUSES, JOB_TERMINAL, sql_list
from app.kit.db import Base
from app.kit.ids import new_id

Timestamp = DateTime(timezone=True)
_LIVE = text("archived_at is null")


class Batch(Base):
    """One submission. Its row is the mutex of everything below it, and hands out the event ids."""

    __tablename__ = "batches"
    __table_args__ = (
        CheckConstraint(f"status in ({sql_list(BATCH_STATUSES)})", name="status"),
        CheckConstraint("execution_mode in ('sequential', 'parallel')", name="execution_mode"),
        CheckConstraint(
            "pending_jobs >= 0 and running_jobs >= 0 and completed_jobs >= 0 and failed_jobs >= 0"
            " and cancelled_jobs >= 0 and skipped_jobs >= 0 and cached_jobs between 0 and completed_jobs",
            name="counters_not_negative",
        ),
        CheckConstraint(
            "pending_jobs + running_jobs + completed_jobs + failed_jobs + cancelled_jobs + skipped_jobs = total_jobs",
            name="counters_add_up",
        ),
        CheckConstraint("(status = 'paused') = (pause_reason is not null)", name="paused_has_reason"),
        CheckConstraint(
            f"status not in ({sql_list(BATCH_TERMINAL)}) or pending_jobs + running_jobs = 0", name="terminal_is_quiet"
        ),
        CheckConstraint(
            f"(status in ({sql_list(BATCH_TERMINAL)})) = (completed_at is not null)", name="terminal_has_time"
        ),
        CheckConstraint("status <> 'completed' or failed_jobs = 0", name="completed_has_no_failure"),
        CheckConstraint("status not in ('draft', 'pending') or running_jobs = 0", name="running_after_start"),
        CheckConstraint("max_parallel between 1 and 4096", name="max_parallel"),
        CheckConstraint("last_event_id >= 0", name="last_event_id"),
        CheckConstraint("first_n >= 1", name="first_n"),
        CheckConstraint("total_pipelines >= 1 and total_files between 0 and total_jobs", name="totals"),
        CheckConstraint(
            "(parent_batch_id is null or relation is not null)"
            " and relation in ('retry_failed', 'restart', 'schedule', 'backfill', 'hand_over')",
            name="relation",
        ),
        # One index for each order and tab of the list, in the order of its keyset; see docs/decisions/0010.
        Index("ix_batches_live", "organisation_id", "created_at", "id", postgresql_where=_LIVE),
        Index(
            "ix_batches_archived",
            "organisation_id",
            "created_at",
            "id",
            postgresql_where=text("archived_at is not null"),
        ),
        Index("ix_batches_status", "organisation_id", "status", "created_at", "id", postgresql_where=_LIVE),
        Index("ix_batches_pipeline", "organisation_id", "pipeline_id", "created_at", "id", postgresql_where=_LIVE),
        Index("ix_batches_name", "organisation_id", "name", "id", postgresql_where=_LIVE),
        Index("ix_batches_total_files", "organisation_id", "total_files", "id"),
        Index(
            "ix_batches_customer_prefix",
            "organisation_id",
            "customer_prefix",
            "created_at",
            postgresql_where=text("customer_prefix is not null"),
            postgresql_ops={"customer_prefix": "text_pattern_ops"},
        ),
        Index(
            "ix_batches_words",
            text(GRAMS_OF_BATCH),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 256},
        ),
        Index("ix_batches_open", "status", postgresql_where=text(f"status in ({sql_list(BATCH_OPEN)})")),
        Index("ix_batches_expires_at", "expires_at", postgresql_where=text("expires_at is not null")),
        Index("ix_batches_parent_batch_id", "parent_batch_id", postgresql_where=text("parent_batch_id is not null")),
        Index(
            "ix_batches_summary_data",
            "summary_data",
            postgresql_using="gin",
            postgresql_ops={"summary_data": "jsonb_path_ops"},
        ),
        # Room on the pages keeps the updates of the hot counters HOT: 85 of 86 were (measured).
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.05}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    client_ip: Mapped[str | None] = mapped_column(Text)
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id"))
    name: Mapped[str] = mapped_column(Text)
    name_given: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    description: Mapped[str | None] = mapped_column(Text)
    customer_prefix: Mapped[str | None] = mapped_column(Text)
    mixed_customers: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    base_directory_name: Mapped[str] = mapped_column(Text)
    total_pipelines: Mapped[int] = mapped_column(Integer, server_default="1")
    total_files: Mapped[int] = mapped_column(Integer, server_default="0")
    execution_mode: Mapped[str] = mapped_column(Text)
    max_parallel: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    status_reason: Mapped[str | None] = mapped_column(Text)
    pause_reason: Mapped[str | None] = mapped_column(Text)
    failure_policy: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    failures_at_base: Mapped[int] = mapped_column(Integer, server_default="0")
    jobs_at_base: Mapped[int] = mapped_column(Integer, server_default="0")
    first_n: Mapped[int | None] = mapped_column(Integer)
    total_jobs: Mapped[int] = mapped_column(Integer)
    pending_jobs: Mapped[int] = mapped_column(Integer)
    running_jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    completed_jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    failed_jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    cancelled_jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    skipped_jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    cached_jobs: Mapped[int] = mapped_column(Integer, server_default="0")
    total_size: Mapped[int] = mapped_column(BigInteger, server_default="0")
    processing_time_ms: Mapped[int | None] = mapped_column(BigInteger)
    result_codes: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    needs_summary: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    sealed: Mapped[bool | None] = mapped_column(Boolean)
    """True: no more jobs can be added. False: it does not end before it is sealed. None: it ends with its last job."""
    summary_data: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    plans: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """By the key of each pipeline the version and the names of the steps that it began with; see `plans.py`."""
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB)
    parent_batch_id: Mapped[UUID | None] = mapped_column(ForeignKey("batches.id", ondelete="SET NULL"))
    trace_context: Mapped[str | None] = mapped_column(Text)
    """The W3C traceparent of the request that made it."""
    relation: Mapped[str | None] = mapped_column(Text)
    notification_email: Mapped[str | None] = mapped_column(Text)
    notification_sent_at: Mapped[datetime | None] = mapped_column(Timestamp)
    last_event_id: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    queued_at: Mapped[datetime | None] = mapped_column(Timestamp)
    started_at: Mapped[datetime | None] = mapped_column(Timestamp)
    paused_at: Mapped[datetime | None] = mapped_column(Timestamp)
    cancelled_at: Mapped[datetime | None] = mapped_column(Timestamp)
    completed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    archived_at: Mapped[datetime | None] = mapped_column(Timestamp)
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)


@event.listens_for(Batch.__table__, "before_create")
def _add_functions(_table: Table, connection: Connection, **_options: Any) -> None:
    connection.exec_driver_sql(GRAMS_FUNCTION)


class Job(Base):
    """One thing of a batch. `attempt` is the fencing token: it only grows, and every write names the one it holds.

    `item` numbers the files, URLs and records: the jobs of one of them, each with another pipeline, have the same.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("batch_id", "sequence"),
        CheckConstraint(f"status in ({sql_list(JOB_STATUSES)})", name="status"),
        CheckConstraint("source_type in ('file', 'url', 'record')", name="source_type"),
        CheckConstraint("source_type <> 'url' or source_url is not null", name="url_has_address"),
        CheckConstraint("source_type <> 'record' or record is not null", name="record_has_content"),
        CheckConstraint("(status = 'running') = (claimed_by is not null)", name="running_is_claimed"),
        CheckConstraint(
            f"(status in ({sql_list(JOB_TERMINAL)})) = (completed_at is not null)", name="terminal_has_time"
        ),
        CheckConstraint("status <> 'failed' or error_code is not null", name="failed_has_code"),
        CheckConstraint("progress between 0 and 1", name="progress"),
        CheckConstraint("sequence >= 1 and step_position >= 0 and attempt >= 0", name="not_negative"),
        CheckConstraint("retry_count >= 0 and crash_count >= 0", name="budgets_not_negative"),
        Index("ix_jobs_pending", "batch_id", "sequence", postgresql_where=text("status = 'pending'")),
        Index(
            "ix_jobs_delayed",
            "batch_id",
            "run_at",
            postgresql_where=text("status = 'pending' and run_at > '-infinity'"),
        ),
        Index(
            "ix_jobs_suspects",
            "batch_id",
            "sequence",
            postgresql_where=text("crash_count > 0 and status in ('pending', 'running')"),
        ),
        Index("ix_jobs_claimed_by", "claimed_by", postgresql_where=text("status = 'running'")),
        Index("ix_jobs_checksum", "checksum", postgresql_where=text("checksum is not null")),
        Index("ix_jobs_file_id", "file_id", postgresql_where=text("file_id is not null")),
        Index(
            "uq_jobs_external_id",
            "batch_id",
            "external_id",
            "pipeline_id",
            unique=True,
            postgresql_where=text("external_id is not null"),
        ),
        # One retry of a job: a double click on retry-failed makes one batch.
        Index(
            "uq_jobs_retry_of_job_id",
            "retry_of_job_id",
            unique=True,
            postgresql_where=text("retry_of_job_id is not null"),
        ),
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.05}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("batches.id", ondelete="CASCADE"))
    pipeline_id: Mapped[int] = mapped_column(ForeignKey("pipelines.id"))
    sequence: Mapped[int] = mapped_column(Integer)
    item: Mapped[int] = mapped_column(Integer, server_default="0")
    external_id: Mapped[str | None] = mapped_column(Text)
    """What the client calls it: once in a batch for each pipeline."""
    source_type: Mapped[str] = mapped_column(Text)
    source_url: Mapped[str | None] = mapped_column(Text)
    file_id: Mapped[UUID | None] = mapped_column(ForeignKey("files.id"))
    filename: Mapped[str | None] = mapped_column(Text)
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    media_type: Mapped[str | None] = mapped_column(Text)
    checksum: Mapped[str | None] = mapped_column(Text)
    record: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    stage: Mapped[str] = mapped_column(Text, server_default="queued")
    progress: Mapped[float | None] = mapped_column()
    progress_message: Mapped[str | None] = mapped_column(Text)
    step_position: Mapped[int] = mapped_column(Integer, server_default="0")
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    claimed_by: Mapped[int | None] = mapped_column(BigInteger)
    retry_count: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often the step where the job is was tried again: what is used of that step's budget."""
    retries: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often any step was tried again, and the job itself by a person: what readers are shown as `retry_count`."""
    crash_count: Mapped[int] = mapped_column(Integer, server_default="0")
    crash_group: Mapped[int | None] = mapped_column(Integer)
    run_at: Mapped[datetime] = mapped_column(Timestamp, server_default=text("'-infinity'"))
    error_code: Mapped[str | None] = mapped_column(Text)
    error_message: Mapped[str | None] = mapped_column(Text)
    cached: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    result: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    retry_of_job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    started_at: Mapped[datetime | None] = mapped_column(Timestamp)
    completed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Timestamp)
    """Since when the running job is to stop: after its step, or half a minute later in the middle of it."""


class DirectoryName(Base):
    """How often an organisation has used a base directory name; kept after its batches, so that none comes twice."""

    __tablename__ = "directory_names"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    used: Mapped[int] = mapped_column(Integer)
