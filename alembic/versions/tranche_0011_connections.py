"""Accounts of outside services of each organisation, and what each may reach in intranets."""

from alembic import op

revision = "tranche_0011"
down_revision = "tranche_0010"


def upgrade() -> None:
    op.execute("""
        create table connections (
          organisation_id uuid not null,
          kind text not null,
          sealed text not null,
          hint text,
          set_by uuid,
          set_at timestamptz default clock_timestamp() not null,
          constraint pk_connections primary key (organisation_id, kind),
          constraint fk_connections_organisation_id foreign key (organisation_id) references organisations (id)
            on delete cascade,
          constraint fk_connections_set_by foreign key (set_by) references users (id) on delete set null
        )""")
    op.execute("create index ix_connections_set_by on connections (set_by)")
    op.execute("""
        create table outbound_allowances (
          organisation_id uuid not null,
          allow text[] not null,
          set_by uuid,
          set_at timestamptz default clock_timestamp() not null,
          constraint pk_outbound_allowances primary key (organisation_id),
          constraint fk_outbound_allowances_organisation_id foreign key (organisation_id) references organisations (id)
            on delete cascade,
          constraint fk_outbound_allowances_set_by foreign key (set_by) references users (id) on delete set null
        )""")
    op.execute("create index ix_outbound_allowances_set_by on outbound_allowances (set_by)")


def downgrade() -> None:
    op.execute("drop table outbound_allowances")
    op.execute("drop table connections")
