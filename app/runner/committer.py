"""Group commit: whatever transitions have gathered are written in one transaction, each caller answered after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from app.runner.functions import SETTLE

MAX_GROUP: Final = 256
"""Transitions in one transaction: past this a group takes longer to write than it saves (measured)."""
CRASH_LIMIT: Final = 3
"""A job that kills its worker so often is given up: it would take every worker down, one after the other."""
Outcome = Literal["next", "completed", "failed", "retry", "lost", "released", "progress"]
SETTLE_CALL: Final = f"select * from {SETTLE}({', '.join(f'${n}' for n in range(1, 19))})"


@dataclass(frozen=True, slots=True)
class Transition:
    """What happened to a running job under `attempt` at step `position`; see `settle.sql` for the words.

    `output` and `result` are encoded JSON; `delay` is in seconds.
    """

    batch_id: UUID
    job_id: UUID
    attempt: int
    position: int
    outcome: Outcome
    step_status: str | None = None
    next_position: int | None = None
    next_stage: str | None = None
    output: str | None = None
    result: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    delay: float = 0.0
    message: str | None = None
    progress: float | None = None
    cached: bool = False
    batch_given_up: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a job and its batch stand after the commit."""

    status: str
    running_jobs: int
    pending_jobs: int
    max_parallel: int
    needs_closing: bool
    needs_cancelling: bool


Waiting = tuple[Transition, "asyncio.Future[Settled | None]"]


def settle_arguments(group: Sequence[Transition]) -> list[Any]:
    """The arguments of the settle function for a group without two transitions of one job."""
    return [
        [t.job_id for t in group],
        [t.attempt for t in group],
        [t.position for t in group],
        [t.outcome for t in group],
        [t.step_status for t in group],
        [t.next_position for t in group],
        [t.next_stage for t in group],
        [t.output for t in group],
        [t.result for t in group],
        [t.error_code for t in group],
        [t.error_message for t in group],
        [t.delay for t in group],
        [t.message for t in group],
        [t.progress for t in group],
        [t.cached for t in group],
        [t.batch_given_up for t in group],
        list({t.batch_id for t in group}),
        CRASH_LIMIT,
    ]


def read_settled(rows: Iterable[Any], size: int) -> list[Settled | None]:
    """The settle function's rows by place in the group; None where the job was fenced off by another attempt."""
    found: list[Settled | None] = [None] * size
    for row in rows:
        found[row[0] - 1] = Settled(row[1], row[3], row[4], row[5], row[6], row[7])
    return found


class Committer:
    """Transitions that wait to be written. The runner's loop takes groups and writes them on its connection."""

    def __init__(self, wake: asyncio.Event) -> None:
        self._waiting: deque[Waiting] = deque()
        self._wake = wake

    def __len__(self) -> int:
        return len(self._waiting)

    def settle(self, transition: Transition) -> asyncio.Future[Settled | None]:
        """Queue a transition; the future says where the job stands, or None when another attempt has fenced it off."""
        answer: asyncio.Future[Settled | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((transition, answer))
        self._wake.set()
        return answer

    def take_group(self) -> list[Waiting]:
        """The next transitions to write together, at most one of each job."""
        group: list[Waiting] = []
        later: list[Waiting] = []
        seen: set[UUID] = set()
        while self._waiting and len(group) < MAX_GROUP:
            entry = self._waiting.popleft()
            job_id = entry[0].job_id
            (later if job_id in seen else group).append(entry)
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


async def read_back(
    connection: asyncpg.Connection[asyncpg.Record], group: Sequence[Waiting]
) -> tuple[list[Waiting], list[tuple[Waiting, Settled | None]]]:
    """After a lost connection: which of the group were not written, and where the others stand. Never assume."""
    query = """
        select j.id, j.status, j.attempt, j.step_position, b.running_jobs, b.pending_jobs,
          case when b.execution_mode = 'sequential' then 1 else b.max_parallel end, b.needs_summary, b.status
        from jobs j join batches b on b.id = j.batch_id where j.id = any($1::uuid[])"""
    rows = {row[0]: row for row in await connection.fetch(query, [entry[0].job_id for entry in group])}
    again: list[Waiting] = []
    known: list[tuple[Waiting, Settled | None]] = []
    for entry in group:
        transition, row = entry[0], rows.get(entry[0].job_id)
        if row is None or row[2] != transition.attempt:
            known.append((entry, None))
        elif row[1] == "running" and row[3] == transition.position and transition.outcome != "progress":
            again.append(entry)
        else:
            quiet = row[7] and row[4] + row[5] == 0
            known.append((entry, Settled(row[1], row[4], row[5], row[6], quiet, row[8] == "cancelling")))
    return again, known
