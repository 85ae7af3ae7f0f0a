"""Dispatches: the engine's word that a batch has work. The claimer claims a batch's jobs in bulk and runs them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from app.runner.claims import ClaimedJob, ClaimRequest, claim_jobs

SLICE_SECONDS: Final = 10.0
"""After so long a dispatch is followed by a fresh one and only finishes what it holds: others get their turn."""

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


NextMove = Literal["ask_again", "wait", "ask_later", "end"]


def look_ahead(asked: int, got: int, delay: float | None, *, busy: bool) -> NextMove:
    """What a dispatch does after it asked for jobs. `delay`: seconds until the batch's next delayed job, if it has one.

    A busy dispatch holds jobs, or was told meanwhile that there are more: it goes on. Any other ends, and whoever is
    notified for what is delayed takes it from there.
    """
    if got == asked:
        return "ask_again"  # perhaps there is more: look again when slots are free
    if not busy:
        return "end"
    return "wait" if delay is None else "ask_later"


def share_out(slots: int, takers: int) -> list[int]:
    """Even shares of the slots; what is left over goes to the first."""
    share, left_over = divmod(slots, takers)
    return [share + (place < left_over) for place in range(takers)]


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
        in_line = wanting[first:] + wanting[:first]
        shares = list(zip(in_line, share_out(self.free, len(in_line)), strict=True))[: self.free]  # the others get none
        for dispatch, _ in shares:
            dispatch.wants = False
        requests = [ClaimRequest(dispatch.batch_id, share, dispatch.id) for dispatch, share in shares]
        claim = await claim_jobs(connection, requests)
        self.take(claim.jobs)
        got = Counter(job.batch_id for job in claim.jobs)
        notifications: dict[UUID, float] = {}
        for dispatch, asked in shares:
            delay = claim.delays.get(dispatch.batch_id)
            busy = bool(dispatch.held) or dispatch.wants
            match look_ahead(asked, got[dispatch.batch_id], delay, busy=busy):
                case "ask_again":
                    dispatch.wants = True
                case "ask_later" if dispatch.timer is None and delay is not None:
                    dispatch.timer = asyncio.get_running_loop().call_later(delay + 0.001, self._ask_again, dispatch)
                case "end":
                    if delay is not None:
                        notifications[dispatch.batch_id] = delay
                    self.drain(dispatch)
        return notifications

    def _ask_again(self, dispatch: Dispatch) -> None:
        dispatch.timer, dispatch.wants = None, True
        self._wake.set()

    def take(self, jobs: Iterable[ClaimedJob]) -> None:
        """Run jobs that were claimed for dispatches of this process."""
        for job in jobs:
            dispatch = self.by_id[job.dispatch_id]
            dispatch.held.add(job.job_id)
            self.free -= 1
            task = asyncio.create_task(self._run_job(dispatch, job), name=f"job-{job.job_id}")
            self._tasks[job.job_id] = task
            task.add_done_callback(partial(self._release, dispatch, job.job_id))

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
