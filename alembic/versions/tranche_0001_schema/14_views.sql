-- Batches, jobs and steps under the names and words that readers of other systems' tables expect: see docs/views.md.
-- A batch of several pipelines counts where one of them is the view's; its counters are then those of that one's jobs.

create view batch_reports as
select b.id, b.organisation_id, b.name, b.status,
  case when b.total_pipelines > 1 then c.total else b.total_jobs end as total_files,
  case when b.total_pipelines > 1 then c.completed else b.completed_jobs end as successful_files,
  case when b.total_pipelines > 1 then c.failed else b.failed_jobs + b.cancelled_jobs + b.skipped_jobs end
    as failed_files,
  b.processing_time_ms, b.summary_data, b.total_size, b.created_at, b.completed_at, b.archived_at, b.expires_at
from batches b
join pipelines p on p.key = 'data-report' and (p.id = b.pipeline_id or b.total_pipelines > 1 and b.settings ? p.key)
cross join lateral (
  -- Counted only for a batch of several: for the others this costs nothing.
  select count(*)::int as total, count(*) filter (where j.status = 'completed')::int as completed,
    count(*) filter (where j.status in ('failed', 'cancelled', 'skipped'))::int as failed
  from jobs j where b.total_pipelines > 1 and j.batch_id = b.id and j.pipeline_id = p.id
) c;

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

create view processing_batches as
select b.id, case when b.total_pipelines > 1 then b.settings -> p.key else b.settings end ->> 'swimmer_name'
    as swimmer_name,
  case when b.total_pipelines > 1 then c.total else b.total_jobs end as total_pdfs,
  case when b.total_pipelines > 1 then c.completed else b.completed_jobs end as completed_pdfs,
  case when b.total_pipelines > 1 then c.failed else b.failed_jobs end as failed_pdfs,
  case b.status when 'draft' then 'pending' when 'paused' then 'processing' when 'cancelling' then 'processing'
    else b.status end as status,
  b.created_at, b.started_at, b.completed_at, b.expires_at, b.client_ip, b.last_event_id, b.notification_email,
  b.notification_sent_at, b.organisation_id
from batches b
join pipelines p on p.key = 'pdf-extraction'
  and (p.id = b.pipeline_id or b.total_pipelines > 1 and b.settings ? p.key)
cross join lateral (
  select count(*)::int as total, count(*) filter (where j.status = 'completed')::int as completed,
    count(*) filter (where j.status = 'failed')::int as failed
  from jobs j where b.total_pipelines > 1 and j.batch_id = b.id and j.pipeline_id = p.id
) c;

create view batch_jobs as
select j.id, j.batch_id, j.sequence, j.source_type, j.source_url, j.filename, j.checksum as file_checksum,
  case j.status when 'running' then case j.stage when 'downloading' then 'downloading' else 'processing' end
    when 'skipped' then 'cancelled' else j.status end as status,
  j.stage, j.progress_message, e.id as extraction_id, null::text as result_code, j.error_message, j.error_code,
  j.retry_count, j.cached, j.created_at, j.started_at, j.completed_at, j.file_id as pdf_file_id
from jobs j join pipelines p on p.id = j.pipeline_id left join extractions e on e.job_id = j.id
where p.key = 'pdf-extraction';

create view pdf_files as
select f.id, f.name as filename, f.sha256 as file_checksum, f.size as file_size, f.media_type as mime_type,
  f.storage_key, f.created_at, f.organisation_id
from files f
where exists (
  select from jobs j join pipelines p on p.id = j.pipeline_id where j.file_id = f.id and p.key = 'pdf-extraction'
);

create view extraction_results as
select e.id, e.job_id, j.batch_id, j.file_id as pdf_file_id, j.checksum as file_checksum, e.swimmer_name,
  e.meet as meet_name, e.dates as meet_dates, e.course, e.swims as results, jsonb_array_length(e.swims) as result_count,
  e.source, j.cached, e.created_at, e.organisation_id
from extractions e join jobs j on j.id = e.job_id;

