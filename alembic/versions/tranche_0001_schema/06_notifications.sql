-- Webhooks and mail: endpoints, their secrets, and the outbox that a trigger on the event log fills.

create table webhook_endpoints (
  id uuid not null,
  organisation_id uuid not null,
  description text,
  url text not null,
  events text[] not null,
  pipeline_id integer,
  format text not null,
  template jsonb,
  enabled boolean not null,
  disabled_reason text,
  failing_since timestamptz,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint pk_webhook_endpoints primary key (id),
  constraint fk_webhook_endpoints_organisation_id foreign key (organisation_id) references organisations (id) on
    delete cascade,
  constraint fk_webhook_endpoints_pipeline_id foreign key (pipeline_id) references pipelines (id),
  constraint ck_webhook_endpoints_crm_has_template check ((format = 'crm') = (template is not null)),
  constraint ck_webhook_endpoints_disabled_has_reason check (not enabled or disabled_reason is null),
  constraint ck_webhook_endpoints_format check (format in ('standard', 'slack', 'crm'))
);
create index ix_webhook_endpoints_organisation_id_created_at on webhook_endpoints (organisation_id, created_at desc,
  id);

create table webhook_secrets (
  id uuid not null,
  endpoint_id uuid not null,
  salt bytea not null,
  key_id text not null,
  created_at timestamptz default clock_timestamp() not null,
  expires_at timestamptz,
  constraint pk_webhook_secrets primary key (id),
  constraint fk_webhook_secrets_endpoint_id foreign key (endpoint_id) references webhook_endpoints (id) on delete
    cascade
);
create index ix_webhook_secrets_endpoint_id on webhook_secrets (endpoint_id);
create unique index uq_webhook_secrets_current on webhook_secrets (endpoint_id) where expires_at is null;

create table batch_mails (
  batch_id uuid not null,
  recipient text not null,
  status text default 'pending' not null,
  attempts integer default 0 not null,
  next_attempt_at timestamptz default clock_timestamp() not null,
  claim_token uuid,
  error text,
  created_at timestamptz default clock_timestamp() not null,
  completed_at timestamptz,
  constraint pk_batch_mails primary key (batch_id),
  constraint fk_batch_mails_batch_id foreign key (batch_id) references batches (id) on delete cascade,
  constraint ck_batch_mails_ended_has_time check ((status = 'pending') = (completed_at is null)),
  constraint ck_batch_mails_status check (status in ('pending', 'sent', 'failed', 'skipped'))
);
create index ix_batch_mails_due on batch_mails (next_attempt_at) where status = 'pending';

create table webhook_deliveries (
  id uuid not null,
  endpoint_id uuid not null,
  event_type text not null,
  batch_id uuid,
  event_id bigint,
  body text,
  response_excerpt text,
  tries jsonb default '[]' not null,
  status text default 'pending' not null,
  attempts integer default 0 not null,
  next_attempt_at timestamptz default clock_timestamp() not null,
  claim_token uuid,
  error text,
  created_at timestamptz default clock_timestamp() not null,
  completed_at timestamptz,
  constraint pk_webhook_deliveries primary key (id),
  constraint uq_webhook_deliveries_event unique (batch_id, event_id, endpoint_id),
  constraint fk_webhook_deliveries_batch_id foreign key (batch_id) references batches (id) on delete cascade,
  constraint fk_webhook_deliveries_endpoint_id foreign key (endpoint_id) references webhook_endpoints (id) on delete
    cascade,
  constraint ck_webhook_deliveries_ended_has_time check ((status = 'pending') = (completed_at is null)),
  constraint ck_webhook_deliveries_event_of_batch check ((batch_id is null) = (event_id is null)),
  constraint ck_webhook_deliveries_status check (status in ('pending', 'delivered', 'failed'))
);
create index ix_webhook_deliveries_completed_at on webhook_deliveries (completed_at) where completed_at is not null;
create index ix_webhook_deliveries_due on webhook_deliveries (endpoint_id, next_attempt_at) where status = 'pending';
create index ix_webhook_deliveries_endpoint_id on webhook_deliveries (endpoint_id, created_at desc, id desc);

create function fill_outbox() returns trigger language plpgsql as $$
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
$$;

create trigger outbox after insert on events for each row when (new.job_id is null) execute function fill_outbox();
