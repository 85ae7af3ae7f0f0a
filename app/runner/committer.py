"""Group commit: whatever transitions have gathered are written in one transaction, each caller answered after it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from app.kit.rows import read_row
from app.runner.functions import CRASHES_OF_SUSPECTS
from app.runner.transitions import (
    ADVANCE_CALL,
    SETTLE_CALL,
    Settled,
    Transition,
    advance_arguments,
    read_settled,
    settle_arguments,
)

MAX_GROUP: Final = 128
"""Transitions in one transaction. 256 took 45 us each, 128 took 41, in one run on a busy machine."""
WORTH_A_GROUP: Final = 32
"""Transitions that are written beside another group instead of after it: fewer cost more apart. Not searched for."""


class Waiting(NamedTuple):
    """A transition that waits to be written, and the future that whoever asked for it waits for."""

    transition: Transition
    answer: asyncio.Future[Settled | None]


class Written(NamedTuple):
    """A transition that was written, or that another attempt has fenced off: then `settled` is None."""

    waiting: Waiting
    settled: Settled | None


class Committer:
    """Transitions that wait to be written. The writer takes groups, and says when each is over.

    A job is in at most one group that is being written: what happens to it is written in order.
    """

    def __init__(self, wake: asyncio.Event) -> None:
        self._waiting: deque[Waiting] = deque()
        self._in_groups: set[UUID] = set()
        self._groups = 0
        self._wake = wake

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self._waiting)

    @property
    def busy(self) -> bool:
        """Whether anything waits or is being written."""
        return bool(self._waiting or self._groups)

    def settle(self, transition: Transition) -> asyncio.Future[Settled | None]:
        """Queue a transition; the future says where the job stands, or None when another attempt has fenced it off."""
        answer: asyncio.Future[Settled | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(transition, answer))
        if not self._groups or len(self._waiting) == WORTH_A_GROUP:
            self._wake.set()
        return answer

    def take_group(self) -> list[Waiting]:
        """The next transitions to write together, at most one of each job; empty when none should be written now.

        All of them go on or are completed, or none: see `write_group`. Whoever takes a group calls `end_group`.
        """
        group: list[Waiting] = []
        if self._groups and len(self._waiting) < WORTH_A_GROUP:
            return group
        later: list[Waiting] = []
        seen = self._in_groups.copy()
        kind: bool | None = None
        while self._waiting and len(group) < MAX_GROUP:
            waiting = self._waiting.popleft()
            job_id = waiting.transition.job_id
            if job_id in seen:
                later.append(waiting)
                continue
            seen.add(job_id)
            advances = waiting.transition.advances
            if kind is None:
                kind = advances
            (group if advances == kind else later).append(waiting)
        self._waiting.extendleft(reversed(later))
        if group:
            self._groups += 1
            self._in_groups.update(waiting.transition.job_id for waiting in group)
        return group

    def end_group(self, group: Sequence[Waiting]) -> None:
        """A group is over: written, or put back."""
        self._groups -= 1
        self._in_groups.difference_update(waiting.transition.job_id for waiting in group)
        self._wake.set()

    def put_back(self, group: Sequence[Waiting]) -> None:
        """Queue a group again, first in line: it was not written."""
        self._waiting.extendleft(reversed(group))


async def write_group(
    connection: asyncpg.Connection[asyncpg.Record], group: Sequence[Transition]
) -> list[Settled | None]:
    """Write a group in one transaction that commits itself; `advance.sql` is quicker, and writes only what it can."""
    if all(transition.advances for transition in group):
        rows = await connection.fetch(ADVANCE_CALL, *advance_arguments(group))
    else:
        rows = await connection.fetch(SETTLE_CALL, *settle_arguments(group))
    return read_settled(rows, len(group))


READ_BACK: Final = f"""
select j.id, j.attempt, j.step_position, j.status, b.running_jobs, b.pending_jobs,
  case when b.execution_mode = 'sequential' then 1 else b.max_parallel end as max_parallel,
  b.needs_summary and b.running_jobs + b.pending_jobs = 0 as needs_closing, b.status = 'cancelling' as needs_cancelling,
  j.pipeline_id, j.error_code, j.crash_count >= {CRASHES_OF_SUSPECTS} as is_suspect
from jobs j join batches b on b.id = j.batch_id where j.id = any($1::uuid[])"""
"""Where jobs and their batches stand, as after a settle."""
AFTER_OTHERS: Final = "select from batches where id = any($1::uuid[]) order by id for no key update"
"""Whoever stands in line for these batches has written when it returns: also the call whose answer was lost."""


async def read_back(
    connection: asyncpg.Connection[asyncpg.Record], group: Sequence[Waiting]
) -> tuple[list[Waiting], list[Written]]:
    """After a lost connection: which of the group were not written, and where the others stand. Never assume."""
    await connection.execute(AFTER_OTHERS, list({waiting.transition.batch_id for waiting in group}))
    rows = await connection.fetch(READ_BACK, [waiting.transition.job_id for waiting in group])
    jobs = {row["id"]: row for row in rows}
    again: list[Waiting] = []
    known: list[Written] = []
    for waiting in group:
        transition, job = waiting.transition, jobs.get(waiting.transition.job_id)
        attempt = transition.attempt
        if job and transition.outcome == "lost" and job["attempt"] == attempt + 1 and job["status"] != "running":
            known.append(Written(waiting, read_row(Settled, job)))  # it was put back, which raises the fence
        elif job is None or job["attempt"] != attempt:
            known.append(Written(waiting, None))
        elif (job["status"], job["step_position"]) == (
            "running",
            transition.position,
        ) and transition.outcome != "progress":
            again.append(waiting)
        else:
            known.append(Written(waiting, read_row(Settled, job)))
    return again, known
