-- Batches, jobs, steps and their events; lists by index alone, search by runs of characters.

-- Every run of one, two and three characters: what pg_trgm does for three, without an extension that a server may lack.
-- The organisation is one of the words, so that a search reads nothing of other organisations.
create function search_grams(organisation_id uuid, name text, base_directory_name text, customer_prefix text)
returns text[] language sql immutable parallel safe as $$
  select organisation_id::text || coalesce(array_agg(distinct substr(lower(value), place, size)), '{}')
  from unnest(array[name, base_directory_name, customer_prefix]) as value,
    generate_series(1, 3) as size, generate_series(1, length(value) - size + 1) as place
$$;

create table events (
  batch_id uuid not null,
  id bigint not null,
  type text not null,
  job_id uuid,
  step text,
  data jsonb not null,
  counters integer[] not null,
  actor text,
  created_at timestamptz default now() not null,
  constraint pk_events primary key (batch_id, id)
);

create table directory_names (
  organisation_id uuid not null,
  name text not null,
  used integer not null,
  constraint pk_directory_names primary key (organisation_id, name),
  constraint fk_directory_names_organisation_id foreign key (organisation_id) references organisations (id) on
    delete cascade
);

create table idempotency_keys (
  organisation_id uuid not null,
  key text not null,
  request_hash bytea not null,
  response jsonb not null,
  created_at timestamptz default now() not null,
  constraint pk_idempotency_keys primary key (organisation_id, key),
  constraint fk_idempotency_keys_organisation_id foreign key (organisation_id) references organisations (id) on
    delete cascade
);
create index ix_idempotency_keys_created_at on idempotency_keys (created_at);

create table batches (
  id uuid not null,
  organisation_id uuid not null,
  created_by uuid,
  client_ip text,
  pipeline_id integer not null,
  name text not null,
  description text,
  customer_prefix text,
  base_directory_name text not null,
  total_pipelines integer default 1 not null,
  execution_mode text not null,
  max_parallel integer not null,
  status text not null,
  status_reason text,
  pause_reason text,
  failure_policy jsonb,
  total_jobs integer not null,
  pending_jobs integer not null,
  running_jobs integer default 0 not null,
  completed_jobs integer default 0 not null,
  failed_jobs integer default 0 not null,
  cancelled_jobs integer default 0 not null,
  skipped_jobs integer default 0 not null,
  cached_jobs integer default 0 not null,
  total_size bigint default '0' not null,
  processing_time_ms bigint,
  needs_summary boolean default false not null,
  summary_data jsonb,
  settings jsonb not null,
  metadata jsonb not null,
  parent_batch_id uuid,
  relation text,
  notification_email text,
  notification_sent_at timestamptz,
  last_event_id bigint default '0' not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  started_at timestamptz,
  paused_at timestamptz,
  cancelled_at timestamptz,
  completed_at timestamptz,
  archived_at timestamptz,
  expires_at timestamptz,
  failures_at_base integer default 0 not null,
  jobs_at_base integer default 0 not null,
  first_n integer,
  queued_at timestamptz,
  total_files integer default 0 not null,
  mixed_customers boolean default false not null,
  result_codes boolean default false not null,
  constraint pk_batches primary key (id),
  constraint fk_batches_created_by foreign key (created_by) references users (id) on delete set null,
  constraint fk_batches_organisation_id foreign key (organisation_id) references organisations (id) on delete cascade,
  constraint fk_batches_parent_batch_id foreign key (parent_batch_id) references batches (id) on delete set null,
  constraint fk_batches_pipeline_id foreign key (pipeline_id) references pipelines (id),
  constraint ck_batches_completed_has_no_failure check (status <> 'completed' or failed_jobs = 0),
  constraint ck_batches_counters_add_up check (pending_jobs + running_jobs + completed_jobs + failed_jobs +
    cancelled_jobs + skipped_jobs = total_jobs),
  constraint ck_batches_counters_not_negative check (pending_jobs >= 0 and running_jobs >= 0 and completed_jobs >= 0
    and failed_jobs >= 0 and cancelled_jobs >= 0 and skipped_jobs >= 0 and cached_jobs between 0 and completed_jobs),
  constraint ck_batches_execution_mode check (execution_mode in ('sequential', 'parallel')),
  constraint ck_batches_first_n check (first_n >= 1),
  constraint ck_batches_last_event_id check (last_event_id >= 0),
  constraint ck_batches_max_parallel check (max_parallel between 1 and 4096),
  constraint ck_batches_paused_has_reason check ((status = 'paused') = (pause_reason is not null)),
  constraint ck_batches_relation check ((parent_batch_id is null or relation is not null) and relation in
    ('retry_failed', 'restart', 'schedule', 'backfill', 'hand_over')),
  constraint ck_batches_running_after_start check (status not in ('draft', 'pending') or running_jobs = 0),
  constraint ck_batches_status check (status in ('draft', 'pending', 'processing', 'paused', 'cancelling',
    'completed', 'partial', 'failed', 'cancelled')),
  constraint ck_batches_terminal_has_time check ((status in ('completed', 'partial', 'failed', 'cancelled')) =
    (completed_at is not null)),
  constraint ck_batches_terminal_is_quiet check (status not in ('completed', 'partial', 'failed', 'cancelled') or
    pending_jobs + running_jobs = 0),
  constraint ck_batches_totals check (total_pipelines >= 1 and total_files between 0 and total_jobs)
) with (fillfactor = 50);
create index ix_batches_archived on batches (organisation_id, created_at, id) where archived_at is not null;
create index ix_batches_created_by on batches (created_by);
create index ix_batches_customer_prefix on batches (organisation_id, customer_prefix text_pattern_ops, created_at)
  where customer_prefix is not null;
