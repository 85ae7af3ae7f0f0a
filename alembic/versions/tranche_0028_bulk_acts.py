"""What was asked of many jobs of a batch at once, and how far it has come."""

from alembic import op

revision = "tranche_0028"
down_revision = "tranche_0027"


def upgrade() -> None:
    op.execute("""
create table bulk_acts (
  id uuid not null,
  batch_id uuid not null,
  action text not null,
  chosen jsonb not null,
  actor text,
  cursor integer default 0 not null,
  matched integer not null,
  done integer default 0 not null,
  unchanged integer default 0 not null,
  refused jsonb default '{}' not null,
  new_batch_id uuid,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  completed_at timestamptz,
  constraint pk_bulk_acts primary key (id),
  constraint fk_bulk_acts_batch_id foreign key (batch_id) references batches (id) on delete cascade,
  constraint ck_bulk_acts_action check (action in ('cancel', 'retry', 'skip')),
  constraint ck_bulk_acts_not_negative check (cursor >= 0 and matched >= 0 and done >= 0 and unchanged >= 0)
)
""")
    op.execute("create index ix_bulk_acts_batch_id on bulk_acts (batch_id)")
    op.execute("create index ix_bulk_acts_unfinished on bulk_acts (updated_at) where completed_at is null")


def downgrade() -> None:
    op.execute("drop table bulk_acts")
