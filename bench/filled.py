"""An installation with so many ended batches, as the service leaves them: made in SQL, a minute between two of them.

A batch leaves a row and its directory name, each of its jobs a row, three steps and five events in the short form, and
there are three more events of the batch; all in partitions by the month of the batch. One batch in eight failed.
"""

from __future__ import annotations

import asyncpg

from app.batches.partition_repository import least_id
from app.batches.short_events import kind_sql

AT_ONCE = 10_000
"""Batches in one transaction."""
PIPELINE = "no-op"
STEP_NAMES = ("first", "second", "third")
EVENTS_EACH = 5
_PAST = """
select date_trunc('month', now() - $1 * interval '1 minute' - n * interval '-1 month') as month
from generate_series(0, 1000) n
where date_trunc('month', now() - $1 * interval '1 minute' - n * interval '-1 month') <= now()
"""
_BEFORE = """
select substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \\(''([^'')]+)') from pg_class c
where c.oid = to_regclass('event_log_before')
"""
_FILL = f"""
with made as materialized (
  select uuidv7(-g * interval '1 minute') as id, now() - g * interval '1 minute' as at, g % 8 = 0 as failed, g,
    'PL_' || chr(65 + g % 26) || chr(65 + g / 26 % 26) || g % 300 as prefix,
    '{{}}'::jsonb as empty
  from generate_series($1::int, $2::int) g
), owner as materialized (
  select o.id as organisation_id, p.id as pipeline_id from (select id from organisations limit 1) o,
    (select id from pipelines where key = '{PIPELINE}') p
), named as materialized (
  select m.*, w.*, m.prefix || case when m.g % 1000 = 500 then '_needle' else '' end || '_3-view_Render_' || m.at::date
    || '_' || m.g as name
  from made m, owner w
), things as materialized (
  select uuidv7(-g * interval '1 minute') as job_id, m.*, n from named m, generate_series(1, $3::int) n
), batches as (
  insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, customer_prefix, execution_mode,
    max_parallel, status, total_files, total_jobs, pending_jobs, completed_jobs, failed_jobs, jobs_at_base, settings,
    metadata, failure_policy, processing_time_ms, created_at, updated_at, queued_at, started_at, completed_at,
    archived_at, last_event_id)
  select id, organisation_id, pipeline_id, name, name, prefix, 'parallel', 8,
    case when failed then 'failed' else 'completed' end, $3, $3, 0, case when failed then 0 else $3 end,
    case when failed then $3 else 0 end, $3, empty, empty, '{{"action": "continue", "threshold": 0.5}}', 300, at, at,
    at, at, at, case when g % 20 = 0 then at end, {EVENTS_EACH} * $3 + 3
  from named
), names as (
  insert into directory_names (organisation_id, name, used) select organisation_id, name, 1 from named
), jobs as (
  insert into jobs (id, batch_id, pipeline_id, sequence, item, source_type, record, status, stage, progress,
    step_position, attempt, error_code, created_at, updated_at, started_at, completed_at)
  select job_id, id, pipeline_id, n, n, 'record', jsonb_build_object('n', n),
    case when failed then 'failed' else 'completed' end, case when failed then 'third' else 'done' end, 1,
    case when failed then 2 else 3 end, 1, case when failed then 'EMPTY_RECORD' end, at, at, at, at
  from things
), steps as (
  insert into job_steps (job_id, position, name, status, attempts, error_code, started_at, completed_at)
  select job_id, p - 1, ('{{{",".join(STEP_NAMES)}}}'::text[])[p],
    case when failed and p = 3 then 'failed' else 'completed' end, 1,
    case when failed and p = 3 then 'EMPTY_RECORD' end, at, at
  from things, generate_series(1, 3) p
), of_jobs as (
  insert into event_log (batch_id, id, created_at, sequence, attempt, kind, step, stage, tally)
  select t.id, 2 + {EVENTS_EACH} * (t.n - 1) + e, t.at, t.n, 1,
    case e when 1 then {kind_sql("'job.started'", "'running'")}
      when 4 then case when failed then {kind_sql("'step.failed'", "'failed'")}
        else {kind_sql("'step.completed'", "'completed'")} end
      when 5 then case when failed then {kind_sql("'job.failed'", "'failed'")}
        else {kind_sql("'job.completed'", "'completed'")} end
      else {kind_sql("'step.completed'", "'running'")} end,
    (array['first', 'first', 'second', 'third', 'third'])[e],
    (array[null, 'second', 'third', 'done', 'done'])[e], '1,0,1'
  from things t, generate_series(1, {EVENTS_EACH}) e
)
insert into event_log (batch_id, id, created_at, type, data, counters)
select id, case e when 3 then {EVENTS_EACH} * $3 + 3 else e end, at,
  case e when 1 then 'batch.created' when 2 then 'batch.started' when 3 then
    case when failed then 'batch.failed' else 'batch.completed' end end,
  jsonb_build_object('name', name, 'status', 'completed'), array[$3, 0, 0, $3, 0, 0, 0, 0]
from named, generate_series(1, 3) e
"""


