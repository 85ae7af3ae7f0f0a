"""Group commit: whatever transitions have gathered are written in one transaction, each caller answered after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from app.kit.rows import read_row
from app.runner.transitions import SETTLE_CALL, Settled, Transition, read_settled, settle_arguments

MAX_GROUP: Final = 256
"""Transitions in one transaction: past this a group takes longer to write than it saves (measured)."""


class Waiting(NamedTuple):
    """A transition that waits to be written, and the future that whoever asked for it waits for."""

    transition: Transition
    answer: asyncio.Future[Settled | None]


class Written(NamedTuple):
    """A transition that was written, or that another attempt has fenced off: then `settled` is None."""

    waiting: Waiting
    settled: Settled | None


class Committer:
    """Transitions that wait to be written. The writer's loop takes groups and writes them on its connection."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._waiting: deque[Waiting] = deque()
        self._wake = wake

    def __len__(self) -> int:
        return len(self._waiting)

    def settle(self, transition: Transition) -> asyncio.Future[Settled | None]:
        """Queue a transition; the future says where the job stands, or None when another attempt has fenced it off."""
        answer: asyncio.Future[Settled | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(transition, answer))
        self._wake.set()
        return answer

    def take_group(self) -> list[Waiting]:
        """The next transitions to write together, at most one of each job."""
        group: list[Waiting] = []
        later: list[Waiting] = []
        seen: set[UUID] = set()
        while self._waiting and len(group) < MAX_GROUP:
            waiting = self._waiting.popleft()
            job_id = waiting.transition.job_id
            (later if job_id in seen else group).append(waiting)
            seen.add(job_id)
        self._waiting.extendleft(reversed(later))
        return group

    def put_back(self, group: Sequence[Waiting]) -> None:
        """Queue a group again, first in line: it was not written."""
        self._waiting.extendleft(reversed(group))


async def write_group(
    connection: asyncpg.Connection[asyncpg.Record], group: Sequence[Transition]
) -> list[Settled | None]:
    """Write a group in one transaction that commits itself."""
    rows = await connection.fetch(SETTLE_CALL, *settle_arguments(group))
    return read_settled(rows, len(group))


_READ_BACK: Final = """
select j.id, j.attempt, j.step_position, j.status, b.running_jobs, b.pending_jobs,
  case when b.execution_mode = 'sequential' then 1 else b.max_parallel end as max_parallel,
  b.needs_summary and b.running_jobs + b.pending_jobs = 0 as needs_closing, b.status = 'cancelling' as needs_cancelling
from jobs j join batches b on b.id = j.batch_id where j.id = any($1::uuid[])"""


async def read_back(
    connection: asyncpg.Connection[asyncpg.Record], group: Sequence[Waiting]
) -> tuple[list[Waiting], list[Written]]:
    """After a lost connection: which of the group were not written, and where the others stand. Never assume."""
    rows = await connection.fetch(_READ_BACK, [waiting.transition.job_id for waiting in group])
    jobs = {row["id"]: row for row in rows}
    again: list[Waiting] = []
    known: list[Written] = []
    for waiting in group:
        transition, job = waiting.transition, jobs.get(waiting.transition.job_id)
        if job is None or job["attempt"] != transition.attempt:
            known.append(Written(waiting, None))
        elif (job["status"], job["step_position"]) == (
            "running",
            transition.position,
        ) and transition.outcome != "progress":
            again.append(waiting)
        else:
            known.append(Written(waiting, read_row(Settled, job)))
    return again, known
