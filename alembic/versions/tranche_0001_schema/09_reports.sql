-- Reports of files.

create table reports (
  id uuid not null,
  organisation_id uuid not null,
  batch_id uuid,
  job_id uuid,
  file_name text not null,
  file_size bigint not null,
  file_type text not null,
  sha256 text,
  row_count bigint not null,
  column_count integer not null,
  processing_time_ms bigint not null,
  data jsonb not null,
  created_at timestamptz default now() not null,
  expires_at timestamptz,
  constraint pk_reports primary key (id),
  constraint uq_reports_job_id unique (job_id),
  constraint fk_reports_batch_id foreign key (batch_id) references batches (id) on delete set null,
  constraint fk_reports_job_id foreign key (job_id) references jobs (id) on delete set null,
  constraint fk_reports_organisation_id foreign key (organisation_id) references organisations (id) on delete cascade,
  constraint ck_reports_not_negative check (row_count >= 0 and column_count >= 0 and file_size >= 0)
);
create index ix_reports_batch_id on reports (batch_id);
create index ix_reports_expires_at on reports (expires_at) where expires_at is not null;
create index ix_reports_organisation_id_created_at on reports (organisation_id, created_at desc, id desc);
