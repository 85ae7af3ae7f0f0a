"""Many jobs at once: written, copied, cancelled and removed, each in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, Row, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.quick_reads import QuickStatement

_AT_ONCE: Final = 4 * 1024 * 1024
"""Characters of records in one statement."""
_STEPS_OF_PIPELINES: Final = """step as materialized (
  select p.key::int as pipeline_id, (s.place - 1)::int as position, s.step->>'name' as name,
    array(select jsonb_array_elements_text(s.step->'depends_on')) as depends_on,
    (s.step->>'skip_if_failed')::boolean as skip_if_failed
  from jsonb_each(cast(:steps as jsonb)) as p(key, steps),
    jsonb_array_elements(p.steps) with ordinality as s(step, place)
)"""
_INSERT_STEPS: Final = """insert into job_steps (job_id, position, name, depends_on, skip_if_failed)
select job.id, own.position, own.name, own.depends_on, own.skip_if_failed
from job cross join lateral (
  select step.* from step where step.pipeline_id = job.pipeline_id order by step.position offset 0
) own"""
# A column that is the same for all jobs comes as one value and an empty array, which unnest fills up with nulls: the
# driver looks at each element of an array for a third of a microsecond. Steps go in job by job, so that those of one
# lie side by side and the index grows at its end.
_ADD_JOBS = text(f"""
with job as (
  insert into jobs (id, batch_id, pipeline_id, sequence, item, source_type, source_url, file_id, filename, file_size,
    media_type, checksum, record, external_id)
  select n.id, :batch_id, coalesce(n.pipeline_id, :pipeline_id), :before + n.place, coalesce(n.item, :before + n.place),
    coalesce(n.source_type, :source_type), n.source_url, n.file_id, n.name, n.file_size, n.media_type, n.checksum,
    n.record::jsonb, n.external_id
  from unnest(:ids, :pipeline_ids, :items, :source_types, :source_urls, :file_ids, :names, :file_sizes, :media_types,
      :checksums, :records, :external_ids)
    with ordinality as n(id, pipeline_id, item, source_type, source_url, file_id, name, file_size, media_type,
      checksum, record, external_id, place)
  returning id, pipeline_id
), {_STEPS_OF_PIPELINES}
{_INSERT_STEPS}
""").bindparams(
    bindparam("before", type_=Integer),
    bindparam("pipeline_id", type_=Integer),
    bindparam("source_type", type_=Text),
    bindparam("steps", type_=Text),
    bindparam("ids", type_=ARRAY(PgUUID)),
    bindparam("pipeline_ids", type_=ARRAY(Integer)),
    bindparam("items", type_=ARRAY(Integer)),
    bindparam("source_types", type_=ARRAY(Text)),
    bindparam("source_urls", type_=ARRAY(Text)),
    bindparam("file_ids", type_=ARRAY(PgUUID)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("file_sizes", type_=ARRAY(BigInteger)),
    bindparam("media_types", type_=ARRAY(Text)),
    bindparam("checksums", type_=ARRAY(Text)),
    bindparam("records", type_=ARRAY(Text)),
    bindparam("external_ids", type_=ARRAY(Text)),
)


_ADD_QUICKLY: Final = QuickStatement(_ADD_JOBS)


async def add_jobs(
    session: AsyncSession,
    batch_id: UUID,
    columns: Mapping[str, Sequence[Any]],
    steps: Mapping[int, Sequence[Mapping[str, Any]]],
    *,
    before: int = 0,
) -> None:
    """Write jobs in their order, with the steps of their pipelines.

    `columns` has a list for each, equally long: ids, pipeline_ids, items, ... `steps`: by the id of a pipeline, its
    steps as `name`, `depends_on` and `skip_if_failed`. `before` is how many jobs the batch has already. Large records
    go in several statements: the driver encodes all parameters of one at a stretch, on the event loop.
    """
    texts = _text_of(steps)
    start, size = 0, 0
    for place, record in enumerate(columns["records"], 1):
        size += len(record or "")
        if size >= _AT_ONCE or place == len(columns["records"]):
            part = {name: values[start:place] for name, values in columns.items()}
            own = _short(part, before + start) | {"batch_id": batch_id, "before": before + start, "steps": texts}
            await _ADD_QUICKLY.send(session, own)
            start, size = place, 0


def _text_of(steps: Mapping[int, Sequence[Mapping[str, Any]]]) -> str:
    return json.dumps({str(pipeline_id): list(own) for pipeline_id, own in steps.items()})


def _short(columns: Mapping[str, Sequence[Any]], before: int) -> dict[str, Any]:
    """The parameters for columns, without the arrays that say the same of each job."""
    short: dict[str, Any] = {
        name: [] if all(value is None for value in values) else values for name, values in columns.items()
    }
    for name, one in (("pipeline_ids", "pipeline_id"), ("source_types", "source_type")):
        short[one], *others = set(columns[name])
        if not others:
            short[name] = []
    if all(item == place for place, item in enumerate(columns["items"], before + 1)):
        short["items"] = []
    return short


# A file that goes through several pipelines counts once.
_TOTALS = text("""
select count(*) as files, coalesce(sum(file_size), 0)::bigint as size from (
  select distinct on (item) file_size from jobs where id = any(:ids)
) file
""").bindparams(bindparam("ids", type_=ARRAY(PgUUID)))
_COPY_JOBS = text("""
insert into jobs (id, batch_id, pipeline_id, sequence, item, source_type, source_url, file_id, filename, file_size,
  media_type, checksum, record, external_id, step_position, retry_of_job_id, retries)
