"""Columns that have no secret in clear any more are remembered, so that a start does not go through them again."""

from alembic import op

revision = "tranche_0029"
down_revision = "tranche_0028"


def upgrade() -> None:
    op.execute("""
        create table sealed_marks (
          place text not null,
          rules text not null,
          first_at timestamptz not null default clock_timestamp(),
          done_at timestamptz,
          constraint pk_sealed_marks primary key (place, rules)
        )""")


def downgrade() -> None:
    op.execute("drop table sealed_marks")
