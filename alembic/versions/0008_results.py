"""Result codes: links with the hash of their code, wrong guesses, and which batches want a code for each job."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("batches", sa.Column("result_codes", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    # Nothing was ever written there, and a code must not be stored.
    op.drop_column("jobs", "result_code")
    op.create_table(
        "result_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_result_links_organisation_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_result_links_batch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_result_links_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_result_links_created_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_result_links")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_result_links_code_hash")),
    )
    for columns in (["organisation_id"], ["batch_id", "job_id"], ["job_id"], ["created_by"]):
        op.create_index(op.f(f"ix_result_links_{'_'.join(columns)}"), "result_links", columns)
    op.create_table(
        "result_guesses",
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.CheckConstraint("wrong > 0", name=op.f("ck_result_guesses_wrong")),
        sa.PrimaryKeyConstraint("client", "minute", name=op.f("pk_result_guesses")),
    )


def downgrade() -> None:
    op.drop_table("result_guesses")
    op.drop_table("result_links")
    op.add_column("jobs", sa.Column("result_code", sa.Text(), nullable=True))
    op.drop_column("batches", "result_codes")
