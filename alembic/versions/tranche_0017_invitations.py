"""Invitations: codes that make their holder a user, once."""

from alembic import op

revision = "tranche_0017"
down_revision = "tranche_0016"


def upgrade() -> None:
    op.execute("""
        create table invitations (
          id uuid not null,
          organisation_id uuid not null,
          name text not null,
          email text,
          role text not null,
          code_hash bytea not null,
          created_by uuid,
          created_at timestamptz not null default now(),
          expires_at timestamptz not null,
          constraint pk_invitations primary key (id),
          constraint uq_invitations_code_hash unique (code_hash),
          constraint ck_invitations_role check (role in ('viewer', 'member', 'admin')),
          constraint fk_invitations_organisation_id foreign key (organisation_id)
            references organisations (id) on delete cascade,
          constraint fk_invitations_created_by foreign key (created_by) references users (id) on delete set null
        )""")
    op.execute("create index ix_invitations_organisation_id on invitations (organisation_id, id)")
    op.execute("create index ix_invitations_expires_at on invitations (expires_at)")
    op.execute("create index ix_invitations_created_by on invitations (created_by)")


def downgrade() -> None:
    op.execute("drop table invitations")
