"""Dispatches: the engine's word that a batch has work. The claimer claims a batch's jobs in bulk and runs them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from app.kit.loop_turns import context_for
from app.kit.shares import Turn
from app.kit.turns import Party, Turns
from app.runner.claims import ClaimedJob, ClaimRequest, claim_jobs

SLICE_SECONDS: Final = 10.0
"""After so long a dispatch is followed by a fresh one and only finishes what it holds: others get their turn."""

OFFERED_AGAIN: Final = 0.02
"""Seconds until an offer to other processes that came back is made again: each time twice as long, up to:"""
LONGEST_PAUSE: Final = 5.0

RunJob = Callable[["Dispatch", ClaimedJob], Coroutine[Any, Any, None]]


@dataclass(eq=False, slots=True)
class Dispatch:
    """One dispatch under way. `wants`: ask for jobs at the next turn; `draining`: only finish what is held.

    `asking`: a claim for it is under way, so that it may be given jobs although it is draining by then.
    `got_all`: the last one gave all that it asked for; `offers`: how often the batch was offered to other processes.
    """

    id: int
    owner: Party
    batch_id: UUID
    done: asyncio.Future[None]
    wants: bool = True
    draining: bool = False
    asking: bool = False
    got_all: bool = False
    offers: int = 0
    held: dict[UUID, Turn] = field(default_factory=dict)
    opened_at: float = field(default_factory=time.monotonic)
    timer: asyncio.TimerHandle | None = None
    claim_began: int = 0
    """Of the last claim for it, in nanoseconds since 1970, as traces want it."""

    def finish_if_empty(self) -> None:
        if self.draining and not self.held and not self.asking and not self.done.done():
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


class Claimer:
    """The dispatches of this process, at most one that claims for each batch, and its slots, which go by turns.

    `suspects`: it claims groups of them, one after the other, from all batches that it was told of.
    """

    def __init__(
        self, worker_id: UUID, turns: Turns, wake: asyncio.Event, run_job: RunJob, *, suspects: bool = False
    ) -> None:
        self._worker_id, self._turns, self.suspects = worker_id, turns, suspects
        self.live: dict[UUID, Dispatch] = {}
        self.by_id: dict[int, Dispatch] = {}
        self._wake, self._run_job = wake, run_job
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self.has_others: Callable[[], bool] = lambda: False
        """Whether other processes are there to which a batch may be offered."""

    @property
    def slots(self) -> int:
        return self._turns.slots

    @property
    def running(self) -> int:
        return self._turns.held

    def open(self, dispatch_id: int, organisation_id: UUID, batch_id: UUID) -> Dispatch | None:
        """A dispatch that now claims for the batch; None when another of this process does already: it looks again."""
        if dispatch := self.live.get(batch_id):
            dispatch.wants = True
            self._wake.set()
            return None
        done = asyncio.get_running_loop().create_future()
        dispatch = Dispatch(dispatch_id, Party(organisation_id, batch_id), batch_id, done)
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
        """Dispatches whose slice is over; those for suspects wait until the group that runs has ended."""
        if self.suspects:
            return []
        return [dispatch for dispatch in self.live.values() if time.monotonic() - dispatch.opened_at > SLICE_SECONDS]

    def wanting(self) -> list[Dispatch]:
        """Dispatches that ask for jobs and whose organisations may have slots."""
        wanting = [dispatch for dispatch in self.live.values() if dispatch.wants]
        room = {dispatch.owner.organisation for dispatch in wanting}
        room = {organisation for organisation in room if self._turns.room_of(organisation)}
        return [dispatch for dispatch in wanting if dispatch.owner.organisation in room]

    def room(self) -> int:
        """Slots that one of the organisations that ask for jobs could have now."""
        organisations = {dispatch.owner.organisation for dispatch in self.live.values() if dispatch.wants}
        return max((self._turns.room_of(organisation) for organisation in organisations), default=0)

    async def claim(
        self, connection: asyncpg.Connection[asyncpg.Record]
    ) -> tuple[Mapping[UUID, float], Sequence[UUID]]:
        """Claim for every dispatch that wants, as far as slots are free: by turns between organisations, then batches.

        Returns the delays of batches to notify for, and batches with suspects that nobody was notified of.
        """
        wanting: dict[Hashable, Dispatch] = {dispatch.batch_id: dispatch for dispatch in self.wanting()}
        shares = self._turns.divide([dispatch.owner for dispatch in wanting.values()])
        asked = [(wanting[batch_id], count, turn) for batch_id, (count, turn) in shares.items()]
        for dispatch, _, _ in asked:
            dispatch.wants, dispatch.asking = False, True
        got: Counter[UUID] = Counter()
        try:
            requests = [ClaimRequest(dispatch.batch_id, count, dispatch.id) for dispatch, count, _ in asked]
            for dispatch, _, _ in asked:
                dispatch.claim_began = time.time_ns()
            claim = await claim_jobs(connection, requests, self._worker_id, suspects=self.suspects)
            got.update(job.batch_id for job in claim.jobs)
            self.take(claim.jobs, {batch_id: turn for batch_id, (_, turn) in shares.items()})
        except BaseException:
            for dispatch, _, _ in asked:
                dispatch.wants = True  # what it asked for was not answered
            raise
        finally:
            for dispatch, count, turn in asked:
                self._turns.give_back(turn, count - got[dispatch.batch_id], unused=True)
                dispatch.asking = False
                dispatch.finish_if_empty()
        notifications: dict[UUID, float] = {}
        for dispatch, count, _ in asked:
            delay = claim.delays.get(dispatch.batch_id)
            dispatch.got_all = got[dispatch.batch_id] == count
            busy = bool(dispatch.held) or dispatch.wants or (self.suspects and self.running > 0)
            match look_ahead(count, got[dispatch.batch_id], delay, busy=busy):
                case "ask_again":
                    dispatch.wants = True
                case "ask_later" if delay is not None:
                    if dispatch.timer:  # since then a job was put off for less long
                        dispatch.timer.cancel()
                    dispatch.timer = asyncio.get_running_loop().call_later(delay + 0.001, self._ask_again, dispatch)
                case "end":
                    if delay is not None:
                        notifications[dispatch.batch_id] = delay
                    self.drain(dispatch)
        return notifications, claim.suspected

    def to_offer(self) -> list[UUID]:
        """Batches that perhaps have more jobs than slots here, and were not offered to other processes yet."""
        if not self.has_others():
            return []
        found = [dispatch for dispatch in self.live.values() if not dispatch.offers and self._has_more(dispatch)]
        for dispatch in found:
            dispatch.offers = 1
        return [dispatch.batch_id for dispatch in found]

    def offer_again(self, batch_id: UUID) -> float | None:
        """A dispatch came to this process, which claims for its batch already: the seconds until others are to have it.

        None where there is nobody else, or nothing to offer.
        """
        dispatch = self.live.get(batch_id)
        if dispatch is None or not self._has_more(dispatch) or not self.has_others():
            return None
        pause = min(OFFERED_AGAIN * 2.0**dispatch.offers, LONGEST_PAUSE)
        dispatch.offers += 1
        return pause

    def _has_more(self, dispatch: Dispatch) -> bool:
        return dispatch.got_all and not self._turns.room_of(dispatch.owner.organisation)

    def _ask_again(self, dispatch: Dispatch) -> None:
        dispatch.timer, dispatch.wants = None, True
        self._wake.set()

    def take(self, jobs: Iterable[ClaimedJob], turns: Mapping[Hashable, Turn] = MappingProxyType({})) -> None:
        """Run jobs that were claimed for dispatches of this process, in the turns of their batches."""
        for job in jobs:
            dispatch = self.by_id[job.dispatch_id]
            dispatch.held[job.job_id] = turns.get(job.batch_id) or self._turns.hold(dispatch.owner)
            context = context_for(dispatch.owner.organisation)
            task = asyncio.create_task(self._run_job(dispatch, job), name=f"job-{job.job_id}", context=context)
            self._tasks[job.job_id] = task
            task.add_done_callback(partial(self._release, dispatch, job.job_id))

    def _release(self, dispatch: Dispatch, job_id: UUID, _: asyncio.Task[None]) -> None:
        self._tasks.pop(job_id, None)
        if turn := dispatch.held.pop(job_id, None):
            self._turns.give_back(turn)
        for claiming in self.live.values() if self.suspects else (self.live.get(dispatch.batch_id, dispatch),):
            claiming.wants = True
        dispatch.finish_if_empty()
        self._wake.set()

    def interrupt(self, batch_ids: set[UUID], job_ids: Iterable[UUID] = ()) -> None:
        """Cancel the tasks of these batches' jobs, and of these jobs."""
        for task in self.tasks_of(job_ids):
            task.cancel()
        for dispatch in self.by_id.values():
            if dispatch.batch_id in batch_ids:
                for job_id in dispatch.held.keys() & self._tasks.keys():
                    self._tasks[job_id].cancel()

    def batches(self) -> list[UUID]:
        """The batches whose jobs are held here."""
        return [dispatch.batch_id for dispatch in self.by_id.values() if dispatch.held]

    def jobs(self) -> list[UUID]:
        """The jobs that run here."""
        return list(self._tasks)

    def tasks_of(self, job_ids: Iterable[UUID]) -> list[asyncio.Task[None]]:
        """The tasks of those of the jobs that run here."""
        return [self._tasks[job_id] for job_id in job_ids if job_id in self._tasks]

    def holds(self, job_id: UUID) -> bool:
        return job_id in self._tasks

    def tasks(self) -> list[asyncio.Task[None]]:
        """The jobs under way."""
        return list(self._tasks.values())
