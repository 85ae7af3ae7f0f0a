"""Dispatches: the engine's word that a batch has work. The claimer claims a batch's jobs in bulk and runs them."""

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
"""After so long a dispatch is followed by a fresh one and only finishes what it holds: others get their turn."""
CLAIM_CALL: Final = f"select * from {CLAIM}($1, $2, $3)"


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that this process holds: the first columns of the claim function's rows."""

    batch_id: UUID
    id: UUID
    dispatch_id: int
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


RunJob = Callable[["Dispatch", ClaimedJob], Coroutine[Any, Any, None]]


@dataclass(eq=False, slots=True)
class Dispatch:
    """One dispatch under way. `wants`: ask for jobs at the next turn; `draining`: only finish what is held."""

    id: int
    batch_id: UUID
    done: asyncio.Future[None]
    wants: bool = True
    draining: bool = False
    held: set[UUID] = field(default_factory=set)
    opened_at: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None

    def finish_if_empty(self) -> None:
        if self.draining and not self.held and not self.done.done():
            self.done.set_result(None)


class Claimer:
    """The dispatches of this process, at most one that claims for each batch, and its free slots."""

    def __init__(self, slots: int, wake: asyncio.Event, run_job: RunJob) -> None:
        self.slots, self.free = slots, slots
        self.live: dict[UUID, Dispatch] = {}
        self.by_id: dict[int, Dispatch] = {}
        self._wake, self._run_job = wake, run_job
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._turn = 0

    @property
    def running(self) -> int:
        return self.slots - self.free

    def open(self, dispatch_id: int, batch_id: UUID) -> Dispatch | None:
        """A dispatch that now claims for the batch; None when another of this process does already: it looks again."""
        if dispatch := self.live.get(batch_id):
            dispatch.wants = True
            self._wake.set()
            return None
        dispatch = Dispatch(dispatch_id, batch_id, asyncio.get_running_loop().create_future())
        self.live[batch_id] = self.by_id[dispatch_id] = dispatch
        dispatch.done.add_done_callback(lambda _: self.by_id.pop(dispatch_id, None))
        self._wake.set()
        return dispatch

    def drain(self, dispatch: Dispatch) -> None:
        """Claim no more for this dispatch; it ends when its last job has."""
        dispatch.draining = True
        if dispatch.timer:
            dispatch.timer.cancel()
            dispatch.timer = None
        if self.live.get(dispatch.batch_id) is dispatch:
            del self.live[dispatch.batch_id]
        dispatch.finish_if_empty()

    def expired(self) -> list[Dispatch]:
        """Dispatches whose slice is over."""
        return [dispatch for dispatch in self.live.values() if time.monotonic() - dispatch.opened_at > SLICE_SECONDS]

    def wanting(self) -> list[Dispatch]:
        """Dispatches that ask for jobs, if there are free slots."""
        return [dispatch for dispatch in self.live.values() if dispatch.wants] if self.free else []

    async def claim(self, connection: asyncpg.Connection[asyncpg.Record]) -> dict[UUID, float]:
        """Claim for every dispatch that wants, sharing the free slots. Returns the delays of batches to notify.

        The first in line changes from turn to turn, so that no batch starves another.
        """
        wanting = self.wanting()
        self._turn += 1
        first = self._turn % len(wanting)
        wanting = wanting[first:] + wanting[:first]
        asks: dict[Dispatch, int] = {}
        left = self.free
        for place, dispatch in enumerate(wanting):
            share = -(-left // (len(wanting) - place))
            if share:
                asks[dispatch] = share
                left -= share
        for dispatch in asks:
            dispatch.wants = False
        arguments = ([dispatch.batch_id for dispatch in asks], list(asks.values()), [dispatch.id for dispatch in asks])
        rows = await connection.fetch(CLAIM_CALL, *arguments)
        due = {row[0]: row[16] for row in rows if row[1] is None}
        got = Counter(row[0] for row in rows if row[1] is not None)
        self.take(row for row in rows if row[1] is not None)
        return self._look_ahead(asks, got, due)

    def _look_ahead(
        self, asks: Mapping[Dispatch, int], got: Mapping[UUID, int], due: Mapping[UUID, float | None]
    ) -> dict[UUID, float]:
        notifications: dict[UUID, float] = {}
        for dispatch, asked in asks.items():
            delay = due.get(dispatch.batch_id)
            if got.get(dispatch.batch_id) == asked:
                dispatch.wants = True  # perhaps there is more: look again when slots are free
            elif dispatch.held or dispatch.wants:
                if delay is not None and dispatch.timer is None:
                    dispatch.timer = asyncio.get_running_loop().call_later(delay + 0.001, self._claim_again, dispatch)
            else:
                if delay is not None:  # only delayed retries are left: notify for them and end
                    notifications[dispatch.batch_id] = delay
                self.drain(dispatch)
        return notifications

    def _claim_again(self, dispatch: Dispatch) -> None:
        dispatch.timer, dispatch.wants = None, True
        self._wake.set()

    def take(self, rows: Iterable[Any]) -> None:
        """Run jobs that were claimed for dispatches of this process."""
        for row in rows:
            job = ClaimedJob(*row[:16])
            dispatch = self.by_id[job.dispatch_id]
            dispatch.held.add(job.id)
            self.free -= 1
            task = asyncio.create_task(self._run_job(dispatch, job), name=f"job-{job.id}")
            self._tasks[job.id] = task
            task.add_done_callback(partial(self._release, dispatch, job.id))

    def _release(self, dispatch: Dispatch, job_id: UUID, _: asyncio.Task[None]) -> None:
        self._tasks.pop(job_id, None)
        if job_id in dispatch.held:
            dispatch.held.discard(job_id)
            self.free += 1
        claiming = self.live.get(dispatch.batch_id, dispatch)
        claiming.wants = True
        dispatch.finish_if_empty()
        self._wake.set()

    def interrupt(self, batch_ids: set[UUID]) -> None:
        """Cancel the tasks of these batches' jobs."""
        for dispatch in self.by_id.values():
            if dispatch.batch_id in batch_ids:
                for job_id in dispatch.held & self._tasks.keys():
                    self._tasks[job_id].cancel()

    def batches(self) -> list[UUID]:
        """The batches whose jobs are held here."""
        return [dispatch.batch_id for dispatch in self.by_id.values() if dispatch.held]

    def holds(self, job_id: UUID) -> bool:
        return job_id in self._tasks

    def tasks(self) -> list[asyncio.Task[None]]:
        """The jobs under way."""
        return list(self._tasks.values())
