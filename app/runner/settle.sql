-- Writes what happened to running jobs: steps, jobs, counters, batch status and events, in one transaction.
-- Arrays of one length, an element for each transition; `batches` are the distinct batches they belong to.
--   outcomes: next (the job goes on at next_positions), completed, failed, retry (after `delays` seconds),
--             lost (its worker is gone), released (put back, nothing counted), progress (only reported)
--   batch_given_up: the job says that nothing of its whole batch can succeed
--   step_statuses: completed, failed or skipped, or null where the step at `positions` has not ended
-- A transition counts only while the job is running under the same attempt at the same step: one row is returned for
-- each that did. Whoever gets no row is fenced off and must stop.
create function {name}(
  job_ids uuid[], attempts int[], positions int[], outcomes text[], step_statuses text[], next_positions int[],
  next_stages text[], outputs text[], results text[], error_codes text[], error_messages text[], delays double precision[],
  messages text[], progresses double precision[], cached_flags boolean[], batch_given_up boolean[], batch_ids uuid[],
  crash_limit int
)
returns table (
  ordinal int, status text, batch_id uuid, running_jobs int, pending_jobs int, max_parallel int, needs_closing boolean,
  needs_cancelling boolean
)
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $function$
#variable_conflict use_column
declare
  at constant timestamptz := clock_timestamp();
