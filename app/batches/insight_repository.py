"""What is read to explain a batch: its books in one snapshot, and what of it waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.states import BATCH_TERMINAL, JOB_STATUSES, JOB_TERMINAL, sql_list

MOST_OF_A_KIND: Final = 100
"""Jobs that are reported for each check; a batch in which more disagree is not repaired by reading on."""

_BATCH_ENDS = sql_list(f"batch.{status}" for status in BATCH_TERMINAL)
_JOB_ENDS = sql_list(f"job.{status}" for status in JOB_TERMINAL)
_COUNTS = ", ".join(f"count(*) filter (where status = '{status}') as {status}" for status in JOB_STATUSES)
# One statement has one snapshot: a batch that runs meanwhile is seen as it was at one moment.
_AUDIT = text(f"""
with own as (
  select id, sequence, status, status in ({sql_list(JOB_TERMINAL)}) as ended, cached,
    -- A file that goes through several pipelines counts once.
    case when sequence = min(sequence) over (partition by item) then file_size end as file_size
  from jobs where batch_id = :batch_id
), counted as (
  select count(*) as total, {_COUNTS}, count(*) filter (where cached and status = 'completed') as cached,
    coalesce(sum(file_size), 0)::bigint as sizes
  from own
), logged as (
  select count(*) as events, min(id) as first_id, max(id) as last_id,
    count(*) filter (where type in ({_BATCH_ENDS})) as ends, max(id) filter (where type in ({_BATCH_ENDS})) as end_id
  from events where batch_id = :batch_id
), of_jobs as (
  -- A job that was retried by a person is open again from then on; one that had failed may be skipped.
  select job_id, id, type, type in ({_JOB_ENDS}) and id > coalesce(
    max(id) filter (where type = 'job.retried' or type = 'job.failed' and followed_by = 'job.skipped')
      over (partition by job_id), 0) as is_end
  from (
    select job_id, id, type, lead(type) over (partition by job_id order by id) as followed_by
    from events where batch_id = :batch_id and job_id is not null
      and (type in ('job.started', 'job.retried') or type in ({_JOB_ENDS}))
  ) marked
), per_job as (
  select job_id, max(id) filter (where type = 'job.started') as started_id, count(*) filter (where is_end) as ends,
    max(id) filter (where is_end) as end_id, string_agg(type, ', ' order by id) filter (where is_end) as types
  from of_jobs group by job_id
), wrong_ends as (
  select o.sequence, o.status, coalesce(p.types, 'none') as types,
    coalesce(p.ends = 1 and p.end_id < p.started_id, false) as early
  from own o left join per_job p on p.job_id = o.id
  -- Jobs of an older system were imported as they had ended: no event tells of them.
  where case when o.ended and not exists (select from batches where id = :batch_id and relation = 'backfill')
    then p.types is distinct from 'job.' || o.status or p.end_id < p.started_id
    else coalesce(p.ends, 0) > 0 end
  order by o.sequence limit {MOST_OF_A_KIND}
), per_step as (
  select s.job_id, count(*) filter (where s.status = 'pending') as pending,
    count(*) filter (where s.status = 'running') as running
  from job_steps s join own o on o.id = s.job_id group by s.job_id
), wrong_steps as (
  select o.sequence, o.status, p.pending, p.running from own o join per_step p on p.job_id = o.id
  where case when o.ended then p.pending + p.running > 0 when o.status = 'running' then p.running <> 1
    else p.running > 0 end
  order by o.sequence limit {MOST_OF_A_KIND}
)
select to_jsonb(b) - '{{summary_data,settings,metadata}}'::text[] as batch,
  b.status in ({sql_list(BATCH_TERMINAL)}) as ended, to_jsonb(c) as counted, to_jsonb(l) as logged,
  (select coalesce(jsonb_agg(e order by e.sequence), '[]') from wrong_ends e) as wrong_ends,
  (select coalesce(jsonb_agg(s order by s.sequence), '[]') from wrong_steps s) as wrong_steps,
  (select type from events where batch_id = :batch_id and id = l.end_id) as end_type
from batches b, counted c, logged l where b.id = :batch_id
""")


async def find_books(session: AsyncSession, batch_id: UUID) -> Mapping[str, Any] | None:
    """The batch's row as `batch`, what its rows and events say as `counted` and `logged`, and what disagrees."""
    row = (await session.execute(_AUDIT, {"batch_id": batch_id})).one_or_none()
    return None if row is None else row._asdict()


_QUEUE = text("""
select now() as now, count(*) filter (where run_at > now()) as delayed,
  min(run_at) filter (where run_at > now()) as next_retry_at,
  (select case when run_at > now() then sequence end from jobs where batch_id = :batch_id and status = 'pending'
    order by sequence limit 1) as delayed_head,
  count(*) filter (where sequence > :first_n) as beyond_trial,
  count(*) filter (where crash_count > 1) as suspects
from jobs where batch_id = :batch_id and status = 'pending'
""")
# One at a time means in order: there a job that waits for its retry is the next one.
_NEXT = text("""
select sequence, filename from jobs
where batch_id = :batch_id and status = 'pending' and sequence <= :first_n
  and (:in_order or run_at <= now())
order by sequence limit 3
""")


async def find_queue(session: AsyncSession, batch_id: UUID, first_n: int) -> Mapping[str, Any]:
    """How many pending jobs wait and for what; `first_n` is where a trial ends."""
    return (await session.execute(_QUEUE, {"batch_id": batch_id, "first_n": first_n})).one()._asdict()


async def list_next_jobs(
    session: AsyncSession, batch_id: UUID, first_n: int, *, in_order: bool
) -> Sequence[Row[int, str | None]]:
    """Sequence and name of the jobs that come next."""
    values = {"batch_id": batch_id, "first_n": first_n, "in_order": in_order}
    return (await session.execute(_NEXT, values)).all()
