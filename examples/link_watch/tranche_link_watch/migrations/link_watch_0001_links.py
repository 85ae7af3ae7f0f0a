"""The table of links."""

import sqlalchemy as sa
from alembic import op

revision = "link_watch_0001"
down_revision = None
branch_labels = ("link_watch",)
depends_on = "tranche_0001"


def upgrade() -> None:
    op.create_table(
        "link_watch_links",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "url", name="pk_link_watch_links"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_link_watch_links_organisation_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_link_watch_links_checked_at", "link_watch_links", ["checked_at"])


def downgrade() -> None:
    op.drop_table("link_watch_links")
