"""The event log is partitioned by the month in which its batch was made, and events of jobs are kept in a short form.

What was logged so far stays where it is, as the partition of the past: nothing is copied, the rows are read once to see
that they belong there. `events` is a view that shows every event as it was before, and writes: for the code of the
release before, which works beside this one while processes are replaced, and for people who look.
"""

from datetime import UTC, datetime

from alembic import op
from sqlalchemy import text

revision = "tranche_0022"
down_revision = "tranche_0021"
works_with = "tranche_0020"

# The place of a type, from 1, times ten, and that of the job's status are an event's `kind`.
TYPES = (
    *("step.completed", "step.failed", "step.skipped", "job.started", "job.completed", "job.failed", "job.cancelled"),
    *("job.retrying", "job.requeued", "job.progressed", "job.completed"),  # the last: of a job that was cached
)
STATUSES = ("pending", "running", "completed", "failed", "cancelled", "skipped")
FILLFACTORS = {"jobs": 70, "job_steps": 75, "batches": 70}

TABLE = """
create table event_log (
  batch_id uuid not null,
  id bigint not null,
  created_at timestamptz default now() not null,
  sequence integer,
  attempt integer,
  -- squawk-ignore prefer-bigint-over-smallint
  kind smallint,
  step text,
  stage text,
  tally text,
  type text,
  job_id uuid,
  data jsonb,
  counters integer[],
  actor text,
  constraint pk_event_log primary key (batch_id, id),
  constraint ck_event_log_form check (num_nonnulls(type, kind) = 1)
) partition by range (batch_id)
"""
# Old rows have the columns of before in their own order; PostgreSQL reads them by name.
AS_PARTITION = (
    """
    -- squawk-ignore renaming-table
    alter table events rename to event_log_before
    """,
    """
    -- squawk-ignore renaming-object
    alter table event_log_before rename constraint pk_events to pk_event_log_before
    """,
    "drop trigger outbox on event_log_before",
    # The code of before reads the view, where none of these is ever null.
    """
    alter table event_log_before
      -- squawk-ignore ban-drop-not-null
      alter column type drop not null,
      -- squawk-ignore ban-drop-not-null
      alter column data drop not null,
      -- squawk-ignore ban-drop-not-null
      alter column counters drop not null,
      add column sequence integer,
      add column attempt integer,
      -- squawk-ignore prefer-bigint-over-smallint
      add column kind smallint,
      add column stage text,
      add column tally text,
      -- squawk-ignore constraint-missing-not-valid
      add constraint ck_event_log_form check (num_nonnulls(type, kind) = 1)
    """,
)
NEWEST = "select batch_id from event_log_before where batch_id < '{bound}' order by batch_id desc limit 1"
MOVE = """
with moved as (delete from event_log_before where batch_id >= '{bound}'
  returning batch_id, id, type, job_id, step, data, counters, actor, created_at)
insert into event_log_default (batch_id, id, type, job_id, step, data, counters, actor, created_at)
select batch_id, id, type, job_id, step, data, counters, actor, created_at from moved
"""
VIEW = f"""
create view events as
select e.batch_id, e.id, coalesce(e.type, ('{{{",".join(TYPES)}}}'::text[])[e.kind / 10]) as type,
  coalesce(e.job_id, (select j.id from jobs j where j.batch_id = e.batch_id and j.sequence = e.sequence)) as job_id,
  e.step,
  case when e.kind is null then e.data else jsonb_build_object('sequence', e.sequence, 'attempt', e.attempt,
    'stage', coalesce(e.stage, e.step), 'status', ('{{{",".join(STATUSES)}}}'::text[])[e.kind % 10])
    || case e.kind / 10 when 5 then '{{"cached": false}}'::jsonb when 11 then '{{"cached": true}}'::jsonb
      else '{{}}'::jsonb end
    || coalesce(e.data, '{{}}'::jsonb) end as data,
  -- Counters that are zero at the end are not written.
  coalesce(e.counters, (string_to_array(e.tally || ',0,0,0,0,0,0,0', ',')::integer[])[1:8]) as counters,
  e.actor, e.created_at
from event_log e
"""
LOGS = """
{create} view batch_operation_logs as
select md5(e.batch_id::text || ':' || e.id)::uuid as id, e.batch_id as batch_job_id, e.job_id as registration_job_id,
  case e.type when 'step.failed' then 'error_occurred' when 'job.failed' then 'error_occurred'
    when 'batch.alerted' then 'error_occurred' when 'job.retrying' then 'retry_attempted'
    else replace(e.type, '.', '_') end as operation,
  e.data || jsonb_strip_nulls(jsonb_build_object('step', e.step, 'actor', e.actor, 'event', e.type, 'event_id', e.id))
    as details,
  e.created_at, b.organisation_id, e.id as event_id, 0 as place
from events e join batches b on b.id = e.batch_id
join pipelines p on p.key = 'restaurant-registration'
  and (p.id = b.pipeline_id or b.total_pipelines > 1 and b.settings ? p.key)
where e.job_id is null or b.total_pipelines = 1
  or exists (select from jobs j where j.id = e.job_id and j.pipeline_id = p.id)
union all
select md5(j.id::text || ' created')::uuid, j.batch_id, j.id, 'job_created',
  jsonb_strip_nulls(jsonb_build_object('sequence', j.sequence, 'name', j.filename,
    'restaurant_id', j.record ->> 'restaurant_id', 'retry_of_job_id', j.retry_of_job_id)),
  j.created_at, b.organisation_id, 1, j.sequence
from jobs j join batches b on b.id = j.batch_id
join pipelines p on p.key = 'restaurant-registration'
  and case when b.total_pipelines > 1 then j.pipeline_id else b.pipeline_id end = p.id
"""
WRITE = """
create function write_event() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into event_log (batch_id, id, type, job_id, step, data, counters, actor, created_at)
    values (new.batch_id, new.id, new.type, new.job_id, new.step, new.data, new.counters, new.actor, new.created_at);
    return new;
  elsif tg_op = 'UPDATE' then
    update event_log set batch_id = new.batch_id, id = new.id, type = new.type, job_id = new.job_id, step = new.step,
      data = new.data, counters = new.counters, actor = new.actor, created_at = new.created_at,
      sequence = null, attempt = null, kind = null, stage = null, tally = null
    where batch_id = old.batch_id and id = old.id;
    return new;
  end if;
  delete from event_log where batch_id = old.batch_id and id = old.id;
  return old;
end
$$
"""
BACK = (
    "drop view batch_operation_logs",
    "drop trigger write_event on events",
    "drop function write_event()",
    """
    create table events_again (batch_id uuid not null, id bigint not null, type text not null, job_id uuid, step text,
      data jsonb not null, counters integer[] not null, actor text, created_at timestamptz default now() not null,
      constraint pk_events primary key (batch_id, id))
    """,
    """
    insert into events_again (batch_id, id, type, job_id, step, data, counters, actor, created_at)
    select batch_id, id, type, job_id, step, data, counters, actor, created_at from events order by batch_id, id
    """,
    "drop view events",
    "drop table event_log",
    "alter table events_again rename to events",
    """
    create trigger outbox after insert on events for each row when (new.job_id is null) execute function fill_outbox()
    """,
)


def milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def bound(at: datetime, *, days: int) -> str:
    return uuid_of(milliseconds(at) + days * 86_400_000)


def uuid_of(at: int) -> str:
    """The least UUIDv7 of a moment, in milliseconds since 1970."""
    digits = f"{at:012x}{0:020x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def upgrade() -> None:
    # Nothing changes: who reads that view is waited for before anybody has to wait for the log.
    op.execute("alter view batch_operation_logs reset (security_barrier)")
    for statement in AS_PARTITION:
        op.execute(statement)
    op.execute(TABLE)
    op.execute("create table event_log_default partition of event_log default")
    # Offline, for who reads the SQL, there is nothing to look at.
    offline = op.get_context().as_sql
    now = datetime.now(UTC) if offline else op.get_bind().scalar(text("select now()"))
    newest = None if offline else op.get_bind().scalar(text(NEWEST.format(bound=bound(now, days=1))))
    # Ids are made by processes whose clocks may be ahead of the database's.
    until = max(milliseconds(now), newest.int >> 80 if newest else 0) + 1
    op.execute(MOVE.format(bound=uuid_of(until)))  # batches of an older system, whose ids tell no time
    op.execute(
        f"alter table event_log attach partition event_log_before for values from (minvalue) to ('{uuid_of(until)}')"
    )
    year, month = now.year, now.month
    start = uuid_of(until)
    for _ in range(3):
        after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        if (end := uuid_of(milliseconds(after))) > start:
            op.execute(f"""
                create table event_log_{year}_{month:02} partition of event_log
                for values from ('{start}') to ('{end}')""")
            start = end
        year, month = after.year, after.month
    op.execute("""
        create trigger outbox after insert on event_log for each row when (new.kind is null and new.job_id is null)
        execute function fill_outbox()""")
    op.execute(VIEW)
    op.execute("alter view events alter column created_at set default now()")
    op.execute(LOGS.format(create="create or replace"))  # it follows the table that it was made on
    op.execute(WRITE)
    op.execute("""
        create trigger write_event instead of insert or update or delete on events
        for each row execute function write_event()""")
    for table, fillfactor in FILLFACTORS.items():
        op.execute(f"alter table {table} set (fillfactor = {fillfactor}, autovacuum_vacuum_scale_factor = 0.05)")


def downgrade() -> None:
    for table in FILLFACTORS:
        op.execute(f"alter table {table} set (fillfactor = 50)")
        op.execute(f"alter table {table} reset (autovacuum_vacuum_scale_factor)")
    for statement in BACK:
        op.execute(statement)
    op.execute(LOGS.format(create="create"))
