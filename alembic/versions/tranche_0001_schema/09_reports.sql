-- Reports of files, and batches of reports as their readers expect them.

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

create view batch_reports as
select b.id, b.organisation_id, b.name, b.status, b.total_jobs as total_files,
  b.completed_jobs as successful_files, b.failed_jobs + b.cancelled_jobs + b.skipped_jobs as failed_files,
  b.processing_time_ms, b.summary_data, b.total_size, b.created_at, b.completed_at, b.archived_at, b.expires_at
from batches b join pipelines p on p.id = b.pipeline_id
where p.key = 'data-report';

create view batch_report_files as
select j.id, j.batch_id, r.id as report_id, coalesce(j.filename, j.source_url) as file_name, j.file_size,
  coalesce(r.file_type, lower(substring(j.filename from '[.]([^.]+)$'))) as file_type,
  case j.status when 'pending' then 'pending' when 'running' then 'processing' when 'completed' then 'success'
    else 'failed' end as processing_status,
  j.status, j.stage, j.sequence as processing_order, j.error_code,
  coalesce(j.error_message, case j.status when 'cancelled' then 'The file was cancelled.'
    when 'skipped' then 'The file was skipped.' end) as error_message,
  j.created_at, j.started_at, j.completed_at
from jobs j join pipelines p on p.id = j.pipeline_id left join reports r on r.job_id = j.id
where p.key = 'data-report';