create view registration_batch_jobs as
select b.id, b.name, b.organisation_id, b.execution_mode,
  case b.status when 'processing' then 'in_progress' when 'paused' then 'in_progress'
    when 'cancelling' then 'in_progress' when 'partial' then 'completed' else b.status end as status,
  case when b.total_pipelines > 1 then c.total else b.total_jobs end as total_restaurants,
  case when b.total_pipelines > 1 then c.completed else b.completed_jobs end as completed_restaurants,
  case when b.total_pipelines > 1 then c.failed else b.failed_jobs end as failed_restaurants,
  case when b.total_pipelines > 1 then b.settings -> p.key else b.settings end as settings,
  b.created_by, b.created_at, b.updated_at, b.started_at, b.completed_at, b.cancelled_at
from batches b
join pipelines p on p.key = 'restaurant-registration'
  and (p.id = b.pipeline_id or b.total_pipelines > 1 and b.settings ? p.key)
cross join lateral (
  select count(*)::int as total, count(*) filter (where j.status = 'completed')::int as completed,
    count(*) filter (where j.status = 'failed')::int as failed
  from jobs j where b.total_pipelines > 1 and j.batch_id = b.id and j.pipeline_id = p.id
) c;

create view registration_jobs as
select j.id, j.batch_id as batch_job_id, b.organisation_id,
  case when j.record ->> 'restaurant_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    then (j.record ->> 'restaurant_id')::uuid end as restaurant_id,
  j.filename as name, j.sequence,
  case j.status when 'running' then 'in_progress' when 'skipped' then 'cancelled' else j.status end as status,
  case when j.status in ('pending', 'running') then j.stage end as current_step, j.progress_message, j.error_code,
  j.error_message, j.retry_count, j.retry_of_job_id, j.created_at, j.updated_at, j.started_at, j.completed_at
from jobs j join batches b on b.id = j.batch_id
join pipelines p on p.key = 'restaurant-registration'
  and case when b.total_pipelines > 1 then j.pipeline_id else b.pipeline_id end = p.id;

create view registration_job_steps as
select md5(s.job_id::text || ':' || s.position)::uuid as id, s.job_id as registration_job_id, j.batch_job_id,
  j.organisation_id, s.position + 1 as step_number, s.name as step_name,
  case s.status when 'running' then 'in_progress' else s.status end as status,
  greatest(s.attempts - 1, 0) as retry_count, s.output as result, s.error_code, s.error_message, s.started_at,
  s.completed_at
from job_steps s join registration_jobs j on j.id = s.job_id;

create view batch_operation_logs as
select md5(e.batch_id::text || ':' || e.id)::uuid as id, e.batch_id as batch_job_id, e.job_id as registration_job_id,
  case e.type when 'step.failed' then 'error_occurred' when 'job.failed' then 'error_occurred'
    when 'batch.alerted' then 'error_occurred' when 'job.retrying' then 'retry_attempted'
    else replace(e.type, '.', '_') end as operation,
  e.data || jsonb_strip_nulls(jsonb_build_object('step', e.step, 'actor', e.actor, 'event', e.type, 'event_id', e.id))
    as details,
  e.created_at, b.organisation_id, e.id as event_id, 0 as place
from events e join batches b on b.id = e.batch_id
join pipelines p on p.key = 'restaurant-registration'
  and (p.id = b.pipeline_id or b.total_pipelines > 1 and b.settings ? p.key)
where e.job_id is null or b.total_pipelines = 1
  or exists (select from jobs j where j.id = e.job_id and j.pipeline_id = p.id)
union all
select md5(j.id::text || ' created')::uuid, j.batch_id, j.id, 'job_created',
  jsonb_strip_nulls(jsonb_build_object('sequence', j.sequence, 'name', j.filename,
    'restaurant_id', j.record ->> 'restaurant_id', 'retry_of_job_id', j.retry_of_job_id)),
  j.created_at, b.organisation_id, 1, j.sequence
from jobs j join batches b on b.id = j.batch_id
join pipelines p on p.key = 'restaurant-registration'
  and case when b.total_pipelines > 1 then j.pipeline_id else b.pipeline_id end = p.id;
