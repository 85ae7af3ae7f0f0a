"""Who was told that an organisation is near a limit, and when."""

from alembic import op

revision = "tranche_0018"
down_revision = "tranche_0017"


def upgrade() -> None:
    op.execute("""
        create table quota_warnings (
          organisation_id uuid not null,
          quota text not null,
          used bigint not null,
          most bigint not null,
          warned_at timestamptz not null default clock_timestamp(),
          mailed_at timestamptz,
          tries integer not null default 0,
          constraint pk_quota_warnings primary key (organisation_id, quota),
          constraint fk_quota_warnings_organisation_id foreign key (organisation_id)
            references organisations (id) on delete cascade
        )""")
    op.execute("create index ix_quota_warnings_owed on quota_warnings (warned_at) where mailed_at is null")


def downgrade() -> None:
    op.execute("drop table quota_warnings")
