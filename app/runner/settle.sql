-- Writes what happened to running jobs: steps, jobs, counters, batch status and events, in one transaction.
--   outcome: next (the job goes on at next_position), completed, failed, retry (after `delay` seconds),
--            lost (its worker is gone), released (put back, nothing counted), progress (only reported)
--   step_status: completed, failed or skipped, or null where the step at `position` has not ended
--   skipped: positions of steps behind that one which the job has passed as well, as they did not apply; null for none
--   output, result: JSON
--   peers: how many jobs ran in the worker that is gone; witnessed: whether its parent saw it die and lived on
--   batch_given_up: the job says that nothing of its whole batch can succeed
create type {transition} as (
  batch_id uuid, job_id uuid, attempt int, position int, outcome text, step_status text, next_position int, next_stage text,
  output text, result text, error_code text, error_message text, delay double precision, message text,
  progress double precision, cached boolean, batch_given_up boolean, skipped int[], peers int, witnessed boolean
);

-- A transition counts only while the job is running under the same attempt at the same step: one row is returned for
-- each that did, with its `place` in the array, from 1. Whoever gets no row is fenced off and must stop.
-- A job that kills its worker `crash_limit` times fails, if that was of its own making.
create function {name}(transitions {transition}[], crash_limit int)
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
  batch_ids constant uuid[] := array(select distinct t.batch_id from unnest(transitions) t);
