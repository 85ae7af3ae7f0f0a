"""Pulls: the engine's word that a batch has work. A puller claims a batch's jobs in bulk and runs them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.runner.functions import CLAIM

SLICE_SECONDS: Final = 10.0
"""After so long a puller rings a fresh pull and only finishes what it holds: others get their turn."""
CLAIM_CALL: Final = f"select * from {CLAIM}($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this process holds: the first columns of the claim function's rows."""

    batch_id: UUID
    id: UUID
    pull_id: int
    attempt: int
    position: int
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


RunJob = Callable[["Pull", ClaimedJob], Coroutine[Any, Any, None]]


@dataclass(eq=False, slots=True)
class Pull:
    """One pull under way. `wants`: ask for jobs at the next turn; `draining`: only finish what is held."""

    id: int
    batch_id: UUID
    done: asyncio.Future[None]
    wants: bool = True
    draining: bool = False
    held: set[UUID] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None

    def finish_if_empty(self) -> None:
        if self.draining and not self.held and not self.done.done():
            self.done.set_result(None)


class Puller:
    """The pulls of this process, at most one that claims for each batch, and its free slots."""

    def __init__(self, slots: int, wake: asyncio.Event, run_job: RunJob) -> None:
        self.slots, self.free = slots, slots
        self.live: dict[UUID, Pull] = {}
        self.by_id: dict[int, Pull] = {}
        self._wake, self._run_job = wake, run_job
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._turn = 0

    @property
    def running(self) -> int:
        return self.slots - self.free

    def begin(self, pull_id: int, batch_id: UUID) -> Pull | None:
        """A pull that now claims for the batch; None when another of this process does already and was told."""
        if pull := self.live.get(batch_id):
            pull.wants = True
            self._wake.set()
            return None
        pull = Pull(pull_id, batch_id, asyncio.get_running_loop().create_future())
        self.live[batch_id] = self.by_id[pull_id] = pull
        pull.done.add_done_callback(lambda _: self.by_id.pop(pull_id, None))
        self._wake.set()
        return pull

    def leave(self, pull: Pull) -> None:
        """Claim no more for this pull; it ends when its last job has."""
        pull.draining = True
        if pull.timer:
            pull.timer.cancel()
            pull.timer = None
        if self.live.get(pull.batch_id) is pull:
            del self.live[pull.batch_id]
        pull.finish_if_empty()

    def expired(self) -> list[Pull]:
        """Pulls whose slice is over."""
        return [pull for pull in self.live.values() if time.monotonic() - pull.began > SLICE_SECONDS]

    def wanting(self) -> list[Pull]:
        """Pulls that ask for jobs, if there are free slots."""
        return [pull for pull in self.live.values() if pull.wants] if self.free else []

    async def claim(self, connection: asyncpg.Connection[asyncpg.Record]) -> dict[UUID, float]:
        """Claim for every pull that wants, sharing the free slots. Returns the rings to make, with their delays.

        The first in line changes from turn to turn, so that no batch starves another.
        """
        wanting = self.wanting()
        self._turn += 1
        first = self._turn % len(wanting)
        wanting = wanting[first:] + wanting[:first]
        asks: dict[Pull, int] = {}
        left = self.free
        for place, pull in enumerate(wanting):
            share = -(-left // (len(wanting) - place))
            if share:
                asks[pull] = share
                left -= share
        for pull in asks:
            pull.wants = False
        arguments = ([pull.batch_id for pull in asks], list(asks.values()), [pull.id for pull in asks])
        rows = await connection.fetch(CLAIM_CALL, *arguments)
        due = {row[0]: row[16] for row in rows if row[1] is None}
        got = Counter(row[0] for row in rows if row[1] is not None)
        self.take(row for row in rows if row[1] is not None)
        return self._look_ahead(asks, got, due)

    def _look_ahead(
        self, asks: Mapping[Pull, int], got: Mapping[UUID, int], due: Mapping[UUID, float | None]
    ) -> dict[UUID, float]:
        rings: dict[UUID, float] = {}
        for pull, asked in asks.items():
            delay = due.get(pull.batch_id)
            if got.get(pull.batch_id) == asked:
                pull.wants = True  # perhaps there is more: look again when slots are free
            elif pull.held or pull.wants:
                if delay is not None and pull.timer is None:
                    pull.timer = asyncio.get_running_loop().call_later(delay + 0.001, self._again, pull)
            else:
                if delay is not None:  # only delayed retries are left: ring for them and end
                    rings[pull.batch_id] = delay
                self.leave(pull)
        return rings

    def _again(self, pull: Pull) -> None:
        pull.timer, pull.wants = None, True
        self._wake.set()

    def take(self, rows: Iterable[Any]) -> None:
        """Run jobs that were claimed for pulls of this process."""
        for row in rows:
            job = ClaimedJob(*row[:16])
            pull = self.by_id[job.pull_id]
            pull.held.add(job.id)
            self.free -= 1
            task = asyncio.create_task(self._run_job(pull, job), name=f"job-{job.id}")
            self._tasks[job.id] = task
            task.add_done_callback(partial(self._let_go, pull, job.id))

    def _let_go(self, pull: Pull, job_id: UUID, _: asyncio.Task[None]) -> None:
        self._tasks.pop(job_id, None)
        if job_id in pull.held:
            pull.held.discard(job_id)
            self.free += 1
        claiming = self.live.get(pull.batch_id, pull)
        claiming.wants = True
        pull.finish_if_empty()
        self._wake.set()

    def interrupt(self, batch_ids: set[UUID]) -> None:
        """Cancel the tasks of these batches' jobs."""
        for pull in self.by_id.values():
            if pull.batch_id in batch_ids:
                for job_id in pull.held & self._tasks.keys():
                    self._tasks[job_id].cancel()

    def batches(self) -> list[UUID]:
        """The batches whose jobs are held here."""
        return [pull.batch_id for pull in self.by_id.values() if pull.held]

    def holds(self, job_id: UUID) -> bool:
        return job_id in self._tasks

    def tasks(self) -> list[asyncio.Task[None]]:
        """The jobs under way."""
        return list(self._tasks.values())
