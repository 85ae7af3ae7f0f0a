"""Organisations that are disabled for a while."""

from alembic import op

revision = "tranche_0020"
down_revision = "tranche_0019"


def upgrade() -> None:
    op.execute("alter table organisations add column disabled_at timestamptz")


def downgrade() -> None:
    op.execute("alter table organisations drop column disabled_at")
