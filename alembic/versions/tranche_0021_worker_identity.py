"""Workers say which process they are: the boot, the namespaces, and when the process started."""

from alembic import op

revision = "tranche_0021"
down_revision = "tranche_0020"
works_with = "tranche_0020"


def upgrade() -> None:
    # Null for the workers of older releases, which write their rows without these.
    op.execute("""
        alter table workers add column boot_id uuid, add column namespaces text, add column start_ticks bigint""")


def downgrade() -> None:
    op.execute("alter table workers drop column start_ticks, drop column namespaces, drop column boot_id")
