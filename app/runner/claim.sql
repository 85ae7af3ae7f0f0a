-- Takes due pending jobs of some batches for the calling process, marks them running, and records that they started.
--   batch_ids, wanted, dispatch_ids: the batches, how many jobs of each, and on behalf of which dispatch; one length.
-- One row for each claimed job; for each batch also a row without a job, with the seconds until its next delayed job.
-- A function commits itself: a process that freezes in the middle of the call holds no lock.
create function {name}(batch_ids uuid[], wanted int[], dispatch_ids bigint[])
returns table (
  batch_id uuid, job_id uuid, dispatch_id bigint, attempt int, step_position int, retry_count int, sequence int,
  source_type text, filename text, source_url text, record jsonb, file_id uuid, file_size bigint, media_type text,
  checksum text, pipeline_id int, seconds_to_next double precision
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
  with requests as materialized (
    select r.batch_id, r.wanted, r.dispatch_id, b.status, b.execution_mode, b.first_n,
      case when b.execution_mode = 'sequential' then 1 else b.max_parallel end - b.running_jobs as room
    from unnest(batch_ids, wanted, dispatch_ids) as r(batch_id, wanted, dispatch_id)
    join batches b on b.id = r.batch_id and b.status in ('pending', 'processing')
  ), chosen_jobs as (
    select due.id, r.dispatch_id
    from requests r, lateral (
      -- A job whose worker died is suspected of having killed it: of these a batch runs one at a time, so that the others,
      -- which only ran beside the culprit, are not hit again.
      select case when not exists (
        select from jobs running
        where running.batch_id = r.batch_id and running.crash_count > 0 and running.status = 'running'
      ) then (
        select j.id from jobs j
        where j.batch_id = r.batch_id and j.crash_count > 0 and j.status = 'pending' and j.run_at <= at
        order by j.sequence limit 1
      ) end as id
    ) suspect, lateral (
      select j.id, j.run_at from jobs j
      where j.batch_id = r.batch_id and j.status = 'pending' and (j.crash_count = 0 or j.id = suspect.id)
        and (r.first_n is null or j.sequence <= r.first_n)
        -- One at a time means in order: a job that waits for its retry holds the ones behind it back.
        and (r.execution_mode = 'sequential' or j.run_at <= at)
      order by j.sequence
      limit greatest(0, least(r.wanted, r.room))
    ) due
    where due.run_at <= at
  ), claimed_jobs as (
    update jobs j
    set status = 'running', attempt = j.attempt + 1, claimed_by = chosen.dispatch_id, updated_at = at,
      started_at = coalesce(j.started_at, at), stage = s.name, error_code = null, error_message = null
    from chosen_jobs chosen, job_steps s
    where j.id = chosen.id and s.job_id = chosen.id and s.position = j.step_position
    returning j.*
  ), updated_steps as (
    update job_steps s set status = 'running', started_at = at
    from claimed_jobs j where s.job_id = j.id and s.position = j.step_position
  ), batch_changes as (
    select j.batch_id, count(*)::int as jobs from claimed_jobs j group by j.batch_id
  ), updated_batches as (
    update batches b
    set running_jobs = b.running_jobs + c.jobs, pending_jobs = b.pending_jobs - c.jobs, status = 'processing',
      started_at = coalesce(b.started_at, at), updated_at = at,
      last_event_id = b.last_event_id + c.jobs + (r.status = 'pending' and b.started_at is null)::int
    from batch_changes c, requests r
    where b.id = c.batch_id and r.batch_id = b.id
    -- The first job's event follows the batch's own, if this is the start of the batch.
    returning b.id, b.last_event_id - c.jobs as last_event_id_before_jobs,
      r.status = 'pending' and b.started_at = at as has_started, {counters} as counters
  ), inserted_events as (
    insert into events (batch_id, id, type, job_id, step, data, counters, created_at)
    select b.id, b.last_event_id_before_jobs, 'batch.started', null, null, '{{"status": "processing"}}', b.counters, at
    from updated_batches b where b.has_started
    union all
    select j.batch_id, b.last_event_id_before_jobs + row_number() over (partition by j.batch_id order by j.sequence),
      'job.started', j.id, j.stage,
      jsonb_build_object('sequence', j.sequence, 'stage', j.stage, 'status', 'running', 'attempt', j.attempt), b.counters, at
    from claimed_jobs j join updated_batches b on b.id = j.batch_id
  ), notified as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(b.id::text, ',') else '*' end)
    from updated_batches b having count(*) > 0
  )
  select j.batch_id, j.id, j.claimed_by, j.attempt, j.step_position, j.retry_count, j.sequence, j.source_type, j.filename,
    j.source_url, j.record, j.file_id, j.file_size, j.media_type, j.checksum, j.pipeline_id, null::double precision
  from claimed_jobs j
  union all
  -- Joined with `notified`, because a CTE that only selects does not run unless somebody reads it.
  select r.batch_id, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    extract(epoch from (
      select min(j.run_at) from jobs j
      where j.batch_id = r.batch_id and j.status = 'pending' and j.run_at > '-infinity' and j.run_at > at
    ) - at)::double precision
  from requests r left join notified on true;
end
$function$
