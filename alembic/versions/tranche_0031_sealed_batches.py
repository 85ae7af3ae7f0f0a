"""Batches say whether more jobs are to come."""

from alembic import op

revision = "tranche_0031"
down_revision = "tranche_0030"


def upgrade() -> None:
    op.execute("alter table batches add column sealed boolean")


def downgrade() -> None:
    op.execute("alter table batches drop column sealed")
