"""Processes that remember credentials are told of an organisation that was disabled, as they are of keys and users."""

from alembic import op

revision = "tranche_0024"
down_revision = "tranche_0023"


def upgrade() -> None:
    op.execute("""
        create trigger organisations_notify_credentials after update of disabled_at or delete on organisations
        for each statement execute function notify_credentials()""")


def downgrade() -> None:
    op.execute("drop trigger organisations_notify_credentials on organisations")
