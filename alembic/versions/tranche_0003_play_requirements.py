"""Which data batches a play requires, and who changed that: a step that can be taken back alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "tranche_0003"
down_revision = "tranche_0002"

NAMES = "'linkedin_profile', 'company_enrichment', 'hubspot', 'linkedin_posts', 'linkedin_jobs'"


def upgrade() -> None:
    now = sa.text("now()")
    op.create_table(
        "play_batch_requirements",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("play_id", sa.Integer(), nullable=False),
        sa.Column("batch_number", sa.Integer(), nullable=False),
        sa.Column("batch_name", sa.String(50), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("id", name="play_batch_requirements_pkey"),
        sa.ForeignKeyConstraint(
            ["play_id"], ["plays.id"], name="fk_play_batch_requirements_play_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["batch_number", "batch_name"],
            ["data_batch_types.number", "data_batch_types.name"],
            name="fk_play_batch_requirements_batch",
        ),
        sa.UniqueConstraint("play_id", "batch_number", name="unique_play_batch_combination"),
        sa.CheckConstraint("batch_number >= 1 AND batch_number <= 5", name=op.f("check_batch_number_range")),
        sa.CheckConstraint(f"batch_name IN ({NAMES})", name=op.f("check_batch_name_values")),
    )
    op.create_index("idx_play_batch_requirements_play_id", "play_batch_requirements", ["play_id"])
    op.create_index("idx_play_batch_requirements_batch_number", "play_batch_requirements", ["batch_number"])
    op.execute("""
        create function update_updated_at_column() returns trigger language plpgsql as $$
        begin
          new.updated_at = now();
          return new;
        end
        $$""")
    op.execute("""
        create trigger update_play_batch_requirements_updated_at before update on play_batch_requirements
        for each row execute function update_updated_at_column()""")
    op.create_table(
        "play_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("play_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_play_changes_organisation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_play_changes")),
    )
    op.create_index("ix_play_changes_organisation_id_play_id", "play_changes", ["organisation_id", "play_id", "id"])


def downgrade() -> None:
    op.drop_table("play_changes")
    op.drop_table("play_batch_requirements")
    op.execute("drop function update_updated_at_column()")