select c.new_id, :batch_id, j.pipeline_id, c.place, j.item, j.source_type, j.source_url, j.file_id, j.filename,
  j.file_size, j.media_type, j.checksum, j.record, j.external_id, case when :inherit then coalesce(c.position,
    -- The cursor may have gone on after the failure, to the cleanup steps.
    (select min(s.position) from job_steps s where s.job_id = j.id and s.status in ('failed', 'cancelled')),
    j.step_position
  ) else 0 end, case when :inherit then j.id end,
  case when :inherit then greatest(j.retries, j.retry_count) + 1 else 0 end
from unnest(:new_ids, :old_ids, :positions) with ordinality as c(new_id, old_id, position, place)
join jobs j on j.id = c.old_id
""")
_COPY_STEPS = text("""
insert into job_steps (job_id, position, name, depends_on, skip_if_failed, status, inherited_from, output, started_at,
  completed_at)
select c.new_id, s.position, s.name, s.depends_on, s.skip_if_failed, case when kept.it then s.status else 'pending' end,
  case when kept.it then s.job_id end, case when kept.it then s.output end,
  case when kept.it then s.started_at end, case when kept.it then s.completed_at end
from unnest(:new_ids, :old_ids) as c(new_id, old_id)
join jobs n on n.id = c.new_id join job_steps s on s.job_id = c.old_id,
  lateral (select :inherit and s.position < n.step_position as it) kept
