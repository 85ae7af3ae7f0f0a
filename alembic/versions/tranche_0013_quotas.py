"""What each organisation may have, and what is counted for it."""

from alembic import op

revision = "tranche_0013"
down_revision = "tranche_0012"


def upgrade() -> None:
    op.execute("""
        create table quota_limits (
          id uuid not null constraint pk_quota_limits primary key,
          organisation_id uuid
            constraint fk_quota_limits_organisation_id references organisations (id) on delete cascade,
          quota text not null,
          most bigint,
          constraint uq_quota_limits_organisation_id_quota unique nulls not distinct (organisation_id, quota),
          constraint ck_quota_limits_most check (most >= 0)
        )""")
    op.execute("""
        create table quota_days (
          organisation_id uuid not null
            constraint fk_quota_days_organisation_id references organisations (id) on delete cascade,
          day date not null,
          batches bigint not null,
          constraint pk_quota_days primary key (organisation_id, day)
        )""")
    op.execute("""
        create table storage_use (
          organisation_id uuid not null
            constraint pk_storage_use primary key
            constraint fk_storage_use_organisation_id references organisations (id) on delete cascade,
          bytes bigint not null,
          measured_at timestamptz not null
        )""")
    op.execute("""
        create table stream_slots (
          organisation_id uuid not null
            constraint fk_stream_slots_organisation_id references organisations (id) on delete cascade,
          process_id uuid not null,
          streams integer not null,
          renewed_at timestamptz not null default clock_timestamp(),
          constraint pk_stream_slots primary key (organisation_id, process_id),
          constraint ck_stream_slots_streams check (streams >= 0)
        )""")


def downgrade() -> None:
    op.execute("drop table stream_slots")
    op.execute("drop table storage_use")
    op.execute("drop table quota_days")
    op.execute("drop table quota_limits")
