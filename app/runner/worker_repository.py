"""The rows of workers, as the processes themselves write and read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Float, Text, cast, delete, func, literal_column, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.runner.identity import Identity
from app.runner.models import Worker

_STARTED: Final = func.pg_postmaster_start_time()
_AGE: Final = cast(func.extract("epoch", func.clock_timestamp() - func.greatest(Worker.seen_at, _STARTED)), Float)
"""Seconds since a worker was heard of. While the server was away nobody could be, so its start counts as well."""
_PRESENCE: Final = func.hashtextextended(cast(Worker.id, Text), 0)
HOLD_PRESENCE: Final = "select pg_advisory_lock_shared(hashtextextended($1::uuid::text, 0))"
"""Sent by a worker on a connection that it keeps. PostgreSQL lets go of the lock as soon as the process is no more."""


class Heard(NamedTuple):
    """A worker's row, and its age in seconds. Workers of older releases do not say which process they are.

    `is_connected`: a connection of its process is open. It says nothing of those workers, and is true.
    """

    id: UUID
    seen_at: datetime
    age: float
    identity: Identity | None
    is_connected: bool = True


async def write_heartbeat(session: AsyncSession, worker: Mapping[str, Any]) -> bool:
    """Write or refresh a worker's row; whether there was none."""
    row = insert(Worker).values(seen_at=func.clock_timestamp(), **worker)
    refreshed = {name: row.excluded[name] for name in ("running", "waits", "seen_at")}
    written = row.on_conflict_do_update(index_elements=[Worker.id], set_=refreshed)
    # A row that was updated carries the transaction that did so.
    return bool((await session.execute(written.returning(literal_column("xmax = 0")))).scalar_one())


async def list_heard(session: AsyncSession, besides: UUID) -> Sequence[Heard]:
    """All other workers."""
    is_connected = not_(func.pg_try_advisory_xact_lock(_PRESENCE))
    rows = await session.execute(select(Worker, _AGE, is_connected).where(Worker.id != besides))
    return [
        Heard(worker.id, worker.seen_at, age, identity, is_connected or identity is None)
        for worker, age, is_connected in rows
        for identity in (_identity(worker),)
    ]


async def delete_workers(session: AsyncSession, worker_ids: Sequence[UUID]) -> None:
    """Remove the rows of workers."""
    await session.execute(delete(Worker).where(Worker.id.in_(worker_ids)))


def _identity(worker: Worker) -> Identity | None:
    if worker.boot_id is None or worker.namespaces is None or worker.start_ticks is None:
        return None
    return Identity(worker.boot_id, worker.namespaces, worker.pid, worker.start_ticks)
