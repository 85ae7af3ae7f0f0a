-- Templates, schedules and their runs.

create table templates (
  id uuid not null,
  organisation_id uuid not null,
  created_by uuid,
  name text not null,
  description text,
  options jsonb not null,
  source jsonb not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint pk_templates primary key (id),
  constraint uq_templates_organisation_id_name unique (organisation_id, name),
  constraint fk_templates_created_by foreign key (created_by) references users (id) on delete set null,
  constraint fk_templates_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade
);
create index ix_templates_created_by on templates (created_by);

create table schedules (
  id uuid not null,
  organisation_id uuid not null,
  created_by uuid not null,
  template_id uuid not null,
  name text not null,
  cron text not null,
  time_zone text not null,
  overlap text default 'skip' not null,
  paused_at timestamptz,
  next_run_at timestamptz not null,
  created_at timestamptz default now() not null,
  updated_at timestamptz default now() not null,
  constraint pk_schedules primary key (id),
  constraint fk_schedules_created_by foreign key (created_by) references users (id) on delete cascade,
  constraint fk_schedules_organisation_id foreign key (organisation_id) references organisations (id) on delete
    cascade,
  constraint fk_schedules_template_id foreign key (template_id) references templates (id) on delete cascade,
  constraint ck_schedules_overlap check (overlap in ('skip', 'queue', 'allow'))
);
create index ix_schedules_created_by on schedules (created_by);
create index ix_schedules_due on schedules (next_run_at) where paused_at is null;
create index ix_schedules_organisation_id on schedules (organisation_id, id);
create index ix_schedules_template_id on schedules (template_id);

create table schedule_runs (
  schedule_id uuid not null,
  fire_at timestamptz not null,
  status text not null,
  reason text,
  batch_id uuid,
  created_at timestamptz default clock_timestamp() not null,
  constraint pk_schedule_runs primary key (schedule_id, fire_at),
  constraint fk_schedule_runs_batch_id foreign key (batch_id) references batches (id) on delete set null,
  constraint fk_schedule_runs_schedule_id foreign key (schedule_id) references schedules (id) on delete cascade,
  constraint ck_schedule_runs_status check (status in ('waiting', 'started', 'skipped', 'failed'))
);
create index ix_schedule_runs_batch_id on schedule_runs (batch_id) where batch_id is not null;
create index ix_schedule_runs_waiting on schedule_runs (schedule_id) where status = 'waiting';
