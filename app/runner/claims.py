"""Claiming jobs in the database: the call of `claim.sql`, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg

from app.kit.rows import read_row
from app.runner.engine import QUEUE_TABLE
from app.runner.functions import CLAIM

_CLAIM_CALL: Final = f"select * from {CLAIM}($1, $2, $3, $4, $5)"
_CLAIMED_BEFORE: Final = f"""
select j.batch_id, j.id as job_id, j.claimed_by as dispatch_id, j.attempt, j.step_position, j.retry_count, j.sequence,
  j.source_type, j.filename, j.source_url, j.record, j.file_id, j.file_size, j.media_type, j.checksum, j.pipeline_id,
  null::double precision as waited
from jobs j join {QUEUE_TABLE} q on q.id = j.claimed_by
where j.status = 'running' and j.claimed_by = any($1::bigint[]) and q.queue_manager_id = $2"""


class ClaimRequest(NamedTuple):
    """So many jobs of a batch are wanted, on behalf of a dispatch."""

    batch_id: UUID
    wanted: int
    dispatch_id: int


class ClaimedJob(NamedTuple):
    """A job that this process holds. `record` is JSON; `waited`: seconds for which it was due, where that is known."""

    batch_id: UUID
    job_id: UUID
    dispatch_id: int
    attempt: int
    step_position: int
    retry_count: int
    sequence: int
    source_type: Any
    filename: str | None
    source_url: str | None
    record: str | None
    file_id: UUID | None
    file_size: int | None
    media_type: str | None
    checksum: str | None
    pipeline_id: int
    waited: float | None


class Claim(NamedTuple):
    """The jobs, by batch the seconds until its first delayed job, and batches with suspects that nobody knows of."""

    jobs: list[ClaimedJob]
    delays: dict[UUID, float]
    suspected: list[UUID]


async def claim_jobs(
    connection: asyncpg.Connection[asyncpg.Record],
    requests: Sequence[ClaimRequest],
    worker_id: UUID | None = None,
    *,
    suspects: bool = False,
) -> Claim:
    """Claim due jobs of several batches in one transaction that commits itself.

    With `worker_id` nothing is claimed for a dispatch that the engine has not delivered to that worker.
    `suspects`: claim a group of those, else all but them.
    """
    rows = await connection.fetch(
        _CLAIM_CALL,
        [request.batch_id for request in requests],
        [request.wanted for request in requests],
        [request.dispatch_id for request in requests],
        worker_id,
        suspects,
    )
    jobs = [read_row(ClaimedJob, row) for row in rows if row["job_id"]]
    delays = {row["batch_id"]: row["seconds_to_next"] for row in rows if row["seconds_to_next"] is not None}
    return Claim(jobs, delays, [row["batch_id"] for row in rows if row["has_suspects"]])


async def read_claimed(
    connection: asyncpg.Connection[asyncpg.Record], dispatch_ids: Sequence[int], worker_id: UUID
) -> list[ClaimedJob]:
    """The running jobs of this worker's dispatches, as the table has them."""
    rows = await connection.fetch(_CLAIMED_BEFORE, dispatch_ids, worker_id)
    return [read_row(ClaimedJob, row) for row in rows]
