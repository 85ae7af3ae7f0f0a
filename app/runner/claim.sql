-- Takes due pending jobs of some batches for the calling process, marks them running, and records that they started.
--   batch_ids, wanted, dispatch_ids: the batches, how many jobs of each, and on behalf of which dispatch; one length.
--   worker: the process, which gets nothing for a dispatch that was taken from it; null for no such check
--   suspects: claim a group of the jobs that ran when two workers died; else all but these
-- One row for each claimed job, with the seconds since it was due; for each batch also a row without a job, with the
-- seconds until its next delayed job, and whether it has due suspects for which no dispatch is on its way.
-- A function commits itself: a process that freezes in the middle of the call holds no lock.
create function {name}(batch_ids uuid[], wanted int[], dispatch_ids bigint[], worker uuid default null,
  suspects boolean default false)
returns table (
  batch_id uuid, job_id uuid, dispatch_id bigint, attempt int, step_position int, retry_count int, sequence int,
  source_type text, filename text, source_url text, record jsonb, file_id uuid, file_size bigint, media_type text,
  checksum text, pipeline_id int, waited double precision, seconds_to_next double precision,
  has_suspects boolean
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
    select r.batch_id, r.wanted, r.dispatch_id, b.status, b.execution_mode, b.first_n, b.queued_at,
      case when b.execution_mode = 'sequential' then 1 else b.max_parallel end - b.running_jobs as room
    from unnest(batch_ids, wanted, dispatch_ids) as r(batch_id, wanted, dispatch_id)
    join batches b on b.id = r.batch_id and b.status in ('pending', 'processing')
    join organisations o on o.id = b.organisation_id and o.disabled_at is null
    where worker is null
      or exists (select from {queue} q where q.id = r.dispatch_id and q.queue_manager_id = worker)
  ), ordinary_jobs as (
    select due.id, r.dispatch_id, extract(epoch from at - greatest(due.since, r.queued_at))::double precision as waited
    from requests r, lateral (
      select j.id, j.run_at, j.crash_count, greatest(j.updated_at, j.run_at) as since from jobs j
      where j.batch_id = r.batch_id and j.status = 'pending'
        and (j.crash_count < {crashes_of_suspects} or r.execution_mode = 'sequential')
        and (r.first_n is null or j.sequence <= r.first_n)
        -- One at a time means in order: a job that waits for its retry holds the ones behind it back, and so does a suspect.
        and (r.execution_mode = 'sequential' or j.run_at <= at)
      order by j.sequence
      limit greatest(0, least(r.wanted, r.room))
    ) due
    where not suspects and due.run_at <= at and due.crash_count < {crashes_of_suspects}
  ), due_suspects as materialized (
    select j.id, r.dispatch_id, j.sequence, coalesce(j.crash_group, {largest_group}) as crash_group,
      extract(epoch from at - greatest(j.updated_at, j.run_at, r.queued_at))::double precision as waited,
      row_number() over (partition by j.batch_id order by j.sequence) <= least(r.wanted, r.room) as has_room
    from requests r join jobs j on j.batch_id = r.batch_id
    where suspects and j.status = 'pending' and j.crash_count >= {crashes_of_suspects} and j.run_at <= at
      and (r.first_n is null or j.sequence <= r.first_n)
      and (r.execution_mode <> 'sequential' or not exists (
        select from jobs e where e.batch_id = j.batch_id and e.status = 'pending' and e.sequence < j.sequence))
      -- One group after the other: whoever joined one that runs would be as suspect as those in it.
      and not exists (
        select from {queue} q join jobs held on held.claimed_by = q.id and held.status = 'running'
        where q.queue_manager_id = worker)
  ), suspect_group as (
    -- The largest group that may run together, from all batches: in it are most that did nothing.
    select s.*, row_number() over (order by s.id) as place
    from due_suspects s
    where s.has_room and s.crash_group = (select max(l.crash_group) from due_suspects l where l.has_room)
  ), chosen_jobs as (
    select o.id, o.dispatch_id, o.waited from ordinary_jobs o
    union all
    select s.id, s.dispatch_id, s.waited from suspect_group s where s.place <= s.crash_group
  ), claimed_jobs as (
    update jobs j
    set status = 'running', attempt = j.attempt + 1, claimed_by = chosen.dispatch_id, updated_at = at,
      started_at = coalesce(j.started_at, at), stage = s.name, error_code = null, error_message = null
    from chosen_jobs chosen, job_steps s
    where j.id = chosen.id and s.job_id = chosen.id and s.position = j.step_position
    returning j.*, chosen.waited
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
      r.status = 'pending' and b.started_at = at as has_started, {counters} as counters,
      {tally} as tally
  ), inserted_batch_events as (
    insert into event_log (batch_id, id, type, data, counters, created_at)
    select b.id, b.last_event_id_before_jobs, 'batch.started', '{{"status": "processing"}}', b.counters, at
    from updated_batches b where b.has_started
  ), inserted_events as (
    insert into event_log (batch_id, id, created_at, sequence, attempt, kind, step, tally)
    select j.batch_id, b.last_event_id_before_jobs + row_number() over (partition by j.batch_id order by j.sequence),
      at, j.sequence, j.attempt, {kind_of_start}, j.stage, b.tally
    from claimed_jobs j join updated_batches b on b.id = j.batch_id
  ), notified as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(b.id::text, ',') else '*' end)
    from updated_batches b having count(*) > 0
  )
  select j.batch_id, j.id, j.claimed_by, j.attempt, j.step_position, j.retry_count, j.sequence, j.source_type, j.filename,
    j.source_url, j.record, j.file_id, j.file_size, j.media_type, j.checksum, j.pipeline_id, j.waited, null::double precision,
    null::boolean
  from claimed_jobs j
  union all
  -- Joined with `notified`, because a CTE that only selects does not run unless somebody reads it.
  select r.batch_id, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
    extract(epoch from (
      select min(j.run_at) from jobs j
      where j.batch_id = r.batch_id and j.status = 'pending' and j.run_at > '-infinity' and j.run_at > at
    ) - at)::double precision,
    not suspects and exists (
      select from jobs j where j.batch_id = r.batch_id and j.crash_count >= {crashes_of_suspects} and j.status = 'pending'
        and j.run_at <= at
    ) and not exists (
      select from {queue} q where q.entrypoint = '{suspects}' and q.payload = convert_to(r.batch_id::text, 'UTF8'))
  from requests r left join notified on true;
end
$function$
