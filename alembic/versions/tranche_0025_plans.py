"""What a batch began with: the version and the steps of each of its pipelines."""

from alembic import op

revision = "tranche_0025"
down_revision = "tranche_0024"


def upgrade() -> None:
    op.execute("alter table batches add column plans jsonb")


def downgrade() -> None:
    op.execute("alter table batches drop column plans")
