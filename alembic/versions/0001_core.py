"""core

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("counters", sa.ARRAY(sa.Integer()), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("batch_id", "id", name=op.f("pk_events")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
        sa.UniqueConstraint("name", name=op.f("uq_organisations_name")),
    )
    op.create_table(
        "pipelines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipelines")),
        sa.UniqueConstraint("key", name=op.f("uq_pipelines_key")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("running", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("slots >= 1 and running >= 0", name=op.f("ck_workers_slots")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("crc32", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_files_sha256")),
        sa.CheckConstraint("crc32 between 0 and 4294967295", name=op.f("ck_files_crc32")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_files_size")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_files_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_organisation_id_sha256", "files", ["organisation_id", "sha256"], unique=False)
    op.create_index("ix_files_storage_key", "files", ["storage_key"], unique=False)
    op.create_table(
        "sheets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("extractor", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_sheets_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheets")),
        sa.UniqueConstraint(
            "organisation_id",
            "sha256",
            "extractor",
            "version",
            name=op.f("uq_sheets_organisation_id_sha256_extractor_version"),
        ),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role in ('admin', 'member')", name=op.f("ck_users_role")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_users_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index(op.f("ix_users_organisation_id"), "users", ["organisation_id"], unique=False)
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("client_ip", sa.Text(), nullable=True),
        sa.Column("pipeline_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("customer_prefix", sa.Text(), nullable=True),
        sa.Column("base_directory_name", sa.Text(), nullable=False),
        sa.Column("total_pipelines", sa.Integer(), server_default="1", nullable=False),
        sa.Column("execution_mode", sa.Text(), nullable=False),
        sa.Column("max_parallel", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.Column("failure_policy", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("total_jobs", sa.Integer(), nullable=False),
        sa.Column("pending_jobs", sa.Integer(), nullable=False),
        sa.Column("running_jobs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("completed_jobs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed_jobs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled_jobs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("skipped_jobs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cached_jobs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total_size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("processing_time_ms", sa.BigInteger(), nullable=True),
        sa.Column("needs_summary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("summary_data", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("parent_batch_id", sa.Uuid(), nullable=True),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("notification_email", sa.Text(), nullable=True),
        sa.Column("notification_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_event_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(parent_batch_id is null or relation is not null)"
            " and relation in ('retry_failed', 'restart', 'schedule', 'backfill')",
            name=op.f("ck_batches_relation"),
        ),
        sa.CheckConstraint(
            "(status = 'paused') = (pause_reason is not null)", name=op.f("ck_batches_paused_has_reason")
        ),
        sa.CheckConstraint(
            "(status in ('completed', 'partial', 'failed', 'cancelled')) = (completed_at is not null)",
            name=op.f("ck_batches_terminal_has_time"),
        ),
        sa.CheckConstraint("execution_mode in ('sequential', 'parallel')", name=op.f("ck_batches_execution_mode")),
        sa.CheckConstraint(
            "status <> 'completed' or failed_jobs = 0", name=op.f("ck_batches_completed_has_no_failure")
        ),
        sa.CheckConstraint(
            "status in ('draft', 'pending', 'processing', 'paused', 'cancelling', 'completed', 'partial', 'failed',"
            " 'cancelled')",
            name=op.f("ck_batches_status"),
        ),
        sa.CheckConstraint(
            "status not in ('completed', 'partial', 'failed', 'cancelled') or pending_jobs + running_jobs = 0",
            name=op.f("ck_batches_terminal_is_quiet"),
        ),
        sa.CheckConstraint(
            "status not in ('draft', 'pending') or running_jobs = 0", name=op.f("ck_batches_running_after_start")
        ),
        sa.CheckConstraint("last_event_id >= 0", name=op.f("ck_batches_last_event_id")),
        sa.CheckConstraint("max_parallel between 1 and 4096", name=op.f("ck_batches_max_parallel")),
        sa.CheckConstraint(
            "pending_jobs + running_jobs + completed_jobs + failed_jobs + cancelled_jobs + skipped_jobs = total_jobs",
            name=op.f("ck_batches_counters_add_up"),
        ),
        sa.CheckConstraint(
            "pending_jobs >= 0 and running_jobs >= 0 and completed_jobs >= 0 and failed_jobs >= 0"
            " and cancelled_jobs >= 0 and skipped_jobs >= 0 and cached_jobs between 0 and completed_jobs",
            name=op.f("ck_batches_counters_not_negative"),
        ),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_batches_created_by"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_batches_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_batch_id"], ["batches.id"], name=op.f("fk_batches_parent_batch_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_batches_pipeline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(op.f("ix_batches_created_by"), "batches", ["created_by"], unique=False)
    op.create_index(
        "ix_batches_expires_at",
        "batches",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("expires_at is not null"),
    )
    op.create_index(
        "ix_batches_organisation_id_created_at",
        "batches",
        ["organisation_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
    op.create_index(
        "ix_batches_organisation_id_status",
        "batches",
        ["organisation_id", "status", sa.literal_column("created_at desc")],
        unique=False,
    )
    op.create_index(
        "ix_batches_parent_batch_id",
        "batches",
        ["parent_batch_id"],
        unique=False,
        postgresql_where=sa.text("parent_batch_id is not null"),
    )
    op.create_index(op.f("ix_batches_pipeline_id"), "batches", ["pipeline_id"], unique=False)
    op.create_index(
        "ix_batches_summary_data",
        "batches",
        ["summary_data"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"summary_data": "jsonb_path_ops"},
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind in ('browser', 'link')", name=op.f("ck_sessions_kind")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source_url", sa.Text(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("filename", sa.Text(), nullable=True),
        sa.Column("file_size", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column("checksum", sa.Text(), nullable=True),
        sa.Column("record", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("stage", sa.Text(), server_default="queued", nullable=False),
        sa.Column("progress", sa.Double(), nullable=True),
        sa.Column("progress_message", sa.Text(), nullable=True),
        sa.Column("step_position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("retry_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crash_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), server_default=sa.text("'-infinity'"), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("cached", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("result", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("result_code", sa.Text(), nullable=True),
        sa.Column("retry_of_job_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'running') = (claimed_by is not null)", name=op.f("ck_jobs_running_is_claimed")),
        sa.CheckConstraint(
            "(status in ('completed', 'failed', 'cancelled', 'skipped')) = (completed_at is not null)",
            name=op.f("ck_jobs_terminal_has_time"),
        ),
        sa.CheckConstraint("source_type <> 'record' or record is not null", name=op.f("ck_jobs_record_has_content")),
        sa.CheckConstraint("source_type <> 'url' or source_url is not null", name=op.f("ck_jobs_url_has_address")),
        sa.CheckConstraint("source_type in ('file', 'url', 'record')", name=op.f("ck_jobs_source_type")),
        sa.CheckConstraint("status <> 'failed' or error_code is not null", name=op.f("ck_jobs_failed_has_code")),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'completed', 'failed', 'cancelled', 'skipped')",
            name=op.f("ck_jobs_status"),
        ),
        sa.CheckConstraint("progress between 0 and 1", name=op.f("ck_jobs_progress")),
        sa.CheckConstraint("retry_count >= 0 and crash_count >= 0", name=op.f("ck_jobs_budgets_not_negative")),
        sa.CheckConstraint("sequence >= 1 and step_position >= 0 and attempt >= 0", name=op.f("ck_jobs_not_negative")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_jobs_batch_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_jobs_file_id")),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_jobs_pipeline_id")),
        sa.ForeignKeyConstraint(
            ["retry_of_job_id"], ["jobs.id"], name=op.f("fk_jobs_retry_of_job_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("batch_id", "sequence", name=op.f("uq_jobs_batch_id_sequence")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(
        "ix_jobs_checksum", "jobs", ["checksum"], unique=False, postgresql_where=sa.text("checksum is not null")
    )
    op.create_index(
        "ix_jobs_claimed_by", "jobs", ["claimed_by"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_index(
        "ix_jobs_suspects",
        "jobs",
        ["batch_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("crash_count > 0 and status in ('pending', 'running')"),
    )
    op.create_index(
        "ix_jobs_delayed",
        "jobs",
        ["batch_id", "run_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending' and run_at > '-infinity'"),
    )
    op.create_index(
        "ix_jobs_file_id", "jobs", ["file_id"], unique=False, postgresql_where=sa.text("file_id is not null")
    )
    op.create_index(
        "ix_jobs_pending",
        "jobs",
        ["batch_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_jobs_retry_of_job_id",
        "jobs",
        ["retry_of_job_id"],
        unique=False,
        postgresql_where=sa.text("retry_of_job_id is not null"),
    )
    op.create_table(
        "extractions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("sheet_id", sa.Uuid(), nullable=True),
        sa.Column("swimmer_name", sa.Text(), nullable=False),
        sa.Column("meet", sa.Text(), nullable=True),
        sa.Column("dates", sa.Text(), nullable=True),
        sa.Column("course", sa.Text(), nullable=True),
        sa.Column("swims", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_extractions_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_extractions_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheets.id"], name=op.f("fk_extractions_sheet_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extractions")),
        sa.UniqueConstraint("job_id", name=op.f("uq_extractions_job_id")),
    )
    op.create_index(
        "ix_extractions_organisation_id_swimmer_name", "extractions", ["organisation_id", "swimmer_name"], unique=False
    )
    op.create_index(op.f("ix_extractions_sheet_id"), "extractions", ["sheet_id"], unique=False)
    op.create_table(
        "job_outputs",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], name=op.f("fk_job_outputs_file_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_outputs_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_job_outputs")),
    )
    op.create_index("ix_job_outputs_file_id", "job_outputs", ["file_id"], unique=False)
    op.create_table(
        "job_steps",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("depends_on", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("skip_if_failed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("inherited_from", sa.Uuid(), nullable=True),
        sa.Column("output", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status in ('completed', 'failed', 'skipped', 'cancelled')) = (completed_at is not null)",
            name=op.f("ck_job_steps_terminal_has_time"),
        ),
        sa.CheckConstraint("status <> 'failed' or error_code is not null", name=op.f("ck_job_steps_failed_has_code")),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'completed', 'failed', 'skipped', 'cancelled')",
            name=op.f("ck_job_steps_status"),
        ),
        sa.CheckConstraint("position >= 0 and attempts >= 0", name=op.f("ck_job_steps_not_negative")),
        sa.ForeignKeyConstraint(
            ["inherited_from"], ["jobs.id"], name=op.f("fk_job_steps_inherited_from"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_steps_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_job_steps")),
        postgresql_with={"fillfactor": 50},
    )


def downgrade() -> None:
    # What the engine and the runner installed beside the migrations goes as well.
    op.execute("drop schema if exists engine cascade")
    op.execute("drop schema if exists runner cascade")
    op.drop_table("job_steps")
    op.drop_table("job_outputs")
    op.drop_table("extractions")
    op.drop_table("jobs")
    op.drop_table("sessions")
    op.drop_table("batches")
    op.drop_table("api_keys")
    op.drop_table("users")
    op.drop_table("sheets")
    op.drop_table("files")
    op.drop_table("workers")
    op.drop_table("pipelines")
    op.drop_table("organisations")
    op.drop_table("events")