begin
  perform 1 from batches where batches.id = any(batch_ids) order by batches.id for no key update;
  return query
  with input as materialized (
    select * from unnest(job_ids, attempts, positions, outcomes, step_statuses, next_positions, next_stages, outputs, results,
      error_codes, error_messages, delays, messages, progresses, cached_flags, batch_given_up) with ordinality
      as t(job_id, attempt, position, outcome, step_status, next_position, next_stage, output, result, error_code,
        error_message, delay, message, progress, cached, batch_given_up, ordinal)
  ), locked_batches as materialized (
    select b.id, b.status from batches b where b.id = any(batch_ids)
  ), updated_jobs as (
    update jobs j
    set
      status = case
        when t.outcome = 'completed' then 'completed'
        when t.outcome = 'failed' or t.outcome = 'lost' and j.crash_count + 1 >= crash_limit then 'failed'
        when t.outcome = 'progress' then 'running'
        when m.status = 'cancelling' then 'cancelled'
        when t.outcome in ('retry', 'lost', 'released') or m.status = 'paused' then 'pending'
        else 'running' end,
      claimed_by = case
        when t.outcome = 'progress' or t.outcome = 'next' and m.status not in ('cancelling', 'paused') then j.claimed_by end,
      completed_at = case
        when t.outcome in ('completed', 'failed') or t.outcome = 'lost' and j.crash_count + 1 >= crash_limit
          or t.outcome <> 'progress' and m.status = 'cancelling' then at end,
      step_position = coalesce(t.next_position, j.step_position),
      stage = case when t.outcome = 'completed' then 'done' else coalesce(t.next_stage, j.stage) end,
      attempt = j.attempt + (t.outcome = 'lost')::int,
      retry_count = case t.outcome when 'next' then 0 when 'retry' then j.retry_count + 1 else j.retry_count end,
      crash_count = j.crash_count + (t.outcome = 'lost')::int,
      run_at = case t.outcome when 'retry' then at + t.delay * interval '1 second' when 'next' then '-infinity' else j.run_at end,
      -- A job that goes on after a failure, to its cleanup steps, keeps the failure in mind.
      error_code = case when t.outcome = 'next' then t.error_code when t.outcome = 'completed' then null
        when t.outcome = 'lost' and j.crash_count + 1 >= crash_limit then 'WORKER_LOST' else coalesce(t.error_code, j.error_code) end,
      error_message = case when t.outcome = 'next' then t.error_message when t.outcome = 'completed' then null
        when t.outcome = 'lost' and j.crash_count + 1 >= crash_limit
          then 'The worker died ' || (j.crash_count + 1) || ' times while it ran this job.'
        else coalesce(t.error_message, j.error_message) end,
      progress = case t.outcome when 'progress' then t.progress when 'completed' then 1 end,
      progress_message = case when t.outcome in ('progress', 'completed') then coalesce(t.message, j.progress_message) end,
      cached = j.cached or t.cached,
      result = case when t.outcome = 'completed' then t.result::jsonb else j.result end,
      updated_at = at
    from input t, locked_batches m
    where j.id = t.job_id and m.id = j.batch_id
      -- Inside a CASE the fence is hidden from the planner, which else scans every running job of the batch.
      and case when j.status = 'running' then j.attempt = t.attempt and j.step_position = t.position else false end
    returning j.id, j.batch_id, j.sequence, j.status, j.stage, j.attempt, j.error_code, j.error_message, j.progress,
      j.progress_message, j.cached, j.run_at, t.ordinal, t.position, t.outcome, t.step_status, t.next_position, t.output,
      -- A batch that is being cancelled cannot be given up as well: it ends the same whichever of its jobs is the last.
      t.batch_given_up and m.status <> 'cancelling' as batch_given_up,
      t.error_code as step_error_code, t.error_message as step_error_message
  ), steps as (
    update job_steps s
    set
      status = case
        when s.position > c.position then
          case when c.status in ('running', 'pending') and s.position < c.next_position then 'skipped'
            when c.status = 'running' then 'running' when c.status = 'failed' then 'skipped'
            when c.status = 'cancelled' then 'cancelled' else s.status end
        when c.step_status is not null then c.step_status
        when c.status = 'failed' then 'failed'
        when c.status = 'cancelled' then 'cancelled'
        else 'pending' end,
      attempts = s.attempts + (s.position = c.position
        and (coalesce(c.step_status, '') in ('completed', 'failed') or c.outcome in ('retry', 'lost')))::int,
      output = case when s.position = c.position then coalesce(c.output::jsonb, s.output) else s.output end,
      error_code = case when s.position = c.position and coalesce(c.step_status, 'failed') = 'failed' then
        case when c.status = 'failed' then c.error_code else c.step_error_code end end,
      error_message = case when s.position = c.position and coalesce(c.step_status, 'failed') = 'failed' then
        case when c.status = 'failed' then c.error_message else c.step_error_message end end,
      started_at = case when s.position = c.next_position and c.status = 'running' then at else s.started_at end,
      completed_at = case when s.position = c.position and (c.step_status is not null or c.status in ('failed', 'cancelled'))
        or s.position > c.position and (c.status in ('failed', 'cancelled') or s.position < c.next_position) then at end
    from updated_jobs c
    where s.job_id = c.id and c.outcome <> 'progress'
      and (s.position = c.position
        or c.outcome = 'next' and s.position > c.position
          and (s.position < c.next_position or c.status = 'running' and s.position = c.next_position)
        or c.status in ('failed', 'cancelled') and s.position > c.position)
    returning s.job_id, s.position, s.name
  ), job_events as (
    select c.*, line.type, line.place
    from updated_jobs c, lateral unnest(array_remove(array[
      case when c.step_status is not null then 'step.' || c.step_status end,
      case when c.status in ('completed', 'failed', 'cancelled') then 'job.' || c.status
        when c.outcome = 'retry' then 'job.retrying'
        when c.outcome in ('lost', 'released') then 'job.requeued'
        when c.outcome = 'progress' then 'job.progressed' end
    ], null)) with ordinality as line(type, place)
  ), per_batch as (
    select c.batch_id, count(*) filter (where c.status <> 'running')::int as ended,
      count(*) filter (where c.status = 'pending')::int as pending, count(*) filter (where c.status = 'completed')::int as completed,
      count(*) filter (where c.status = 'failed')::int as failed, count(*) filter (where c.status = 'cancelled')::int as cancelled,
      count(*) filter (where c.status = 'completed' and c.cached)::int as cached,
      bool_or(coalesce(c.batch_given_up, false)) as given_up,
      min(c.error_code) filter (where c.batch_given_up) as given_up_code,
      (select count(*)::int from job_events l where l.batch_id = c.batch_id) as events
    from updated_jobs c group by c.batch_id
  ), totals as (
    select p.*, b.pending_jobs + p.pending = 0 and b.running_jobs - p.ended = 0 as quiet, b.needs_summary,
      {outcome_of_batch} as outcome,
      -- given_up: a step gave the batch up. pause, fail: too many failures since the base. trial_ended: the first_n jobs
      -- have ended.
      case
        when b.status not in ('processing', 'paused') then null
        when p.given_up then 'given_up'
        when b.status = 'processing' and p.failed > 0 and b.failure_policy->>'action' in ('pause', 'fail')
          and b.failed_jobs + p.failed - b.failures_at_base > (b.failure_policy->>'threshold')::float8 * b.jobs_at_base
          then b.failure_policy->>'action'
        when b.status = 'processing' and b.first_n is not null and p.ended > 0
          and b.total_jobs - (b.pending_jobs + p.pending) - (b.running_jobs - p.ended) >= b.first_n then 'trial_ended'
      end as verdict
    from per_batch p join batches b on b.id = p.batch_id
  ), decision as (
    select o.*, o.quiet and not o.needs_summary as is_over,
      case when o.quiet then null when o.verdict in ('given_up', 'fail') then 'cancelling'
        when o.verdict in ('pause', 'trial_ended') then 'paused' end as new_status,
      case when o.quiet then array[]::text[] when o.verdict = 'given_up' then array['batch.cancelling']
        when o.verdict = 'fail' then array['batch.alerted', 'batch.cancelling']
        when o.verdict = 'pause' then array['batch.alerted', 'batch.paused']
        when o.verdict = 'trial_ended' then array['batch.paused'] else array[]::text[] end as batch_events,
      case o.verdict when 'given_up' then o.given_up_code when 'fail' then 'failure_threshold'
        when 'pause' then 'failure_threshold' when 'trial_ended' then 'first_n' end as reason
    from totals o
  ), updated_batches as (
    update batches b
    set pending_jobs = b.pending_jobs + o.pending, running_jobs = b.running_jobs - o.ended,
      completed_jobs = b.completed_jobs + o.completed, failed_jobs = b.failed_jobs + o.failed,
      cancelled_jobs = b.cancelled_jobs + o.cancelled, cached_jobs = b.cached_jobs + o.cached, updated_at = at,
      status = case when o.is_over then o.outcome else coalesce(o.new_status, b.status) end,
      completed_at = case when o.is_over then at end,
      processing_time_ms = case when o.is_over then {milliseconds} end,
      pause_reason = case when o.is_over or o.new_status = 'cancelling' then null when o.new_status = 'paused' then o.reason
        else b.pause_reason end,
      paused_at = case when o.new_status = 'paused' then at else b.paused_at end,
      cancelled_at = case when o.new_status = 'cancelling' then at else b.cancelled_at end,
      status_reason = case when o.verdict = 'given_up' or o.new_status = 'cancelling' then o.reason else b.status_reason end,
      last_event_id = b.last_event_id + o.events + cardinality(o.batch_events) + o.is_over::int
    from decision o where b.id = o.batch_id
    returning b.id, b.status, b.last_event_id - o.events - cardinality(o.batch_events) - o.is_over::int as base,
      b.last_event_id, o.events, o.batch_events, o.reason, o.is_over, b.running_jobs, b.pending_jobs, o.quiet and o.needs_summary as needs_closing,
      o.new_status = 'cancelling' and b.pending_jobs > 0 as needs_cancelling, {counters} as counters,
      case when b.execution_mode = 'sequential' then 1 else b.max_parallel end as max_parallel
  ), inserted_events as (
    insert into events (batch_id, id, type, job_id, step, data, counters, created_at)
    select l.batch_id, m.base + row_number() over (partition by l.batch_id order by l.ordinal, l.place), l.type, l.id, s.name,
      jsonb_strip_nulls(jsonb_build_object('sequence', l.sequence, 'stage', l.stage, 'status', l.status, 'attempt', l.attempt,
        'message', case when l.outcome = 'progress' then l.progress_message
          when l.type like 'job.%' then coalesce(l.error_message, l.progress_message) else l.step_error_message end,
        'progress', case when l.outcome = 'progress' then l.progress end,
        'error_code', case when l.type like 'job.%' then l.error_code else l.step_error_code end,
        'cached', case when l.type = 'job.completed' then l.cached end,
        'retry_at', case when l.type = 'job.retrying' then l.run_at end)),
      m.counters, at
    from job_events l join updated_batches m on m.id = l.batch_id
    left join job_steps s on s.job_id = l.id and s.position = l.position
    union all
    select m.id, m.base + m.events + n.place, n.type, null, null, jsonb_build_object('status', m.status, 'reason', m.reason),
      m.counters, at
    from updated_batches m, unnest(m.batch_events) with ordinality as n(type, place)
    union all
    select m.id, m.last_event_id, 'batch.' || m.status, null, null, jsonb_build_object('status', m.status), m.counters, at
    from updated_batches m where m.is_over
  ), notified as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(m.id::text, ',') else '*' end)
    from updated_batches m having count(*) > 0
  )
  select c.ordinal::int, c.status, c.batch_id, m.running_jobs, m.pending_jobs, m.max_parallel, m.needs_closing, m.needs_cancelling
  from updated_jobs c join updated_batches m on m.id = c.batch_id left join notified on true;
end
$function$
