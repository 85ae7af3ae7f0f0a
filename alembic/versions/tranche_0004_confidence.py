"""How sure a reading of a sheet was; what was read before has no value."""

from alembic import op

revision = "tranche_0004"
down_revision = "tranche_0003"


def upgrade() -> None:
    op.execute("""
        alter table extractions add column confidence text
        constraint ck_extractions_confidence check (confidence in ('high', 'check', 'low'))""")


def downgrade() -> None:
    op.drop_column("extractions", "confidence")
