"""Webhooks and mail: endpoints, their secrets, and the outbox that a trigger on the event log fills."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"

_OUTBOX = """
create function fill_outbox() returns trigger language plpgsql as $function$
declare
  found_rows int;
  told boolean := false;
begin
  -- The lock waits for whoever deletes an endpoint just now, instead of failing on the foreign key afterwards.
  insert into webhook_deliveries (id, endpoint_id, event_type, batch_id, event_id)
  select gen_random_uuid(), w.id, new.type, new.batch_id, new.id
  from (
    select w.id from batches b join webhook_endpoints w on w.organisation_id = b.organisation_id
    where b.id = new.batch_id and w.enabled and w.events && array[new.type, 'batch.*']
      and (w.pipeline_id is null or w.pipeline_id = b.pipeline_id
        or b.total_pipelines > 1 and b.settings ? (select p.key from pipelines p where p.id = w.pipeline_id))
    for key share of w
  ) w
  on conflict do nothing;
  get diagnostics found_rows = row_count;
  told := found_rows > 0;
  if new.type in ('batch.completed', 'batch.partial', 'batch.failed', 'batch.cancelled') then
    insert into batch_mails (batch_id, recipient)
    select b.id, b.notification_email from batches b where b.id = new.batch_id and b.notification_email is not null
    on conflict do nothing;
    get diagnostics found_rows = row_count;
    told := told or found_rows > 0;
  end if;
  if told then
    perform pg_notify('tranche_outbox', '');
  end if;
  return null;
end
$function$
"""
_TRIGGER = """
create trigger outbox after insert on events for each row when (new.job_id is null) execute function fill_outbox()
"""


def _outgoing() -> list[sa.Column[object]]:
    return [
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("claim_token", sa.Uuid(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("pipeline_id", sa.Integer(), nullable=True),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("template", postgresql.JSONB(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("format in ('standard', 'slack', 'crm')", name=op.f("ck_webhook_endpoints_format")),
        sa.CheckConstraint(
            "(format = 'crm') = (template is not null)", name=op.f("ck_webhook_endpoints_crm_has_template")
        ),
        sa.CheckConstraint(
            "not enabled or disabled_reason is null", name=op.f("ck_webhook_endpoints_disabled_has_reason")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_webhook_endpoints_organisation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["pipeline_id"], ["pipelines.id"], name=op.f("fk_webhook_endpoints_pipeline_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_index(
        "ix_webhook_endpoints_organisation_id_created_at",
        "webhook_endpoints",
        ["organisation_id", sa.text("created_at desc"), "id"],
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_secrets_endpoint_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index("ix_webhook_secrets_endpoint_id", "webhook_secrets", ["endpoint_id"])
    op.create_index(
        "uq_webhook_secrets_current",
        "webhook_secrets",
        ["endpoint_id"],
        unique=True,
        postgresql_where=sa.text("expires_at is null"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("response_excerpt", sa.Text(), nullable=True),
        sa.Column("tries", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        *_outgoing(),
        sa.CheckConstraint("status in ('pending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_status")),
        sa.CheckConstraint(
            "(status = 'pending') = (completed_at is null)", name=op.f("ck_webhook_deliveries_ended_has_time")
        ),
        sa.CheckConstraint(
            "(batch_id is null) = (event_id is null)", name=op.f("ck_webhook_deliveries_event_of_batch")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_webhook_deliveries_batch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("batch_id", "event_id", "endpoint_id", name="uq_webhook_deliveries_event"),
    )
    op.create_index(
        "ix_webhook_deliveries_endpoint_id",
        "webhook_deliveries",
        ["endpoint_id", sa.text("created_at desc"), sa.text("id desc")],
    )
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["endpoint_id", "next_attempt_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_webhook_deliveries_completed_at",
        "webhook_deliveries",
        ["completed_at"],
        postgresql_where=sa.text("completed_at is not null"),
    )
    op.create_table(
        "batch_mails",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        *_outgoing(),
        sa.CheckConstraint("status in ('pending', 'sent', 'failed', 'skipped')", name=op.f("ck_batch_mails_status")),
        sa.CheckConstraint("(status = 'pending') = (completed_at is null)", name=op.f("ck_batch_mails_ended_has_time")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_mails_batch_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_batch_mails")),
    )
    op.create_index(
        "ix_batch_mails_due", "batch_mails", ["next_attempt_at"], postgresql_where=sa.text("status = 'pending'")
    )
    op.execute(_OUTBOX)
    op.execute(_TRIGGER)


def downgrade() -> None:
    op.execute("drop trigger outbox on events")
    op.execute("drop function fill_outbox()")
    op.drop_table("batch_mails")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_secrets")
    op.drop_table("webhook_endpoints")
