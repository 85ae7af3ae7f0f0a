"""Jobs that ran when workers died say in how large a group they may run again."""

from alembic import op

revision = "tranche_0023"
down_revision = "tranche_0022"


def upgrade() -> None:
    # Null for jobs that the release before put back.
    op.execute("alter table jobs add column crash_group integer")


def downgrade() -> None:
    op.execute("alter table jobs drop column crash_group")
