"""Batches keep the trace context of the request that made them."""

from alembic import op

revision = "tranche_0015"
down_revision = "tranche_0014"


def upgrade() -> None:
    op.execute("alter table batches add column trace_context text")


def downgrade() -> None:
    op.drop_column("batches", "trace_context")
