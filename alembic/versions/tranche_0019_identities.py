"""People whom an OpenID provider knows, the sessions that they opened, and answers of the provider that were taken."""

from alembic import op

revision = "tranche_0019"
down_revision = "tranche_0018"


def upgrade() -> None:
    op.execute("""
        create table identities (
          id uuid not null,
          organisation_id uuid not null,
          user_id uuid not null,
          issuer text not null,
          subject text not null,
          created_at timestamptz not null default now(),
          constraint pk_identities primary key (id),
          constraint uq_identities_issuer_subject_organisation_id unique (issuer, subject, organisation_id),
          constraint uq_identities_user_id_issuer unique (user_id, issuer),
          constraint fk_identities_organisation_id foreign key (organisation_id)
            references organisations (id) on delete cascade,
          constraint fk_identities_user_id foreign key (user_id) references users (id) on delete cascade
        )""")
    op.execute("create index ix_identities_organisation_id on identities (organisation_id)")
    op.execute("""
        create table identity_sessions (
          session_id uuid not null,
          identity_id uuid not null,
          provider_session text,
          constraint pk_identity_sessions primary key (session_id),
          constraint fk_identity_sessions_session_id foreign key (session_id)
            references sessions (id) on delete cascade,
          constraint fk_identity_sessions_identity_id foreign key (identity_id)
            references identities (id) on delete cascade
        )""")
    op.execute("create index ix_identity_sessions_identity_id on identity_sessions (identity_id)")
    op.execute("""
        create table spent_sign_ins (
          state_hash bytea not null,
          expires_at timestamptz not null,
          constraint pk_spent_sign_ins primary key (state_hash)
        )""")
    op.execute("create index ix_spent_sign_ins_expires_at on spent_sign_ins (expires_at)")


def downgrade() -> None:
    op.execute("drop table spent_sign_ins")
    op.execute("drop table identity_sessions")
    op.execute("drop table identities")