begin
  -- Lock first, look afterwards: the next statement gets a fresh snapshot, so that no counter is computed from an old one.
  perform 1 from batches where batches.id = any(batch_ids) order by batches.id for no key update;
  return query
  with input as materialized (
    select t.* from unnest(transitions) with ordinality t
  ), locked_batches as materialized (
    -- Jobs of a disabled organisation stop where those of a paused batch do.
    select b.id, case when b.status in ('pending', 'processing') and o.disabled_at is not null then 'paused'
      else b.status end as status
    from batches b join organisations o on o.id = b.organisation_id where b.id = any(batch_ids)
  ), updated_jobs as (
    update jobs j
    set
      status = case
        when t.outcome = 'completed' then 'completed'
        when t.outcome = 'failed' or {own_making} then 'failed'
        when t.outcome = 'progress' then 'running'
        when b.status = 'cancelling' or j.cancel_requested_at is not null then 'cancelled'
        when t.outcome in ('retry', 'lost', 'released') or b.status = 'paused' then 'pending'
        else 'running' end,
      claimed_by = case
        when t.outcome = 'progress'
          or t.outcome = 'next' and b.status not in ('cancelling', 'paused') and j.cancel_requested_at is null then j.claimed_by end,
      completed_at = case
        when t.outcome in ('completed', 'failed') or {own_making}
          or t.outcome <> 'progress' and (b.status = 'cancelling' or j.cancel_requested_at is not null) then at end,
      step_position = coalesce(t.next_position, j.step_position),
      stage = case when t.outcome = 'completed' then 'done' else coalesce(t.next_stage, j.stage) end,
      -- The worker may be alive after all: it must find the fence closed, also while the job waits.
      attempt = j.attempt + (t.outcome = 'lost')::int,
      retry_count = case t.outcome when 'next' then 0 when 'retry' then j.retry_count + 1 else j.retry_count end,
      retries = j.retries + (t.outcome = 'retry' and b.status <> 'cancelling' and j.cancel_requested_at is null)::int,
      crash_count = j.crash_count + ({counts})::int,
      crash_group = case when not ({counts}) then j.crash_group when t.witnessed then (t.peers + 1) / 2 else t.peers end,
      run_at = case t.outcome when 'retry' then at + t.delay * interval '1 second' when 'next' then '-infinity'
        else j.run_at end,
      -- A job that goes on after a failure, to its cleanup steps, keeps the failure in mind.
      error_code = case when t.outcome = 'next' then t.error_code when t.outcome = 'completed' then null
        when {own_making} then 'WORKER_LOST'
        else coalesce(t.error_code, j.error_code) end,
      error_message = case when t.outcome = 'next' then t.error_message when t.outcome = 'completed' then null
        when {own_making}
          then 'The worker died ' || (j.crash_count + 1) || ' times while it ran this job.'
        else coalesce(t.error_message, j.error_message) end,
      progress = case t.outcome when 'progress' then t.progress when 'completed' then 1 end,
      progress_message = case when t.outcome in ('progress', 'completed') then coalesce(t.message, j.progress_message) end,
      cached = j.cached or t.cached,
      result = case when t.outcome = 'completed' then t.result::jsonb else j.result end,
      updated_at = at
    from input t, locked_batches b
    where j.id = t.job_id and b.id = j.batch_id
      -- Inside a CASE the fence is hidden from the planner, which else scans every running job of the batch.
      and case when j.status = 'running' then j.attempt = t.attempt and j.step_position = t.position else false end
    returning j.id, j.batch_id, j.pipeline_id, j.crash_count, j.sequence, j.status, j.stage, j.attempt, j.error_code, j.error_message, j.progress,
      j.progress_message, j.cached, j.run_at, t.ordinality, t.position, t.outcome, t.step_status, t.skipped, t.next_position, t.output,
      -- A batch that is being cancelled cannot be given up as well: it ends the same whichever of its jobs is the last.
      t.batch_given_up and b.status <> 'cancelling' as batch_given_up,
      t.error_code as step_error_code, t.error_message as step_error_message
  ), updated_steps as (
    update job_steps s
    set
      status = case
        when s.position = any(j.skipped) then 'skipped'
        when s.position > j.position then
          case when j.status in ('running', 'pending') and s.position < j.next_position then 'skipped'
            when j.status = 'running' then 'running' when j.status = 'failed' then 'skipped'
            when j.status = 'cancelled' then 'cancelled' else s.status end
        when j.step_status is not null then j.step_status
        when j.status = 'failed' then 'failed'
        when j.status = 'cancelled' then 'cancelled'
        else 'pending' end,
      attempts = s.attempts + (s.position = j.position
        and (coalesce(j.step_status, '') in ('completed', 'failed') or j.outcome in ('retry', 'lost')))::int,
      output = case when s.position = j.position then coalesce(j.output::jsonb, s.output) else s.output end,
      error_code = case when s.position = j.position and coalesce(j.step_status, 'failed') = 'failed' then
        case when j.status = 'failed' then j.error_code else j.step_error_code end end,
      error_message = case when s.position = j.position and coalesce(j.step_status, 'failed') = 'failed' then
        case when j.status = 'failed' then j.error_message else j.step_error_message end end,
      started_at = case when s.position = any(j.skipped) or s.position = j.next_position and j.status = 'running' then at
        else s.started_at end,
      completed_at = case when s.position = j.position and (j.step_status is not null or j.status in ('failed', 'cancelled'))
        or s.position > j.position and (j.status in ('failed', 'cancelled') or s.position < j.next_position) then at end
    from updated_jobs j
    where s.job_id = j.id and j.outcome <> 'progress'
      and (s.position = j.position or s.position = any(j.skipped)
        or j.outcome = 'next' and s.position > j.position
          and (s.position < j.next_position or j.status = 'running' and s.position = j.next_position)
        or j.status in ('failed', 'cancelled') and s.position > j.position)
  ), job_events as (
    -- The steps' events come before the job's. `passed_to` is where the job went next if it passed that step as well.
    select j.*, e.type, e.place, j.skipped[e.place::int] as passed_to,
      case when e.place = 1 or j.skipped is null then j.position
        else j.skipped[least(e.place::int - 1, cardinality(j.skipped))] end as event_position
    from updated_jobs j, lateral unnest(array_remove(
      array['step.' || j.step_status]
        || case when j.skipped is not null then array_fill('step.skipped'::text, array[cardinality(j.skipped)]) end
        || case when j.status in ('completed', 'failed', 'cancelled') then 'job.' || j.status
          when j.outcome = 'retry' then 'job.retrying'
          when j.outcome in ('lost', 'released') then 'job.requeued'
          when j.outcome = 'progress' then 'job.progressed' end,
      null)) with ordinality e(type, place)
  ), batch_changes as (
    select j.batch_id, count(*) filter (where j.status <> 'running')::int as ended,
      count(*) filter (where j.status = 'pending')::int as pending,
      count(*) filter (where j.status = 'completed')::int as completed,
      count(*) filter (where j.status = 'failed')::int as failed,
      count(*) filter (where j.status = 'cancelled')::int as cancelled,
      count(*) filter (where j.status = 'completed' and j.cached)::int as cached,
      bool_or(coalesce(j.batch_given_up, false)) as given_up,
      min(j.error_code) filter (where j.batch_given_up) as given_up_code,
      (select count(*)::int from job_events e where e.batch_id = j.batch_id) as events
    from updated_jobs j group by j.batch_id
  ), batch_verdicts as (
    select c.*, b.pending_jobs + c.pending = 0 and b.running_jobs - c.ended = 0 as quiet, b.needs_summary,
      {outcome_of_batch} as outcome,
      -- given_up: a step gave the batch up. pause, fail: too many failures since the base. trial_ended: the first_n jobs
      -- have ended.
      case
        when b.status not in ('processing', 'paused') then null
        when c.given_up then 'given_up'
        when b.status = 'processing' and c.failed > 0 and b.failure_policy->>'action' in ('pause', 'fail')
          and b.failed_jobs + c.failed - b.failures_at_base > (b.failure_policy->>'threshold')::float8 * b.jobs_at_base
          then b.failure_policy->>'action'
        when b.status = 'processing' and b.first_n is not null and c.ended > 0
          and b.total_jobs - (b.pending_jobs + c.pending) - (b.running_jobs - c.ended) >= b.first_n then 'trial_ended'
      end as verdict
    from batch_changes c join batches b on b.id = c.batch_id
  ), batch_decisions as (
    -- A batch whose pipeline sums up is not over yet: the runner closes it. A quiet one has nothing left to pause or give up.
    select v.*, v.quiet and not v.needs_summary as is_over,
      case when v.quiet then null when v.verdict in ('given_up', 'fail') then 'cancelling'
        when v.verdict in ('pause', 'trial_ended') then 'paused' end as new_status,
      case when v.quiet then array[]::text[] when v.verdict = 'given_up' then array['batch.cancelling']
        when v.verdict = 'fail' then array['batch.alerted', 'batch.cancelling']
        when v.verdict = 'pause' then array['batch.alerted', 'batch.paused']
        when v.verdict = 'trial_ended' then array['batch.paused'] else array[]::text[] end as batch_events,
      case v.verdict when 'given_up' then v.given_up_code when 'fail' then 'failure_threshold'
        when 'pause' then 'failure_threshold' when 'trial_ended' then 'first_n' end as reason
    from batch_verdicts v
  ), updated_batches as (
    update batches b
    set pending_jobs = b.pending_jobs + d.pending, running_jobs = b.running_jobs - d.ended,
      completed_jobs = b.completed_jobs + d.completed, failed_jobs = b.failed_jobs + d.failed,
      cancelled_jobs = b.cancelled_jobs + d.cancelled, cached_jobs = b.cached_jobs + d.cached, updated_at = at,
      status = case when d.is_over then d.outcome else coalesce(d.new_status, b.status) end,
      completed_at = case when d.is_over then at end,
      processing_time_ms = case when d.is_over then {milliseconds} end,
      pause_reason = case when d.is_over or d.new_status = 'cancelling' then null when d.new_status = 'paused' then d.reason
        else b.pause_reason end,
      paused_at = case when d.new_status = 'paused' then at else b.paused_at end,
      cancelled_at = case when d.new_status = 'cancelling' then at else b.cancelled_at end,
      status_reason = case when d.verdict = 'given_up' or d.new_status = 'cancelling' then d.reason else b.status_reason end,
      last_event_id = b.last_event_id + d.events + cardinality(d.batch_events) + d.is_over::int
    from batch_decisions d where b.id = d.batch_id
    returning b.id, b.status, b.last_event_id - d.events - cardinality(d.batch_events) - d.is_over::int as last_event_id_before,
      b.last_event_id, d.events, d.batch_events, d.reason, d.is_over, b.running_jobs, b.pending_jobs,
      d.quiet and d.needs_summary as needs_closing,
      d.new_status is not distinct from 'cancelling' and b.pending_jobs > 0 as needs_cancelling,
      {counters} as counters, {tally} as tally, case when b.execution_mode = 'sequential' then 1 else b.max_parallel end as max_parallel
  ), inserted_events as (
    -- Numbered in the order of the transitions. In the short form: what follows from other rows is not written.
    insert into event_log (batch_id, id, created_at, sequence, attempt, kind, step, stage, tally, data)
    select e.batch_id, b.last_event_id_before + row_number() over (partition by e.batch_id order by e.ordinality, e.place),
      at, e.sequence, e.attempt, {kind_of_event}, s.name,
      nullif(case when e.passed_to is null then e.stage
        else (select p.name from job_steps p where p.job_id = e.id and p.position = e.passed_to) end, s.name),
      b.tally,
      nullif(jsonb_strip_nulls(jsonb_build_object(
        'message', case when e.outcome = 'progress' then e.progress_message
          when e.type like 'job.%' then coalesce(e.error_message, e.progress_message) else e.step_error_message end,
        'progress', case when e.outcome = 'progress' then e.progress end,
        'error_code', case when e.type like 'job.%' then e.error_code else e.step_error_code end,
        'retry_at', case when e.type = 'job.retrying' then e.run_at end)), '{{}}')
    from job_events e join updated_batches b on b.id = e.batch_id
    left join job_steps s on s.job_id = e.id and s.position = e.event_position
  ), inserted_batch_events as (
    -- Behind those of its jobs come those of the batch, and its end.
    insert into event_log (batch_id, id, type, data, counters, created_at)
    select b.id, b.last_event_id_before + b.events + e.ordinality, e.type,
      jsonb_build_object('status', b.status, 'reason', b.reason), b.counters, at
    from updated_batches b, unnest(b.batch_events) with ordinality e(type)
    union all
    select b.id, b.last_event_id, 'batch.' || b.status, jsonb_build_object('status', b.status), b.counters, at
    from updated_batches b where b.is_over
  ), notified as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(b.id::text, ',') else '*' end)
    from updated_batches b having count(*) > 0
  )
  -- Joined, because a CTE that only selects does not run unless somebody reads it.
  select j.ordinality::int, j.status, b.running_jobs, b.pending_jobs, b.max_parallel, b.needs_closing, b.needs_cancelling,
    j.pipeline_id, j.error_code, j.crash_count >= {crashes_of_suspects}
  from updated_jobs j join updated_batches b on b.id = j.batch_id left join notified on true;
end
$function$
