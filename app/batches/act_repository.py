"""Rows of jobs that somebody acts on: which they are, and what is written of them. The batch is locked by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Integer, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.failures import FAILED_STEP_SQL
from app.kit.rows import read_row


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which jobs of a batch: these, or all that every member which is not None fits.

    `step`: where they failed, or are. `search`: a part of the file's name or the URL; a to z in any case.
    """

    ids: Sequence[UUID] | None = None
    statuses: Sequence[str] | None = None
    error_code: str | None = None
    step: str | None = None
    search: str | None = None

    @property
    def values(self) -> dict[str, Any]:
        names = ("ids", "statuses", "error_code", "step", "search")
        values = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return {name: list(value) if name in ("ids", "statuses") else value for name, value in values.items()}


_FITS: Final = {
    "ids": "j.id = any(cast(:ids as uuid[]))",
    "statuses": "j.status = any(cast(:statuses as text[]))",
    "error_code": "j.error_code = :error_code",
    "step": f"case when j.status = 'failed' then {FAILED_STEP_SQL} else j.stage end = :step",
    "search": "strpos(lower(concat_ws(chr(10), j.filename, j.source_url)), lower(:search)) > 0",
}


def _where(chosen: Chosen) -> str:
    return " and ".join(("j.batch_id = :batch_id", *(_FITS[name] for name in chosen.values)))


class JobAt(NamedTuple):
    """A job and where it is. `goes_on_at`: the step at which a retry goes on; `from_position`: that which was named.

    `is_unfinished`: one of the steps before that has not ended well. `retry_id`: the job of a later batch that is its
    retry.
    """

    id: UUID
    sequence: int
    status: str
    stage: str
    attempt: int
    step_position: int
    pipeline: str
    is_cancelling: bool
    goes_on_at: int
    from_position: int | None
    is_unfinished: bool
    retry_id: UUID | None


_JOBS_AT: Final = """
select j.id, j.sequence, j.status, j.stage, j.attempt, j.step_position, p.key as pipeline,
  j.cancel_requested_at is not null as is_cancelling, coalesce(
    -- The cursor may have gone on after the failure, to the cleanup steps.
    (select min(s.position) from job_steps s where s.job_id = j.id and s.status in ('failed', 'cancelled')),
    j.step_position
  ) as goes_on_at, f.position as from_position,
  exists (select from job_steps s where s.job_id = j.id and s.position < f.position
    and s.status not in ('completed', 'skipped')) as is_unfinished,
  (select r.id from jobs r where r.retry_of_job_id = j.id) as retry_id
from jobs j join pipelines p on p.id = j.pipeline_id left join job_steps f on f.job_id = j.id and f.name = :from_step
where {where} order by j.sequence
"""


async def count_chosen(session: AsyncSession, batch_id: UUID, chosen: Chosen) -> int:
    """How many jobs of the batch these are."""
    query = text(f"select count(*) from jobs j where {_where(chosen)}")
    return int((await session.execute(query, {"batch_id": batch_id} | chosen.values)).scalar_one())


async def page_of_chosen(
    session: AsyncSession, batch_id: UUID, chosen: Chosen, after: int, limit: int | None
) -> list[tuple[UUID, int]]:
    """The next of these jobs and their sequences, which is looked for without any lock."""
    query = text(
        f"select j.id, j.sequence from jobs j where {_where(chosen)} and j.sequence > :after"
        " order by j.sequence limit :limit"
    )
    values = {"batch_id": batch_id, "after": after, "limit": limit} | chosen.values
    return [(row[0], row[1]) for row in await session.execute(query, values)]


async def list_at(
    session: AsyncSession, batch_id: UUID, chosen: Chosen, from_step: str | None, among: Sequence[UUID] | None = None
) -> list[JobAt]:
    """Where these jobs of a locked batch are, in their order; `among`: only those of them that still fit."""
    where = _where(chosen) + ("" if among is None else " and j.id = any(cast(:among as uuid[]))")
    query = text(_JOBS_AT.format(where=where)).bindparams(from_step=from_step)
    values: dict[str, Any] = {"batch_id": batch_id} | chosen.values
    if among is not None:
        values["among"] = list(among)
    return [read_row(JobAt, row) for row in (await session.execute(query, values)).mappings()]


