-- Writes what happened to running jobs: steps, jobs, counters, batch status and events, in one transaction.
-- Arrays of one length, an element for each transition; `batches` are the distinct batches they belong to.
--   outcomes: next (the job goes on at next_positions), completed, failed, retry (after `delays` seconds),
--             lost (its worker is gone), released (put back, nothing counted), progress (only told)
--   batch_lost: the job says that nothing of its whole batch can succeed
--   step_statuses: completed, failed or skipped, or null where the step at `positions` has not ended
-- A transition counts only while the job is running under the same attempt at the same step: one row is returned for
-- each that did. Whoever gets no row has lost the job and must stop.
create function {name}(
  job_ids uuid[], attempts int[], positions int[], outcomes text[], step_statuses text[], next_positions int[],
  next_stages text[], outputs text[], results text[], error_codes text[], error_messages text[], delays double precision[],
  messages text[], progresses double precision[], cached_flags boolean[], batch_lost boolean[], batch_ids uuid[],
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
  with told as materialized (
    select * from unnest(job_ids, attempts, positions, outcomes, step_statuses, next_positions, next_stages, outputs, results,
      error_codes, error_messages, delays, messages, progresses, cached_flags, batch_lost) with ordinality
      as t(job_id, attempt, position, outcome, step_status, next_position, next_stage, output, result, error_code,
        error_message, delay, message, progress, cached, batch_lost, ordinal)
  ), mutex as materialized (
    select b.id, b.status from batches b where b.id = any(batch_ids)
  ), changed as (
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
    from told t, mutex m
    where j.id = t.job_id and m.id = j.batch_id
      -- Inside a CASE the fence is hidden from the planner, which else scans every running job of the batch.
      and case when j.status = 'running' then j.attempt = t.attempt and j.step_position = t.position else false end
    returning j.id, j.batch_id, j.sequence, j.status, j.stage, j.attempt, j.error_code, j.error_message, j.progress,
      j.progress_message, j.cached, j.run_at, t.ordinal, t.position, t.outcome, t.step_status, t.next_position, t.output,
      -- A batch that is being cancelled cannot be given up as well: it ends the same whichever of its jobs is the last.
      t.batch_lost and m.status <> 'cancelling' as batch_lost,
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
    from changed c
    where s.job_id = c.id and c.outcome <> 'progress'
      and (s.position = c.position
        or c.outcome = 'next' and s.position > c.position
          and (s.position < c.next_position or c.status = 'running' and s.position = c.next_position)
        or c.status in ('failed', 'cancelled') and s.position > c.position)
    returning s.job_id, s.position, s.name
  ), lines as (
    select c.*, line.type, line.place
    from changed c, lateral unnest(array_remove(array[
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
      bool_or(coalesce(c.batch_lost, false)) as lost,
      min(c.error_code) filter (where c.batch_lost) as lost_code,
      (select count(*)::int from lines l where l.batch_id = c.batch_id) as events
    from changed c group by c.batch_id
  ), outlook as (
    select p.*, b.pending_jobs + p.pending = 0 and b.running_jobs - p.ended = 0 as quiet, b.needs_summary,
      {outcome_of_batch} as outcome,
      -- Lost: a step gave the batch up. Tripped: too many failures since the base. Tried: the trial run is over.
      case
        when b.status not in ('processing', 'paused') then null
        when p.lost then 'lost'
        when b.status = 'processing' and p.failed > 0 and b.failure_policy->>'action' in ('pause', 'fail')
          and b.failed_jobs + p.failed - b.failures_at_base > (b.failure_policy->>'threshold')::float8 * b.jobs_at_base
          then b.failure_policy->>'action'
        when b.status = 'processing' and b.first_n is not null and p.ended > 0
          and b.total_jobs - (b.pending_jobs + p.pending) - (b.running_jobs - p.ended) >= b.first_n then 'tried'
      end as verdict
    from per_batch p join batches b on b.id = p.batch_id
  ), turned as (
    select o.*, o.quiet and not o.needs_summary as over,
      case when o.quiet then null when o.verdict in ('lost', 'fail') then 'cancelling'
        when o.verdict in ('pause', 'tried') then 'paused' end as turn,
      case when o.quiet then array[]::text[] when o.verdict = 'lost' then array['batch.cancelling']
        when o.verdict = 'fail' then array['batch.alerted', 'batch.cancelling']
        when o.verdict = 'pause' then array['batch.alerted', 'batch.paused']
        when o.verdict = 'tried' then array['batch.paused'] else array[]::text[] end as news,
      case o.verdict when 'lost' then o.lost_code when 'fail' then 'failure_threshold' when 'pause' then 'failure_threshold'
        when 'tried' then 'first_n' end as reason
    from outlook o
  ), moved as (
    update batches b
    set pending_jobs = b.pending_jobs + o.pending, running_jobs = b.running_jobs - o.ended,
      completed_jobs = b.completed_jobs + o.completed, failed_jobs = b.failed_jobs + o.failed,
      cancelled_jobs = b.cancelled_jobs + o.cancelled, cached_jobs = b.cached_jobs + o.cached, updated_at = at,
      status = case when o.over then o.outcome else coalesce(o.turn, b.status) end,
      completed_at = case when o.over then at end,
      processing_time_ms = case when o.over then {milliseconds} end,
      pause_reason = case when o.over or o.turn = 'cancelling' then null when o.turn = 'paused' then o.reason
        else b.pause_reason end,
      paused_at = case when o.turn = 'paused' then at else b.paused_at end,
      cancelled_at = case when o.turn = 'cancelling' then at else b.cancelled_at end,
      status_reason = case when o.verdict = 'lost' or o.turn = 'cancelling' then o.reason else b.status_reason end,
      last_event_id = b.last_event_id + o.events + cardinality(o.news) + o.over::int
    from turned o where b.id = o.batch_id
    returning b.id, b.status, b.last_event_id - o.events - cardinality(o.news) - o.over::int as base, b.last_event_id, o.events,
      o.news, o.reason, o.over, b.running_jobs, b.pending_jobs, o.quiet and o.needs_summary as needs_closing,
      o.turn = 'cancelling' and b.pending_jobs > 0 as needs_cancelling, {counters} as counters,
      case when b.execution_mode = 'sequential' then 1 else b.max_parallel end as max_parallel
  ), logged as (
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
    from lines l join moved m on m.id = l.batch_id left join job_steps s on s.job_id = l.id and s.position = l.position
    union all
    select m.id, m.base + m.events + n.place, n.type, null, null, jsonb_build_object('status', m.status, 'reason', m.reason),
      m.counters, at
    from moved m, unnest(m.news) with ordinality as n(type, place)
    union all
    select m.id, m.last_event_id, 'batch.' || m.status, null, null, jsonb_build_object('status', m.status), m.counters, at
    from moved m where m.over
  ), announced as materialized (
    select pg_notify('{channel}', case when count(*) < 200 then string_agg(m.id::text, ',') else '*' end)
    from moved m having count(*) > 0
  )
  select c.ordinal::int, c.status, c.batch_id, m.running_jobs, m.pending_jobs, m.max_parallel, m.needs_closing, m.needs_cancelling
  from changed c join moved m on m.id = c.batch_id left join announced on true;
end
$function$
