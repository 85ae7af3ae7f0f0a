"""Organisations have a weight, workers say for what their jobs wait, and mails know whose they are."""

from alembic import op

revision = "tranche_0014"
down_revision = "tranche_0013"

FILL_OUTBOX = """
create or replace function fill_outbox() returns trigger language plpgsql as $$
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
    insert into batch_mails (batch_id, %(columns)srecipient)
    select b.id, %(values)sb.notification_email from batches b
    where b.id = new.batch_id and b.notification_email is not null
    on conflict do nothing;
    get diagnostics found_rows = row_count;
    told := told or found_rows > 0;
  end if;
  if told then
    perform pg_notify('tranche_outbox', '');
  end if;
  return null;
end
$$
"""


def upgrade() -> None:
    # Organisations are few: the check is done at once.
    op.execute("""
        alter table organisations add column weight double precision not null default 1,
        -- squawk-ignore constraint-missing-not-valid
        add constraint ck_organisations_weight check (weight between 0.01 and 100)""")
    op.execute("alter table workers add column waits jsonb not null default '{}'")
    # Nothing else writes mails than the trigger, which waits for the lock of the table as long as this takes.
    op.execute("alter table batch_mails add column organisation_id uuid")
    op.execute("update batch_mails m set organisation_id = b.organisation_id from batches b where b.id = m.batch_id")
    # One row for each batch with a mail: to look through them takes a moment.
    op.execute("""
        -- squawk-ignore adding-not-nullable-field
        alter table batch_mails alter column organisation_id set not null""")
    op.execute(FILL_OUTBOX % {"columns": "organisation_id, ", "values": "b.organisation_id, "})
    # Made beside its use it would wait for the transactions of all who wait for these migrations to end. Mails are few.
    op.execute("""
        -- squawk-ignore require-concurrent-index-creation
        create index ix_batch_mails_turn on batch_mails (organisation_id, next_attempt_at) where status = 'pending'""")
    op.execute("""
        -- squawk-ignore require-concurrent-index-deletion
        drop index ix_batch_mails_due""")


def downgrade() -> None:
    op.execute(FILL_OUTBOX % {"columns": "", "values": ""})
    op.execute("drop index ix_batch_mails_turn")
    op.execute("alter table batch_mails drop column organisation_id")
    op.execute("create index ix_batch_mails_due on batch_mails (next_attempt_at) where status = 'pending'")
    op.execute("alter table workers drop column waits")
    op.execute("alter table organisations drop column weight")
