"""Reports of files, and the views of document 002 over batches and jobs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("file_size", sa.BigInteger(), nullable=False),
        sa.Column("file_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("column_count", sa.Integer(), nullable=False),
        sa.Column("processing_time_ms", sa.BigInteger(), nullable=False),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "row_count >= 0 and column_count >= 0 and file_size >= 0", name=op.f("ck_reports_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_reports_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_reports_batch_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_reports_job_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("job_id", name=op.f("uq_reports_job_id")),
    )
    op.create_index(op.f("ix_reports_batch_id"), "reports", ["batch_id"])
    op.create_index(
        "ix_reports_organisation_id_created_at",
        "reports",
        ["organisation_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
    )
    op.create_index(
        "ix_reports_expires_at", "reports", ["expires_at"], postgresql_where=sa.text("expires_at is not null")
    )
    op.execute("""
        create view batch_reports as
        select b.id, b.organisation_id, b.name, b.status, b.total_jobs as total_files,
          b.completed_jobs as successful_files, b.failed_jobs + b.cancelled_jobs + b.skipped_jobs as failed_files,
          b.processing_time_ms, b.summary_data, b.total_size, b.created_at, b.completed_at, b.archived_at, b.expires_at
        from batches b join pipelines p on p.id = b.pipeline_id
        where p.key = 'data-report'
    """)
    op.execute("""
        create view batch_report_files as
        select j.id, j.batch_id, r.id as report_id, coalesce(j.filename, j.source_url) as file_name, j.file_size,
          coalesce(r.file_type, lower(substring(j.filename from '[.]([^.]+)$'))) as file_type,
          case j.status when 'pending' then 'pending' when 'running' then 'processing' when 'completed' then 'success'
            else 'failed' end as processing_status,
          j.status, j.stage, j.sequence as processing_order, j.error_code,
          coalesce(j.error_message, case j.status when 'cancelled' then 'The file was cancelled.'
            when 'skipped' then 'The file was skipped.' end) as error_message,
          j.created_at, j.started_at, j.completed_at
        from jobs j join pipelines p on p.id = j.pipeline_id left join reports r on r.job_id = j.id
        where p.key = 'data-report'
    """)


def downgrade() -> None:
    op.execute("drop view batch_report_files")
    op.execute("drop view batch_reports")
    op.drop_table("reports")