async def past_partitions(connection: asyncpg.Connection[asyncpg.Record], minutes: int) -> None:
    """A partition of the log for each month of the last so many minutes, in place of that of all the past."""
    until = await connection.fetchval(_BEFORE)
    if until is None:
        return
    months = [row["month"] for row in await connection.fetch(_PAST, minutes)]
    bounds = [str(least_id(month)) for month in months if str(least_id(month)) < until] + [until]
    await connection.execute("drop table event_log_before")
    for first, last, month in zip(bounds, bounds[1:], months, strict=False):
        name, between = f"event_log_{month:%Y_%m}_past", f"from ('{first}') to ('{last}')"
        await connection.execute(f"create table {name} partition of event_log for values {between}")


async def fill(dsn: str, batches: int, jobs: int = 1) -> None:
    """Add batches, each of so many jobs, until there are so many, and let the planner know.

    Checks of foreign keys and the outbox are left out, which is what makes a million a matter of minutes.
    """
    connection = await asyncpg.connect(dsn, command_timeout=3600)
    try:
        if (found := await connection.fetchval("select count(*) from batches")) >= batches:
            return
        await connection.execute("set session_replication_role = replica; set synchronous_commit = off")
        await past_partitions(connection, batches + 1)
        for first in range(found + 1, batches + 1, AT_ONCE):
            await connection.execute(_FILL, first, min(first + AT_ONCE - 1, batches), jobs)
        for table in ("batches", "jobs", "job_steps", "event_log", "directory_names"):
            await connection.execute(f"vacuum analyze {table}")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


_OPEN = f"""
with made as materialized (
  select uuidv7() as id, uuidv7() as job_id, 'Open ' || g as name from generate_series(1, $1::int) g
), owner as materialized (
  select o.id as organisation_id, p.id as pipeline_id from (select id from organisations limit 1) o,
    (select id from pipelines where key = '{PIPELINE}') p
), batches as (
  insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, execution_mode, max_parallel,
    status, total_files, total_jobs, pending_jobs, jobs_at_base, settings, metadata, queued_at, started_at,
    last_event_id)
  select id, organisation_id, pipeline_id, name, name, 'parallel', 8, 'processing', 1, 1, 1, 1, '{{}}', '{{}}', now(),
    now(), 1
  from made, owner
), jobs as (
  insert into jobs (id, batch_id, pipeline_id, sequence, item, source_type, record, status, retry_count, attempt,
    run_at)
  select job_id, id, pipeline_id, 1, 1, 'record', '{{}}', 'pending', 1, 1, now() + interval '1 day' from made, owner
), steps as (
  insert into job_steps (job_id, position, name)
  select job_id, p - 1, ('{{{",".join(STEP_NAMES)}}}'::text[])[p] from made, generate_series(1, 3) p
)
insert into event_log (batch_id, id, type, data, counters)
select id, 1, 'batch.created', '{{"status": "pending"}}', array[1, 1, 0, 0, 0, 0, 0, 0] from made
"""


async def add_open(dsn: str, batches: int) -> None:
    """Add so many open batches, each with one job that waits for its retry."""
    connection = await asyncpg.connect(dsn, command_timeout=3600)
    try:
        await connection.execute(_OPEN, batches)
        for table in ("batches", "jobs", "job_steps", "event_log"):
            await connection.execute(f"vacuum analyze {table}")
    finally:
        await connection.close()