""")
_NEW_STEPS = text(f"""
with job as materialized (
  select j.id, j.pipeline_id from jobs j where j.id = any(:new_ids) order by j.sequence
), {_STEPS_OF_PIPELINES}
{_INSERT_STEPS}
""").bindparams(bindparam("new_ids", type_=ARRAY(PgUUID)), bindparam("steps", type_=Text))
_COPY_OUTPUTS = text("""
insert into job_outputs (job_id, name, file_id)
select c.new_id, o.name, o.file_id
from unnest(:new_ids, :old_ids) as c(new_id, old_id) join job_outputs o on o.job_id = c.old_id where :inherit
""")
_IDS = (bindparam("new_ids", type_=ARRAY(PgUUID)), bindparam("old_ids", type_=ARRAY(PgUUID)))
_POSITIONS = bindparam("positions", type_=ARRAY(Integer))
_COPY_JOBS, _COPY_STEPS, _COPY_OUTPUTS = (
    statement.bindparams(*_IDS) for statement in (_COPY_JOBS.bindparams(_POSITIONS), _COPY_STEPS, _COPY_OUTPUTS)
)


async def find_totals(session: AsyncSession, job_ids: Sequence[UUID]) -> tuple[int, int]:
    """How many files these jobs have, and their bytes together."""
    found = (await session.execute(_TOTALS, {"ids": list(job_ids)})).one()
    return found.files, found.size


_COUNT_COPIES = text("""
with recursive up as (
  select id, parent_batch_id, relation, 0 as depth from batches where id = :batch_id
  union all
  select b.id, b.parent_batch_id, b.relation, u.depth + 1 from up u join batches b on b.id = u.parent_batch_id
  where u.relation in ('retry_failed', 'restart')
), down as (
  (select id, '' as relation from up order by depth desc limit 1)
  union all
  select b.id, b.relation from down d join batches b on b.parent_batch_id = d.id
  where b.relation in ('retry_failed', 'restart')
)
select count(*) from down where relation = :relation
""")


async def count_copies(session: AsyncSession, batch_id: UUID, relation: str) -> int:
    """How many retries, or restarts, there are of what the batch was at first."""
    values = {"batch_id": batch_id, "relation": relation}
    return int((await session.execute(_COUNT_COPIES, values)).scalar_one())


async def copy_jobs(
    session: AsyncSession,
    batch_id: UUID,
    new_ids: Sequence[UUID],
    old_ids: Sequence[UUID],
    *,
    inherit: bool,
    positions: Sequence[int] = (),
    steps: Mapping[int, Sequence[Mapping[str, Any]]] | None = None,
) -> None:
    """Copy jobs into a batch, from the beginning, or to go on where the old ones failed.

    `positions`: the steps at which they go on instead, if these are named. `steps`: as for `add_jobs`, in place of
    those that the old ones had.
    """
    values = {"new_ids": list(new_ids), "old_ids": list(old_ids), "inherit": inherit}
    await session.execute(_COPY_JOBS, values | {"batch_id": batch_id, "positions": list(positions)})
    if steps is None:
        await session.execute(_COPY_STEPS, values)
    else:
        await session.execute(_NEW_STEPS, {"new_ids": list(new_ids), "steps": _text_of(steps)})
    await session.execute(_COPY_OUTPUTS, values)


_CANCEL_JOBS = text("""
with ended as (
  update jobs set status = 'cancelled', completed_at = :now, updated_at = :now
  where batch_id = :batch_id and status = 'pending' returning id, pipeline_id, sequence, stage, attempt
), steps as (
  update job_steps s set status = 'cancelled', completed_at = :now
  from ended e where s.job_id = e.id and s.status in ('pending', 'running')
)
select e.id, e.sequence, e.stage, e.attempt, p.key as pipeline from ended e join pipelines p on p.id = e.pipeline_id
order by e.sequence
""")


async def cancel_pending_jobs(session: AsyncSession, batch_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """End the pending jobs with their steps; id, sequence, stage, attempt and the key of its pipeline of each."""
    return (await session.execute(_CANCEL_JOBS, {"batch_id": batch_id, "now": now})).all()


_FILES = text("""
select batch_id, file_id from jobs where batch_id = any(:batch_ids) and file_id is not null
union select j.batch_id, o.file_id from job_outputs o join jobs j on j.id = o.job_id where j.batch_id = any(:batch_ids)
""")
_LOCK_FREE_FILES = text("select id from files where id = any(:ids) order by id for update skip locked")
_LOCK_FILES = text("select id from files where id = any(:ids) order by id for update")
_DELETE_FILES = text("""
delete from files f where f.id = any(:ids) and f.tags = '{}'
  and not exists (select from jobs j where j.file_id = f.id)
  and not exists (select from job_outputs o where o.file_id = f.id)
""")


async def list_files(session: AsyncSession, batch_ids: Sequence[UUID]) -> Sequence[tuple[UUID, UUID]]:
    """Every batch with every file that its jobs took or made."""
    return [(row[0], row[1]) for row in await session.execute(_FILES, {"batch_ids": list(batch_ids)})]


async def lock_files(session: AsyncSession, file_ids: Iterable[UUID]) -> set[UUID]:
    """Lock those of the files that no other transaction is about to use."""
    return set((await session.execute(_LOCK_FREE_FILES, {"ids": list(file_ids)})).scalars())


async def delete_unused_files(session: AsyncSession, file_ids: Iterable[UUID]) -> None:
    """Remove those of the files that no job names and that have no tag."""
    if ids := list(file_ids):
        # Locked by a statement of its own, so that the next one sees the jobs of whoever was using a file until then.
        await session.execute(_LOCK_FILES, {"ids": ids})
        await session.execute(_DELETE_FILES, {"ids": ids})


_GROUP_LEGACY = text("select kind, value, jobs from group_legacy_jobs(cast(:pipelines as jsonb), :window)")


async def group_legacy_jobs(
    session: AsyncSession, pipelines: Mapping[str, str], window: timedelta
) -> Sequence[Row[str, str, int]]:
    """Group an older system's jobs into batches; the kind of what was found, its value, and how many."""
    values = {"pipelines": json.dumps(dict(pipelines)), "window": window}
    return (await session.execute(_GROUP_LEGACY, values)).all()


_NAME_IN_LOG = text("""
update event_log set data = jsonb_set(data, '{name}', to_jsonb(cast(:name as text)))
where batch_id = :batch_id and id = 1
""")


async def name_in_log(session: AsyncSession, batch_id: UUID, name: str) -> None:
    """Say in a batch's first event what it is called, in the transaction that made the batch."""
    await session.execute(_NAME_IN_LOG, {"batch_id": batch_id, "name": name})
