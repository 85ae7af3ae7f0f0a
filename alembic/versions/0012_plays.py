"""Plays, the kinds of data they can need, and data that was fetched for leads."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"

JSON = postgresql.JSONB(astext_type=sa.Text())
MOMENT = sa.DateTime(timezone=True)


def organisation() -> sa.Column[sa.Uuid]:
    return sa.Column("organisation_id", sa.Uuid(), nullable=False)


def organisation_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_organisation_id")
    return sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "plays",
        sa.Column("id", sa.Integer(), nullable=False),
        organisation(),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("variables", JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("play_steps", JSON, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("output_type", sa.Text(), server_default="final", nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        organisation_key("plays"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_plays_owner_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plays")),
    )
    op.create_index("ix_plays_organisation_id", "plays", ["organisation_id", "id"])
    op.create_index("ix_plays_owner_id", "plays", ["owner_id"])
    types = op.create_table(
        "data_batch_types",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_data_batch_types")),
        sa.UniqueConstraint("name", name=op.f("uq_data_batch_types_name")),
        sa.UniqueConstraint("number", "name", name=op.f("uq_data_batch_types_number_name")),
    )
    op.bulk_insert(
        types,
        [
            {"number": 1, "name": "linkedin_profile", "title": "LinkedIn Profile"},
            {"number": 2, "name": "company_enrichment", "title": "Company Enrichment"},
            {"number": 3, "name": "hubspot", "title": "HubSpot Data"},
            {"number": 4, "name": "linkedin_posts", "title": "LinkedIn Posts"},
            {"number": 5, "name": "linkedin_jobs", "title": "LinkedIn Jobs"},
        ],
    )
    op.create_table(
        "lead_data",
        organisation(),
        sa.Column("lead", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data", JSON, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("fetched_at", MOMENT, nullable=True),
        sa.Column("leased_until", MOMENT, nullable=True),
        organisation_key("lead_data"),
        sa.ForeignKeyConstraint(["number"], ["data_batch_types.number"], name=op.f("fk_lead_data_number")),
        sa.PrimaryKeyConstraint("organisation_id", "lead", "number", name=op.f("pk_lead_data")),
    )


def downgrade() -> None:
    op.drop_table("lead_data")
    op.drop_table("data_batch_types")
    op.drop_table("plays")