create index ix_batches_expires_at on batches (expires_at) where expires_at is not null;
create index ix_batches_live on batches (organisation_id, created_at, id) where archived_at is null;
create index ix_batches_name on batches (organisation_id, name, id) where archived_at is null;
create index ix_batches_open on batches (status) where status in ('draft', 'pending', 'processing', 'paused',
  'cancelling');
create index ix_batches_parent_batch_id on batches (parent_batch_id) where parent_batch_id is not null;
create index ix_batches_pipeline on batches (organisation_id, pipeline_id, created_at, id) where archived_at is null;
create index ix_batches_status on batches (organisation_id, status, created_at, id) where archived_at is null;
create index ix_batches_summary_data on batches using gin (summary_data jsonb_path_ops);
create index ix_batches_total_files on batches (organisation_id, total_files, id);
create index ix_batches_words on batches using gin (search_grams(organisation_id, name, base_directory_name,
  customer_prefix)) with (gin_pending_list_limit = 256);

create table jobs (
  id uuid not null,
  batch_id uuid not null,
  pipeline_id integer not null,
  sequence integer not null,
  source_type text not null,
  source_url text,
  file_id uuid,
  filename text,
  file_size bigint,
  media_type text,
  checksum text,
  record jsonb,
  status text default 'pending' not null,
  stage text default 'queued' not null,
  progress double precision,
  progress_message text,
  step_position integer default 0 not null,
  attempt integer default 0 not null,
  claimed_by bigint,
  retry_count integer default 0 not null,
  crash_count integer default 0 not null,
  run_at timestamptz default '-infinity' not null,
  error_code text,
  error_message text,
  cached boolean default false not null,
  result jsonb,
  retry_of_job_id uuid,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  started_at timestamptz,
  completed_at timestamptz,
  item integer default 0 not null,
  constraint pk_jobs primary key (id),
  constraint uq_jobs_batch_id_sequence unique (batch_id, sequence),
  constraint fk_jobs_batch_id foreign key (batch_id) references batches (id) on delete cascade,
  constraint fk_jobs_file_id foreign key (file_id) references files (id),
  constraint fk_jobs_pipeline_id foreign key (pipeline_id) references pipelines (id),
  constraint fk_jobs_retry_of_job_id foreign key (retry_of_job_id) references jobs (id) on delete set null,
  constraint ck_jobs_budgets_not_negative check (retry_count >= 0 and crash_count >= 0),
  constraint ck_jobs_failed_has_code check (status <> 'failed' or error_code is not null),
  constraint ck_jobs_not_negative check (sequence >= 1 and step_position >= 0 and attempt >= 0),
  constraint ck_jobs_progress check (progress between 0 and 1),
  constraint ck_jobs_record_has_content check (source_type <> 'record' or record is not null),
  constraint ck_jobs_running_is_claimed check ((status = 'running') = (claimed_by is not null)),
  constraint ck_jobs_source_type check (source_type in ('file', 'url', 'record')),
  constraint ck_jobs_status check (status in ('pending', 'running', 'completed', 'failed', 'cancelled', 'skipped')),
  constraint ck_jobs_terminal_has_time check ((status in ('completed', 'failed', 'cancelled', 'skipped')) =
    (completed_at is not null)),
  constraint ck_jobs_url_has_address check (source_type <> 'url' or source_url is not null)
) with (fillfactor = 50);
create index ix_jobs_checksum on jobs (checksum) where checksum is not null;
create index ix_jobs_claimed_by on jobs (claimed_by) where status = 'running';
create index ix_jobs_delayed on jobs (batch_id, run_at) where status = 'pending' and run_at > '-infinity';
create index ix_jobs_file_id on jobs (file_id) where file_id is not null;
create index ix_jobs_pending on jobs (batch_id, sequence) where status = 'pending';
create index ix_jobs_suspects on jobs (batch_id, sequence) where crash_count > 0 and status in ('pending', 'running');
create unique index uq_jobs_retry_of_job_id on jobs (retry_of_job_id) where retry_of_job_id is not null;

create table job_outputs (
  job_id uuid not null,
  name text not null,
  file_id uuid not null,
  created_at timestamptz default now() not null,
  constraint pk_job_outputs primary key (job_id, name),
  constraint fk_job_outputs_file_id foreign key (file_id) references files (id),
  constraint fk_job_outputs_job_id foreign key (job_id) references jobs (id) on delete cascade
);
create index ix_job_outputs_file_id on job_outputs (file_id);

create table job_steps (
  job_id uuid not null,
  position integer not null,
  name text not null,
  status text default 'pending' not null,
  attempts integer default 0 not null,
  depends_on text[] default '{}' not null,
  skip_if_failed boolean default true not null,
  inherited_from uuid,
  output jsonb,
  error_code text,
  error_message text,
  started_at timestamptz,
  completed_at timestamptz,
  constraint pk_job_steps primary key (job_id, position),
  constraint fk_job_steps_inherited_from foreign key (inherited_from) references jobs (id) on delete set null,
  constraint fk_job_steps_job_id foreign key (job_id) references jobs (id) on delete cascade,
  constraint ck_job_steps_failed_has_code check (status <> 'failed' or error_code is not null),
  constraint ck_job_steps_not_negative check (position >= 0 and attempts >= 0),
  constraint ck_job_steps_status check (status in ('pending', 'running', 'completed', 'failed', 'skipped',
    'cancelled')),
  constraint ck_job_steps_terminal_has_time check ((status in ('completed', 'failed', 'skipped', 'cancelled')) =
    (completed_at is not null))
) with (fillfactor = 50);
create index ix_job_steps_inherited_from on job_steps (inherited_from) where inherited_from is not null;
