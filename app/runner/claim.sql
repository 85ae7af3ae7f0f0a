-- Takes due pending jobs of some batches for the calling process, marks them running, and records that they started.
--   $1 batches, $2 how many of each, $3 the engine job (dispatch) on whose behalf; arrays of one length.
-- One row for each claimed job; for each asked batch also a row without a job, with the seconds until its next delayed job.
-- A function commits itself: a process that freezes in the middle of the call holds no lock.
create function {name}(batch_ids uuid[], wanted int[], dispatches bigint[])
returns table (
  batch_id uuid, job_id uuid, dispatch bigint, attempt int, step_position int, retry_count int, sequence int, source_type text,
  filename text, source_url text, record jsonb, file_id uuid, file_size bigint, media_type text, checksum text,
  pipeline_id int, seconds_to_next double precision
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $function$
#variable_conflict use_column
declare
  at constant timestamptz := clock_timestamp();
begin
  -- Lock first, look afterwards: the next statement gets a fresh snapshot, so that counters cannot be overshot.
  perform 1 from batches where batches.id = any(batch_ids) order by batches.id for no key update;
  return query
  with asked as materialized (
    select a.batch_id, a.wanted, a.dispatch, b.status, b.execution_mode, b.first_n,
      case when b.execution_mode = 'sequential' then 1 else b.max_parallel end - b.running_jobs as room
    from unnest(batch_ids, wanted, dispatches) as a(batch_id, wanted, dispatch)
    join batches b on b.id = a.batch_id and b.status in ('pending', 'processing')
  ), chosen as (
    select due.id, asked.dispatch
    from asked, lateral (
      -- A job whose worker died is suspected of having killed it: of these a batch runs one at a time, so that the others,
      -- which only ran beside the culprit, are not hit again.
      select case when not exists (
        select from jobs r where r.batch_id = asked.batch_id and r.crash_count > 0 and r.status = 'running'
      ) then (
        select s.id from jobs s
        where s.batch_id = asked.batch_id and s.crash_count > 0 and s.status = 'pending' and s.run_at <= at
        order by s.sequence limit 1
      ) end as id
    ) suspect, lateral (
      select j.id, j.run_at from jobs j
      where j.batch_id = asked.batch_id and j.status = 'pending' and (j.crash_count = 0 or j.id = suspect.id)
        and (asked.first_n is null or j.sequence <= asked.first_n)
        -- One at a time means in order: a job that waits for its retry holds the ones behind it back.
        and (asked.execution_mode = 'sequential' or j.run_at <= at)
      order by j.sequence
      limit greatest(0, least(asked.wanted, asked.room))
    ) due
    where due.run_at <= at
  ), claimed as (
    update jobs j
    set status = 'running', attempt = j.attempt + 1, claimed_by = chosen.dispatch, updated_at = at,
      started_at = coalesce(j.started_at, at), stage = s.name, error_code = null, error_message = null
    from chosen, job_steps s
    where j.id = chosen.id and s.job_id = chosen.id and s.position = j.step_position
    returning j.*
  ), steps as (
    update job_steps s set status = 'running', started_at = at
    from claimed c where s.job_id = c.id and s.position = c.step_position
  ), per_batch as (
    select c.batch_id, count(*)::int as jobs from claimed c group by c.batch_id
  ), updated_batches as (
    update batches b
    set running_jobs = b.running_jobs + p.jobs, pending_jobs = b.pending_jobs - p.jobs, status = 'processing',
      started_at = coalesce(b.started_at, at), updated_at = at,
      last_event_id = b.last_event_id + p.jobs + (asked.status = 'pending' and b.started_at is null)::int
    from per_batch p, asked
    where b.id = p.batch_id and asked.batch_id = b.id
    returning b.id, b.last_event_id - p.jobs as base, asked.status = 'pending' and b.started_at = at as began, {counters} as counters
  ), inserted_events as (
    insert into events (batch_id, id, type, job_id, step, data, counters, created_at)
    select m.id, m.base, 'batch.started', null, null, '{{"status": "processing"}}', m.counters, at
    from updated_batches m where m.began
    union all
    select c.batch_id, m.base + row_number() over (partition by c.batch_id order by c.sequence), 'job.started', c.id, c.stage,
      jsonb_build_object('sequence', c.sequence, 'stage', c.stage, 'status', 'running', 'attempt', c.attempt), m.counters, at
    from claimed c join updated_batches m on m.id = c.batch_id
  ), notified as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(m.id::text, ',') else '*' end)
    from updated_batches m having count(*) > 0
  )
  select c.batch_id, c.id, c.claimed_by, c.attempt, c.step_position, c.retry_count, c.sequence, c.source_type, c.filename,
    c.source_url, c.record, c.file_id, c.file_size, c.media_type, c.checksum, c.pipeline_id,
    null::double precision
  from claimed c
  union all
  select asked.batch_id, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    extract(epoch from (
      select min(j.run_at) from jobs j
      where j.batch_id = asked.batch_id and j.status = 'pending' and j.run_at > '-infinity' and j.run_at > at
    ) - at)::double precision
  from asked left join notified on true;
end
$function$
