-- What most groups are: steps that completed well, after which their jobs go on with the step behind or are completed.
-- Written as `settle.sql` writes it, in a fifth of the fixed time of that statement and half of it for each job.
--   batch_ids: the batches of these jobs; completions: how many jobs of each are completed here; one length
--   next_stage: the step at `position + 1`, where the job goes on; null where it is completed
--   output, result: JSON
create type {transition} as (
  job_id uuid, attempt int, position int, next_stage text, output text, result text, message text, cached boolean
);

-- Returns what `settle` does. Leaves the group to it when a batch may end with these jobs, or stops for another reason.
create function {name}(batch_ids uuid[], completions int[], advances {transition}[], crash_limit int)
returns table (
  place int, status text, running_jobs int, pending_jobs int, max_parallel int, needs_closing boolean, needs_cancelling boolean,
  pipeline_id int, error_code text, is_suspect boolean
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $function$
#variable_conflict use_column
declare
  at constant timestamptz := clock_timestamp();
begin
  -- Lock first, look afterwards: the next statement gets a fresh snapshot, so that no counter is computed from an old one.
  perform 1 from batches where batches.id = any(batch_ids) order by batches.id for no key update;
  if exists (
    select from unnest(batch_ids, completions) as r(id, completions)
    join batches b on b.id = r.id join organisations o on o.id = b.organisation_id
    where b.status <> 'processing' or o.disabled_at is not null or b.first_n is not null and r.completions > 0
      or b.pending_jobs + b.running_jobs <= r.completions
  ) or exists (
    select from unnest(advances) a join jobs j on j.id = a.job_id where j.cancel_requested_at is not null
  ) then
    return query select * from {settle}(array(
      select row(j.batch_id, a.job_id, a.attempt, a.position, case when a.next_stage is null then 'completed' else 'next' end,
        'completed', a.position + 1, a.next_stage, a.output, a.result, null, null, 0, a.message, null, a.cached, false, null, 1,
        false)::{settled_transition}
      from unnest(advances) with ordinality a left join jobs j on j.id = a.job_id order by a.ordinality
    ), crash_limit);
    return;
  end if;
  return query
  with updated_jobs as (
    update jobs j
    set
      status = case when a.next_stage is null then 'completed' else 'running' end,
      claimed_by = case when a.next_stage is not null then j.claimed_by end,
      completed_at = case when a.next_stage is null then at end,
      step_position = a.position + 1,
      stage = coalesce(a.next_stage, 'done'),
      retry_count = case when a.next_stage is null then j.retry_count else 0 end,
      run_at = case when a.next_stage is null then j.run_at else '-infinity' end,
      error_code = null,
      error_message = null,
      progress = case when a.next_stage is null then 1 end,
      progress_message = case when a.next_stage is null then coalesce(a.message, j.progress_message) end,
      cached = j.cached or a.cached,
      result = case when a.next_stage is null then a.result::jsonb else j.result end,
      updated_at = at
    from unnest(advances) with ordinality a
    where j.id = a.job_id
      -- Inside a CASE the fence is hidden from the planner, which else scans every running job of the batch.
      and case when j.status = 'running' then j.attempt = a.attempt and j.step_position = a.position else false end
    returning j.id, j.batch_id, j.pipeline_id, j.crash_count, j.sequence, j.attempt, j.cached, j.progress_message, a.ordinality,
      a.position, a.next_stage, a.output
  ), updated_steps as (
    update job_steps s
    set
      status = case when s.position = j.position then 'completed' else 'running' end,
      attempts = s.attempts + (s.position = j.position)::int,
      output = case when s.position = j.position then coalesce(j.output::jsonb, s.output) else s.output end,
      error_code = null,
      error_message = null,
      started_at = case when s.position = j.position then s.started_at else at end,
      completed_at = case when s.position = j.position then at end
    from updated_jobs j
    where s.job_id = j.id and s.position = any(array[j.position, j.position + 1])
    returning s.job_id, s.position, s.name, j.ordinality, j.next_stage
  ), batch_changes as (
    select j.batch_id, count(*) + count(*) filter (where j.next_stage is null) as events,
      count(*) filter (where j.next_stage is null)::int as completed,
      count(*) filter (where j.next_stage is null and j.cached)::int as cached
    from updated_jobs j group by j.batch_id
  ), updated_batches as (
    update batches b
    set running_jobs = b.running_jobs - c.completed, completed_jobs = b.completed_jobs + c.completed,
      cached_jobs = b.cached_jobs + c.cached, updated_at = at, last_event_id = b.last_event_id + c.events
    from batch_changes c where b.id = c.batch_id
    returning b.id, b.last_event_id - c.events as last_event_id_before, b.running_jobs, b.pending_jobs, {tally} as tally,
      case when b.execution_mode = 'sequential' then 1 else b.max_parallel end as max_parallel
  ), numbered as materialized (
    -- A job that is completed has two events, of which the second is the job's.
    select j.*, b.last_event_id_before + sum(1 + (j.next_stage is null)::int) over (
      partition by j.batch_id order by j.ordinality) as last_event_id, b.tally
    from updated_jobs j join updated_batches b on b.id = j.batch_id
  ), inserted_events as (
    insert into event_log (batch_id, id, created_at, sequence, attempt, kind, step, stage, tally, data)
    select n.batch_id, n.last_event_id - (n.next_stage is null)::int, at, n.sequence, n.attempt,
      case when n.next_stage is null then {kind_of_last_step} else {kind_of_step} end, s.name,
      nullif(coalesce(n.next_stage, 'done'), s.name), n.tally, null::jsonb
    from numbered n join updated_steps s on s.job_id = n.id and s.position = n.position
    union all
    select n.batch_id, n.last_event_id, at, n.sequence, n.attempt,
      case when n.cached then {kind_of_cached_job} else {kind_of_job} end, s.name, nullif('done', s.name), n.tally,
      case when n.progress_message is not null then jsonb_build_object('message', n.progress_message) end
    from numbered n join updated_steps s on s.job_id = n.id and s.position = n.position
    where n.next_stage is null
  ), notified as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(b.id::text, ',') else '*' end)
    from updated_batches b having count(*) > 0
  )
  -- Joined, because a CTE that only selects does not run unless somebody reads it.
  select j.ordinality::int, case when j.next_stage is null then 'completed' else 'running' end, b.running_jobs, b.pending_jobs,
    b.max_parallel, false, false, j.pipeline_id, null::text, j.crash_count >= {crashes_of_suspects}
  from updated_jobs j join updated_batches b on b.id = j.batch_id left join notified on true;
end
$function$
