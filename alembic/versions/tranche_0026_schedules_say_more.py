"""Schedules have an end, a jitter, parameters, a limit and ways to catch up, and say what went wrong with them."""

from alembic import op

revision = "tranche_0026"
down_revision = "tranche_0025"

COLUMNS = {
    "ends_at": "timestamptz",
    "jitter_seconds": "integer not null default 0",
    "due_at": "timestamptz",
    "params": "jsonb not null default '{}'",
    "item_limit": "integer",
    "catch_up": "text not null default 'once'",
    "paused_run": "text not null default 'holds'",
    "max_waiting": "integer not null default 100",
    "last_error": "text",
    "last_error_at": "timestamptz",
    "failures": "integer not null default 0",
}


def upgrade() -> None:
    op.execute("alter table schedules " + ", ".join(f"add column {name} {type}" for name, type in COLUMNS.items()))


def downgrade() -> None:
    op.execute("alter table schedules " + ", ".join(f"drop column {name}" for name in COLUMNS))
