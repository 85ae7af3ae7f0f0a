"""Notes and confidence of reports, what reports are compared by, and views that follow the jobs of a batch."""

from alembic import op

revision = "tranche_0005"
down_revision = "tranche_0004"

# A batch of several pipelines is in a view where it has jobs of that pipeline, whatever its settings name.
BATCH_REPORTS = """
create or replace view batch_reports as
select b.id, b.organisation_id, b.name, b.status,
  case when b.total_pipelines > 1 then c.total else b.total_jobs end as total_files,
  case when b.total_pipelines > 1 then c.completed else b.completed_jobs end as successful_files,
  case when b.total_pipelines > 1 then c.failed else b.failed_jobs + b.cancelled_jobs + b.skipped_jobs end
    as failed_files,
  b.processing_time_ms,
  case when b.total_pipelines > 1 then b.summary_data -> p.key else b.summary_data end as summary_data,
  b.total_size, b.created_at, b.completed_at, b.archived_at, b.expires_at
from batches b
join pipelines p on p.key = 'data-report' and (p.id = b.pipeline_id or b.total_pipelines > 1 and exists (
  select from jobs j where j.batch_id = b.id and j.pipeline_id = p.id))
cross join lateral (
  select count(*)::int as total, count(*) filter (where j.status = 'completed')::int as completed,
    count(*) filter (where j.status in ('failed', 'cancelled', 'skipped'))::int as failed
  from jobs j where b.total_pipelines > 1 and j.batch_id = b.id and j.pipeline_id = p.id
) c"""
BATCH_REPORT_FILES = """
create or replace view batch_report_files as
select j.id, j.batch_id, r.id as report_id, coalesce(j.filename, j.source_url) as file_name, j.file_size,
  coalesce(r.file_type, lower(substring(j.filename from '[.]([^.]+)$'))) as file_type,
  case j.status when 'pending' then 'pending' when 'running' then 'processing' when 'completed' then 'success'
    else 'failed' end as processing_status,
  j.status, j.stage, j.sequence as processing_order, j.error_code,
  coalesce(j.error_message, case j.status when 'cancelled' then 'The file was cancelled.'
    when 'skipped' then 'The file was skipped.' end) as error_message,
  j.created_at, j.started_at, j.completed_at, r.confidence, r.notes
from jobs j join pipelines p on p.id = j.pipeline_id left join reports r on r.job_id = j.id
where p.key = 'data-report'"""
BATCH_REPORTS_BEFORE = """
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
  select count(*)::int as total, count(*) filter (where j.status = 'completed')::int as completed,
    count(*) filter (where j.status in ('failed', 'cancelled', 'skipped'))::int as failed
  from jobs j where b.total_pipelines > 1 and j.batch_id = b.id and j.pipeline_id = p.id
) c"""
BATCH_REPORT_FILES_BEFORE = """
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
where p.key = 'data-report'"""


def upgrade() -> None:
    op.execute("""
        alter table reports add column confidence text
          constraint ck_reports_confidence check (confidence in ('high', 'check', 'low')),
        add column notes jsonb, add column shape text, add column outline jsonb""")
    op.execute(BATCH_REPORTS)
    op.execute(BATCH_REPORT_FILES)
    # The column is new, so the index is empty, and one scan of the table makes it.
    op.execute("""
        -- squawk-ignore require-concurrent-index-creation
        create index ix_reports_shape on reports (organisation_id, shape, created_at) where shape is not null""")


def downgrade() -> None:
    op.execute("drop view batch_report_files")
    op.execute("drop view batch_reports")
    op.execute(BATCH_REPORT_FILES_BEFORE)
    op.execute(BATCH_REPORTS_BEFORE)
    op.drop_index("ix_reports_shape", "reports")
    op.execute("""
        alter table reports drop column outline, drop column shape, drop column notes, drop column confidence""")
