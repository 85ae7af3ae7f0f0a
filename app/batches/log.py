"""The event log of a batch: the only place that writes it from requests, and the only place that reads it.

The runner's own writes are `claim.sql`, `settle.sql` and `advance.sql`; they number events the same way: under the lock
of the batch's row, `last_event_id` grows by what the transaction adds, so ids are gapless and in commit order.
(An identity column lost 21-53 % of events for a reader that resumes by id; measured three times.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import ARRAY, Text, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Batch
from app.batches.short_events import counters_of, data_of, type_of
from app.batches.states import COUNTERS
from app.kit.quick_reads import QuickStatement
from app.kit.web.request_context import current_request

CHANNEL: Final = "tranche_events"
ANNOUNCED_AT_ONCE: Final = 100
"""Batches in one notification, which holds less than 8,000 bytes; each takes 74."""
COUNTERS_SQL: Final = f"array[{', '.join(f'b.{name}_jobs' for name in COUNTERS)}]"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written. `data` must hold JSON values only."""

    type: str
    job_id: UUID | None = None
    step: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class LoggedEvent(NamedTuple):
    """An event as it was written."""

    id: int
    type: str
    job_id: UUID | None
    step: str | None
    data: Mapping[str, Any]
    counters: Sequence[int]
    actor: str | None
    created_at: datetime


_RECORD = """
with moved as (
  update batches b set last_event_id = b.last_event_id + cardinality(:types), updated_at = clock_timestamp() {changes}
  where b.id = :batch_id
  returning b.id, b.last_event_id - cardinality(:types) as base, {counters} as counters
), logged as (
  insert into event_log (batch_id, id, type, job_id, step, data, counters, actor, created_at)
  select m.id, m.base + e.place, e.type, e.job_id, e.step, e.data::jsonb, m.counters, :actor, clock_timestamp()
  from moved m, unnest(:types, :job_ids, :steps, :datas) with ordinality as e(type, job_id, step, data, place)
)
select pg_notify(:channel, m.id::text) from moved m
"""


async def record(
    session: AsyncSession,
    batch_id: UUID,
    events: Sequence[NewEvent],
    *,
    actor: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> None:
    """Append events and change columns of the batch in one statement, which should be the transaction's last.

    `changes` maps a column of `batches` to its new value. The wake-up names the batch only: it is a hint, and a lost
    one costs a delay, never an event.
    """
    request = current_request()
    asked_by = {"request_id": request.id} if request else {}
    values = {
        "batch_id": batch_id,
        "types": [event.type for event in events],
        "job_ids": [event.job_id for event in events],
        "steps": [event.step for event in events],
        "datas": [json.dumps({**event.data, **asked_by}, default=str) for event in events],
        "actor": actor,
        "channel": CHANNEL,
    }
    changed = {f"set_{name}": value for name, value in (changes or {}).items()}
    await _recording(tuple(changes or ())).send(session, values | changed)


@lru_cache
def _recording(changed: tuple[str, ...]) -> QuickStatement:
    """The statement that changes these columns of the batch besides."""
    assignments = "".join(f", {name} = :set_{name}" for name in changed)
    statement = text(_RECORD.format(changes=assignments, counters=COUNTERS_SQL)).bindparams(
        bindparam("types", type_=ARRAY(Text)),
        bindparam("job_ids", type_=ARRAY(PgUUID)),
        bindparam("steps", type_=ARRAY(Text)),
        bindparam("datas", type_=ARRAY(Text)),
        bindparam("actor", type_=Text),
        *(bindparam(f"set_{name}", type_=Batch.__table__.c[name].type) for name in changed),
    )
    return QuickStatement(statement)


async def announce(session: AsyncSession, batches: Sequence[tuple[UUID, UUID]]) -> None:
    """Wake those who look at a list for a change without an event: renamed, archived, deleted.

    Each batch comes behind its organisation, which is named as well, because of a deleted batch nobody could look it
    up any more.
    """
    for start in range(0, len(batches), ANNOUNCED_AT_ONCE):
        some = batches[start : start + ANNOUNCED_AT_ONCE]
        payload = ",".join(f"{batch_id}@{organisation_id}" for organisation_id, batch_id in some)
        await session.execute(select(func.pg_notify(CHANNEL, payload)))


# A job's number leads to its id, which the short form leaves out: jobs stay as long as their batch.
_AFTER = """
select id, type, coalesce(job_id, (select j.id from jobs j where j.batch_id = e.batch_id and j.sequence = e.sequence)),
  step, data::text, counters, actor, created_at, kind, sequence, attempt, stage, tally
from event_log e where batch_id = $1 and id > $2 order by id limit $3
"""


@dataclass(frozen=True, slots=True)
class LogEnds:
    """Where a batch's log begins, as far as it is kept, and ends. `status` is the batch's."""

    organisation_id: UUID
    status: str
    last_event_id: int
    oldest: int | None


_ENDS = """
select b.id, b.organisation_id, b.status, b.last_event_id,
  (select e.id from event_log e where e.batch_id = b.id order by e.id limit 1)
from batches b where b.id = any($1)
"""


async def ends(pool: asyncpg.Pool[asyncpg.Record], batch_ids: Sequence[UUID]) -> dict[UUID, LogEnds]:
    """Of those batches that exist."""
    return {row[0]: LogEnds(row[1], row[2], row[3], row[4]) for row in await pool.fetch(_ENDS, batch_ids)}


_COMMON: Final = dict.fromkeys(("sequence", "stage", "status", "message", "progress", "error_code", "attempt"))


async def after(
    pool: asyncpg.Pool[asyncpg.Record], batch_id: UUID, last_event_id: int, limit: int
) -> list[LoggedEvent]:
    """The events that follow `last_event_id`, in order, at most `limit`.

    One round trip on a connection that commits by itself: a session's begin, commit and row processing cost four times
    as much (measured).
    """
    return [_read(*row) for row in await pool.fetch(_AFTER, batch_id, last_event_id, limit)]


def _read(
    id: int,
    type: str | None,
    job_id: UUID | None,
    step: str | None,
    data: str | None,
    counters: Sequence[int] | None,
    actor: str | None,
    created_at: datetime,
    kind: int | None,
    sequence: int,
    attempt: int,
    stage: str | None,
    tally: str,
) -> LoggedEvent:
    if kind is None:
        said = orjson.loads(data or "{}")
        return LoggedEvent(id, type or "", job_id, step, said, counters or (), actor, created_at)
    said = data_of(kind, sequence, attempt, stage or step or "", data)
    return LoggedEvent(id, type_of(kind), job_id, step, said, counters_of(tally), actor, created_at)


def event_json(batch_id: UUID, event: LoggedEvent) -> bytes:
    """An event as clients see it, in stream and JSON page alike: one flat object, common members always present."""
    body = {
        "id": event.id,
        "type": event.type,
        "batch_id": str(batch_id),
        "job_id": str(event.job_id) if event.job_id else None,
        "step": event.step,
        **_COMMON,
        **event.data,
        "actor": event.actor,
        "at": event.created_at,
        "counters": _counters_json(tuple(event.counters)),
    }
    return orjson.dumps(body)


@lru_cache(maxsize=1024)
def _counters_json(counters: tuple[int, ...]) -> orjson.Fragment:
    """The events of one transaction have the same."""
    return orjson.Fragment(orjson.dumps(dict(zip(COUNTERS, counters, strict=True))))
