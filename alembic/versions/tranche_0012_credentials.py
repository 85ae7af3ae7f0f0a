"""Sessions know the key that opened them, the browser and when it was used; keys know the key they were made with."""

from alembic import op

revision = "tranche_0012"
down_revision = "tranche_0011"

# Whoever holds something open for a key or session looks again at once when one has ended, whoever ended it.
NOTIFY = """
create function notify_credentials() returns trigger language plpgsql as $$
begin
  perform pg_notify('tranche_credentials', '');
  return null;
end
$$"""
TRIGGERS = {
    "api_keys": "update of revoked_at, expires_at or delete",
    "sessions": "delete",
    "users": "update of deactivated_at, role, operator or delete",
}


def upgrade() -> None:
    op.execute("alter table users add column signed_out_at timestamp with time zone")
    op.execute("""
        alter table api_keys add column parent_id uuid
          -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
          constraint fk_api_keys_parent_id references api_keys (id) on delete cascade""")
    op.execute("""
        -- squawk-ignore require-concurrent-index-creation
        create index ix_api_keys_parent_id on api_keys (parent_id)""")
    # Nobody knows which key opened the sessions that there are, so none could end with it: by their idle time they end
    # now, and people sign in again.
    op.execute("""
        alter table sessions add column key_id uuid
          -- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid
          constraint fk_sessions_key_id references api_keys (id) on delete cascade,
        add column device text, add column client_address text,
        add column last_used_at timestamp with time zone not null default now(),
        add column idle_ends_at timestamp with time zone not null default now()""")
    # A process of the release before opens sessions that no key ends: better none at all.
    op.execute("""
        -- squawk-ignore ban-drop-default
        alter table sessions alter column idle_ends_at drop default""")
    op.execute("""
        -- squawk-ignore require-concurrent-index-creation
        create index ix_sessions_key_id on sessions (key_id)""")
    op.execute(NOTIFY)
    for table, events in TRIGGERS.items():
        op.execute(f"""
            create trigger {table}_notify_credentials after {events} on {table}
            for each statement execute function notify_credentials()""")


def downgrade() -> None:
    for table in TRIGGERS:
        op.execute(f"drop trigger {table}_notify_credentials on {table}")
    op.execute("drop function notify_credentials()")
    op.execute("""
        alter table sessions drop column key_id, drop column device, drop column client_address,
        drop column last_used_at, drop column idle_ends_at""")
    op.execute("alter table api_keys drop column parent_id")
    op.execute("alter table users drop column signed_out_at")
