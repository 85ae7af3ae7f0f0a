"""The whole batch life: the failure policy's base, trial runs, one retry of a job, idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("organisations", sa.Column("batch_life", sa.Interval(), nullable=True))
    op.add_column("batches", sa.Column("failures_at_base", sa.Integer(), server_default="0", nullable=False))
    op.add_column("batches", sa.Column("jobs_at_base", sa.Integer(), server_default="0", nullable=False))
    op.add_column("batches", sa.Column("first_n", sa.Integer(), nullable=True))
    op.add_column("batches", sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_batches_first_n"), "batches", "first_n >= 1")
    op.execute("update batches set jobs_at_base = total_jobs")
    op.execute("update batches set queued_at = created_at where status <> 'draft'")
    op.drop_index("ix_jobs_retry_of_job_id", table_name="jobs")
    op.create_index(
        "uq_jobs_retry_of_job_id",
        "jobs",
        ["retry_of_job_id"],
        unique=True,
        postgresql_where=sa.text("retry_of_job_id is not null"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_idempotency_keys_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("organisation_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_index("uq_jobs_retry_of_job_id", table_name="jobs")
    op.create_index(
        "ix_jobs_retry_of_job_id",
        "jobs",
        ["retry_of_job_id"],
        postgresql_where=sa.text("retry_of_job_id is not null"),
    )
    op.drop_constraint(op.f("ck_batches_first_n"), "batches")
    op.drop_column("batches", "queued_at")
    op.drop_column("batches", "first_n")
    op.drop_column("organisations", "batch_life")
    op.drop_column("batches", "jobs_at_base")
    op.drop_column("batches", "failures_at_base")
