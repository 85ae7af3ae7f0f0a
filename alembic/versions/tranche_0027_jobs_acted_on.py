"""Jobs say that somebody cancelled them while they run, and how often they were tried again in all."""

from alembic import op

revision = "tranche_0027"
down_revision = "tranche_0026"


def upgrade() -> None:
    op.execute("alter table jobs add column cancel_requested_at timestamptz")
    # Zero for jobs of the release before: readers take the larger of this and `retry_count`, which is of one step.
    op.execute("alter table jobs add column retries integer default 0 not null")


def downgrade() -> None:
    op.execute("alter table jobs drop column retries, drop column cancel_requested_at")
