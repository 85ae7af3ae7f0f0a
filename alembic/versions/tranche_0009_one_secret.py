"""Stream tickets are signed with the installation's secret, webhook secrets may be sealed when that one is replaced."""

from alembic import op

revision = "tranche_0009"
down_revision = "tranche_0008"


def upgrade() -> None:
    op.execute("alter table webhook_secrets add column sealed bytea")
    # Tickets that were made with it live for 60 seconds.
    op.execute("""
        -- squawk-ignore ban-drop-table
        drop table signing_keys""")


def downgrade() -> None:
    op.execute("""
        create table signing_keys (
          purpose text not null,
          secret bytea not null,
          created_at timestamp with time zone not null default now(),
          constraint pk_signing_keys primary key (purpose)
        )""")
    op.execute("alter table webhook_secrets drop column sealed")