_END: Final = """
with ended as (
  update jobs set status = '{status}', completed_at = :now, updated_at = :now, progress = null{more}
  where id = any(:ids) and status in ({sources}) returning id
)
update job_steps s set status = '{status}', completed_at = :now
from ended e where s.job_id = e.id and s.status in ('pending', 'running')
"""
_IDS: Final = bindparam("ids", type_=ARRAY(PgUUID))
_POSITIONS: Final = bindparam("positions", type_=ARRAY(Integer))
_ENDINGS: Final[Mapping[str, TextClause]] = {
    "cancel": text(_END.format(status="cancelled", sources="'pending'", more="")).bindparams(_IDS),
    "skip": text(
        _END.format(status="skipped", sources="'pending', 'failed'", more=", error_code = null, error_message = null")
    ).bindparams(_IDS),
}
_REQUEST_CANCEL: Final = text("""
update jobs set cancel_requested_at = :now, updated_at = :now where id = any(:ids) and status = 'running'
""").bindparams(_IDS)
_REOPEN: Final = text("""
with reopened as (
  update jobs j set status = 'pending', stage = 'queued', step_position = r.position, completed_at = null,
    cancel_requested_at = null, error_code = null, error_message = null, progress = null, progress_message = null,
    result = null, cached = false, run_at = '-infinity', retry_count = 0,
    retries = greatest(j.retries, j.retry_count) + 1, crash_count = 0, crash_group = null, updated_at = :now
  from unnest(:ids, :positions) as r(id, position)
  where j.id = r.id and j.status in ('failed', 'cancelled', 'skipped') returning j.id, j.step_position
)
update job_steps s set status = 'pending', output = null, inherited_from = null, error_code = null,
  error_message = null, started_at = null, completed_at = null
from reopened r where s.job_id = r.id and s.position >= r.step_position
""").bindparams(_IDS, _POSITIONS)


async def end_jobs(session: AsyncSession, action: str, job_ids: Sequence[UUID], now: datetime) -> None:
    """Cancel pending jobs, or skip pending and failed ones, with their steps."""
    await session.execute(_ENDINGS[action], {"ids": list(job_ids), "now": now})


async def request_cancel(session: AsyncSession, job_ids: Sequence[UUID], now: datetime) -> None:
    """Have running jobs stop: whoever runs them sees it when a step ends, or looks."""
    await session.execute(_REQUEST_CANCEL, {"ids": list(job_ids), "now": now})


async def reopen_jobs(session: AsyncSession, positions: Mapping[UUID, int], now: datetime) -> None:
    """Make ended jobs pending again, each at a step: what the steps before it made is kept, all else is forgotten."""
    values = {"ids": list(positions), "positions": list(positions.values()), "now": now}
    await session.execute(_REOPEN, values)


class Latest(NamedTuple):
    """The job that goes for another one now: itself, or the last of its retries."""

    first_id: UUID
    id: UUID
    batch_id: UUID
    status: str
    batch_status: str


_LATEST: Final = text("""
with recursive chain as (
  select j.id as first_id, j.id, 0 as depth from jobs j where j.id = any(:ids)
  union all
  select c.first_id, r.id, c.depth + 1 from chain c join jobs r on r.retry_of_job_id = c.id
)
select distinct on (c.first_id) c.first_id, j.id, j.batch_id, j.status, b.status as batch_status
from chain c join jobs j on j.id = c.id join batches b on b.id = j.batch_id order by c.first_id, c.depth desc
""").bindparams(_IDS)


async def list_latest(session: AsyncSession, job_ids: Sequence[UUID]) -> list[Latest]:
    """What goes for each of these jobs now."""
    rows = (await session.execute(_LATEST, {"ids": list(job_ids)})).mappings()
    return [read_row(Latest, row) for row in rows]


_LOCK: Final = text("select id from batches where id = any(:ids) order by id for no key update").bindparams(_IDS)


async def lock_batches(session: AsyncSession, batch_ids: Sequence[UUID]) -> None:
    """Lock batches that were made after one that is locked already, in the order of their ids."""
    await session.execute(_LOCK, {"ids": list(batch_ids)})


_PENDING_UP_TO: Final = text("""
select exists (select from jobs where batch_id = :batch_id and status = 'pending' and sequence <= :sequence)
""")


async def has_pending_up_to(session: AsyncSession, batch_id: UUID, sequence: int) -> bool:
    """Whether one of the first so many jobs waits."""
    values = {"batch_id": batch_id, "sequence": sequence}
    return bool((await session.execute(_PENDING_UP_TO, values)).scalar_one())


FORSAKEN: Final = """
select id, batch_id from bulk_acts
where completed_at is null and updated_at < clock_timestamp() - interval '10 seconds'"""
"""Actions on many jobs that have not moved for so long: nobody works on them."""


async def list_forsaken(session: AsyncSession) -> list[tuple[UUID, UUID]]:
    """The ids of these actions and of their batches."""
    return [(row[0], row[1]) for row in await session.execute(text(FORSAKEN))]
