"""Organisations have a time zone and words for views, batches know who named them, old jobs are named by the service.

Names are read in one language, so the function that groups `legacy_jobs` no longer does: its batches get a plain name.
"""

from alembic import op

revision = "tranche_0006"
down_revision = "tranche_0005"

# As in tranche_0002, but that it answers with each batch (kind 'batch', its id, its jobs), which the caller names.
GROUP = r"""
create or replace function group_legacy_jobs(known_as jsonb default '{}', gap interval default '60 seconds')
returns table (kind text, value text, jobs bigint) language plpgsql
set timezone = 'UTC' set lock_timeout = '5s' as $$
#variable_conflict use_column
declare
  organisation uuid;
  missing text;
  g record;
  new_batch uuid;
  called text;
begin
  if to_regclass('legacy_jobs') is null then
    return;
  end if;
  -- Nobody writes there meanwhile, and two processes that start at once do this in turn.
  lock table legacy_jobs in share row exclusive mode;
  select case when bool_or(a.attname = 'created_at') is not true then 'created_at'
    when bool_or(a.attname in ('pipeline', 'pipeline_id')) is not true then 'pipeline'
    when bool_or(a.attname = 'batch_id' and a.atttypid <> 'uuid'::regtype) then 'batch_id' end into missing
  from pg_attribute a where a.attrelid = to_regclass('legacy_jobs') and a.attnum > 0 and not a.attisdropped;
  if missing is not null then
    return query select 'column', missing, count(*) from legacy_jobs;
    return;
  end if;
  alter table legacy_jobs add column if not exists batch_id uuid references batches (id) on delete set null;
  if not exists (select from pg_attribute a
      where a.attrelid = to_regclass('legacy_jobs') and a.attname = 'grouped_at' and not a.attisdropped) then
    alter table legacy_jobs add column grouped_at timestamptz;
    update legacy_jobs set grouped_at = now() where batch_id is not null;
  end if;

  drop table if exists legacy_read;
  create temporary table legacy_read on commit drop as
  select l.ctid as place, to_jsonb(l) as content, legacy_moment(to_jsonb(l) ->> 'created_at') as created_at,
    coalesce(to_jsonb(l) ->> 'pipeline', to_jsonb(l) ->> 'pipeline_id', '') as named, null::int as pipeline_id,
    coalesce(to_jsonb(l) ->> 'filename', '') as filename,
    translate(lower(trim(coalesce(to_jsonb(l) ->> 'status', 'completed'))), '- ', '__') as word,
    null::text as status, null::timestamptz as ended_at, 0::bigint as size, 0::bigint as run, null::uuid as batch_id,
    0 as sequence
  from legacy_jobs l where l.grouped_at is null;
  update legacy_read r set
    pipeline_id = (
      select p.id from pipelines p
      where p.key = coalesce(known_as ->> r.named, r.named) or p.id::text = r.named and not known_as ? r.named
      order by p.key = coalesce(known_as ->> r.named, r.named) desc limit 1
    ),
    status = case
      when r.word in ('completed', 'complete', 'success', 'succeeded', 'done', 'finished', 'ok') then 'completed'
      when r.word in ('failed', 'failure', 'error', 'errored') then 'failed'
      when r.word in ('cancelled', 'canceled', 'aborted', 'queued', 'pending', 'waiting', 'processing', 'running',
        'in_progress') then 'cancelled'
      when r.word = 'skipped' then 'skipped' end,
    ended_at = greatest(r.created_at, legacy_moment(r.content ->> 'completed_at')),
    size = case when r.content ->> 'file_size' ~ '^[0-9]{1,18}$' then (r.content ->> 'file_size')::bigint else 0 end;

  return query select 'created_at', coalesce(r.content ->> 'created_at', ''), count(*)
    from legacy_read r where r.created_at is null group by 2 order by 2 limit 20;
  return query select 'pipeline', r.named, count(*)
    from legacy_read r where r.created_at is not null and r.pipeline_id is null group by 2 order by 2;
  return query select 'status', r.word, count(*)
    from legacy_read r
    where r.created_at is not null and r.pipeline_id is not null and r.status is null group by 2 order by 2 limit 20;
  delete from legacy_read r where r.created_at is null or r.pipeline_id is null or r.status is null;

  update legacy_read r set run = s.run from (
    select place, sum(starts) over (partition by pipeline_id order by created_at, place) as run from (
      select place, pipeline_id, created_at,
        (created_at - lag(created_at) over (partition by pipeline_id order by created_at, place) <= gap
          is not true)::int as starts
      from legacy_read
    ) gaps
  ) s where s.place = r.place;
  with runs as materialized (select pipeline_id, run, gen_random_uuid() as batch_id from legacy_read group by 1, 2)
  update legacy_read r set batch_id = s.batch_id, sequence = s.sequence from (
    select p.place, b.batch_id, row_number() over (partition by b.batch_id order by p.created_at, p.place) as sequence
    from legacy_read p join runs b using (pipeline_id, run)
  ) s where s.place = r.place;

  if exists (select from legacy_read) then
    insert into organisations (id, name)
    select gen_random_uuid(), 'Default' where not exists (select from organisations);
    select id into organisation from organisations order by created_at limit 1;
  end if;
  for g in
    select r.batch_id, r.pipeline_id, min(r.created_at) as began, max(r.ended_at) as ended, count(*) as total,
      sum(r.size) as size, count(*) filter (where r.status = 'completed') as completed,
      count(*) filter (where r.status = 'failed') as failed,
      count(*) filter (where r.status = 'cancelled') as cancelled,
      count(*) filter (where r.status = 'skipped') as skipped
    from legacy_read r
    group by r.batch_id, r.pipeline_id order by min(r.created_at), r.pipeline_id
  loop
    new_batch := g.batch_id;
    called := g.total || '-file_' || to_char(g.began, 'YYYY-MM-DD');
    insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, total_files,
      total_size, execution_mode, max_parallel, status, total_jobs, jobs_at_base, pending_jobs, completed_jobs,
      failed_jobs, cancelled_jobs, skipped_jobs, settings, metadata, relation, last_event_id, created_at, updated_at,
      queued_at, started_at, completed_at)
    values (new_batch, organisation, g.pipeline_id, called, called, g.total, g.size, 'parallel', 1,
      case when g.completed + g.skipped = g.total then 'completed' when g.completed > 0 then 'partial'
        when g.failed > 0 then 'failed' else 'cancelled' end,
      g.total, g.total, 0, g.completed, g.failed, g.cancelled, g.skipped, '{}',
      jsonb_build_object('backfill', jsonb_build_object('jobs', g.total)), 'backfill', 2, g.began, g.ended, g.began,
      g.began, g.ended);
    insert into events (batch_id, id, type, data, counters, actor, created_at)
    select new_batch, 1, 'batch.created',
      jsonb_build_object('status', 'pending', 'name', b.name, 'relation', b.relation),
      array[g.total, g.total, 0, 0, 0, 0, 0, 0]::int[], 'migration', g.began
    from batches b where b.id = new_batch
    union all
    select new_batch, 2, 'batch.' || b.status, jsonb_build_object('status', b.status),
      array[g.total, 0, 0, g.completed, g.failed, g.cancelled, g.skipped, 0]::int[], 'migration', g.ended
    from batches b where b.id = new_batch;
    return query select 'batch', new_batch::text, g.total;
  end loop;
  insert into jobs (id, batch_id, pipeline_id, sequence, item, source_type, filename, file_size, status, stage,
    error_code, error_message, record, created_at, updated_at, started_at, completed_at)
  select gen_random_uuid(), r.batch_id, r.pipeline_id, r.sequence, r.sequence, 'file', nullif(r.filename, ''), r.size,
    r.status, case r.status when 'completed' then 'done' else 'queued' end,
    case r.status when 'failed' then 'IMPORTED_FAILURE' end,
    case when r.word in ('queued', 'pending', 'waiting', 'processing', 'running', 'in_progress')
      then 'It was ' || r.word || ' in the older system when it was taken over.'
      else left(regexp_replace(r.content ->> 'error', '\s+', ' ', 'g'), 500) end,
    nullif(jsonb_strip_nulls(r.content - array['created_at', 'completed_at', 'pipeline', 'pipeline_id', 'filename',
      'file_size', 'status', 'error', 'batch_id', 'grouped_at']), '{}'),
    r.created_at, r.ended_at, r.created_at, r.ended_at
  from legacy_read r;
  update legacy_jobs l set batch_id = r.batch_id, grouped_at = now() from legacy_read r where r.place = l.ctid;
  drop table legacy_read;
end
$$
"""


def upgrade() -> None:
    op.execute("""
        alter table organisations
        add column time_zone text not null default 'UTC',
        add column naming jsonb not null default '{}'""")
    op.execute("alter table batches add column name_given boolean not null default false")
    op.execute(GROUP)


def downgrade() -> None:
    script = op.get_context().script
    before = script.get_revision("tranche_0002") if script else None
    assert before is not None
    op.execute("drop function group_legacy_jobs(jsonb, interval)")
    op.execute(before.module.GROUP)
    op.execute("alter table batches drop column name_given")
    op.execute("alter table organisations drop column time_zone, drop column naming")
