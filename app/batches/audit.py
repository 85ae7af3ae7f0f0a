"""Whether what is stored about a batch agrees with itself: counters, rows, steps and events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.states import BATCH_TERMINAL, COUNTERS, JOB_STATUSES, JOB_TERMINAL, sql_list
from app.kit.schemas import Output

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
), per_job as (
  select job_id, max(id) filter (where type = 'job.started') as started_id,
    count(*) filter (where type in ({_JOB_ENDS})) as ends, max(id) filter (where type in ({_JOB_ENDS})) as end_id,
    string_agg(type, ', ' order by id) filter (where type in ({_JOB_ENDS})) as types
  from events where batch_id = :batch_id and job_id is not null and (type = 'job.started' or type in ({_JOB_ENDS}))
  group by job_id
), wrong_ends as (
  select o.sequence, o.status, coalesce(p.types, 'none') as types,
    coalesce(p.ends = 1 and p.end_id < p.started_id, false) as early
  from own o left join per_job p on p.job_id = o.id
  where case when o.ended
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


class Difference(Output):
    """One thing that does not agree. `expected` follows from the rows below, `found` is what is stored."""

    code: str
    message: str
    expected: int | str | None
    found: int | str | None


class AuditRead(Output):
    consistent: bool
    differences: list[Difference]


async def audit(session: AsyncSession, batch_id: UUID) -> list[Difference]:
    """Everything in which a batch disagrees with its rows and events; empty when all is well or there is no batch.

    Takes no lock and may run while the batch does.
    """
    row = (await session.execute(_AUDIT, {"batch_id": batch_id})).one_or_none()
    if row is None:
        return []
    found = dict(row._mapping)
    return [*_counters(found), *_events(found), *_jobs(found)]


def _counters(found: Mapping[str, Any]) -> Iterator[Difference]:
    batch, counted = found["batch"], found["counted"]
    for name in COUNTERS:
        stored, actual = batch[f"{name}_jobs"], counted[name]
        if stored != actual:
            message = f"The batch counts {stored:,} jobs as {name}; there are {actual:,}."
            yield Difference(code=f"{name}_jobs", message=message, expected=actual, found=stored)
    if batch["total_size"] != counted["sizes"]:
        message = f"The batch's total size is {batch['total_size']:,} bytes; its jobs have {counted['sizes']:,}."
        yield Difference(code="total_size", message=message, expected=counted["sizes"], found=batch["total_size"])


def _events(found: Mapping[str, Any]) -> Iterator[Difference]:
    batch, logged = found["batch"], found["logged"]
    last = batch["last_event_id"]
    if (logged["last_id"] or 0) != last:
        message = f"The batch's last event is {last:,} by its own row; the log ends at {logged['last_id']}."
        yield Difference(code="last_event_id", message=message, expected=logged["last_id"], found=last)
    if logged["events"] and (logged["first_id"] != 1 or logged["events"] != logged["last_id"]):
        message = f"The log has {logged['events']:,} events between {logged['first_id']} and {logged['last_id']}."
        yield Difference(code="event_gap", message=message, expected=logged["last_id"], found=logged["events"])
    ends = int(found["ended"])
    if logged["ends"] != ends:
        message = f"A batch that is {batch['status']} has {ends} terminal events; this one has {logged['ends']}."
        yield Difference(code="terminal_events", message=message, expected=ends, found=logged["ends"])
    elif ends:
        if logged["end_id"] != logged["last_id"]:
            message = f"The terminal event is {logged['end_id']:,}, but the log goes on to {logged['last_id']:,}."
            yield Difference(
                code="terminal_event_not_last", message=message, expected=logged["last_id"], found=logged["end_id"]
            )
        if found["end_type"] != f"batch.{batch['status']}":
            message = f"The batch is {batch['status']}, but its terminal event is {found['end_type']}."
            yield Difference(
                code="terminal_event_type",
                message=message,
                expected=f"batch.{batch['status']}",
                found=found["end_type"],
            )


def _jobs(found: Mapping[str, Any]) -> Iterator[Difference]:
    for job in found["wrong_ends"]:
        expected = f"job.{job['status']}" if job["status"] in JOB_TERMINAL else "none"
        message = f"Job {job['sequence']} is {job['status']}; its terminal events are: {job['types']}."
        if job["early"]:
            message = f"Job {job['sequence']} was started again after its terminal event {job['types']}."
        yield Difference(code="job_terminal_events", message=message, expected=expected, found=job["types"])
    for job in found["wrong_steps"]:
        left = f"{job['pending']} pending, {job['running']} running"
        fitting = "1 running" if job["status"] == "running" else "none running"
        fitting = "none pending, none running" if job["status"] in JOB_TERMINAL else fitting
        message = f"Job {job['sequence']} is {job['status']}; of its steps are {left}."
        yield Difference(code="job_steps", message=message, expected=fitting, found=left)
