"""Erasures of organisations that are under way, and the contents that they still have to delete."""

from alembic import op

revision = "tranche_0016"
down_revision = "tranche_0015"


def upgrade() -> None:
    op.execute("""
        create table erasures (
          organisation_id uuid not null constraint pk_erasures primary key,
          started_at timestamptz default clock_timestamp() not null,
          requested_by text
        )""")
    op.execute("""
        create table erasure_contents (
          storage_key text not null constraint pk_erasure_contents primary key,
          organisation_id uuid not null
        )""")
    op.execute("create index ix_erasure_contents_organisation_id on erasure_contents (organisation_id)")


def downgrade() -> None:
    op.execute("drop table erasure_contents")
    op.execute("drop table erasures")
