"""Two loops, each on its connection, write everything this process does to jobs: what ended, then what is claimed.

While the database writes one group the next is made ready and sent. No explicit transaction is held by a loop: each
call commits itself, so a frozen process holds no lock.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from app.kit.db import Database
from app.kit.unexpected import tell_unexpected
from app.runner import metrics
from app.runner.claimer import Claimer
from app.runner.claims import read_claimed
from app.runner.committer import WORTH_A_GROUP, Committer, Waiting, Written, read_back, write_group
from app.runner.transitions import Settled, Transition
from app.runner.worker_repository import HOLD_PRESENCE

log = logging.getLogger("tranche.runner")
RECONNECT_PAUSE: Final = 0.2
LANES: Final = 2
"""Groups under way at a time. Those of one batch wait for its row, so that a third has nothing to do."""
WORTH_A_CLAIM: Final = 64
"""Free slots for which jobs are claimed while results wait to be written: for fewer the results go first."""
ABOUT_DATA: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    ValueError,
    TypeError,
)
"""What says that a transition itself cannot be written. Everything else passes, and is waited for."""
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
AfterCommit = Callable[[Sequence[tuple[Transition, Settled | None]]], None]
Addressed = tuple[UUID, bool]
"""A batch, and whether it is for those who run suspects or for those who run all else."""
SendNotifications = Callable[[Mapping[Addressed, float]], Awaitable[None]]


@dataclass(eq=False, slots=True)
class Lane:
    """One of the loops: its connection, and what it wrote when that was lost."""

    connection: Connection | None = None
    held: Sequence[Waiting] = ()
    loop: asyncio.Task[None] | None = None


class Writer:
    """Writes transitions, sends notifications and claims jobs until stopped, over lost connections.

    `after_commit` is called with what was written before those who wait for it are answered. Nothing is claimed while
    `is_held_up` says so.
    """

    def __init__(
        self,
        database: Database,
        worker_id: UUID,
        claimer: Claimer,
        wake: asyncio.Event,
        after_commit: AfterCommit,
        send_notifications: SendNotifications,
        is_held_up: Callable[[], bool],
    ) -> None:
        self._database, self._worker_id, self._claimer, self._wake = database, worker_id, claimer, wake
        self._after_commit, self._send, self._is_held_up = after_commit, send_notifications, is_held_up
        self._lanes = [Lane() for _ in range(LANES)]
        database.availability.when_back(wake.set)
        self._committer = Committer(wake)
        self._notifications_due: dict[Addressed, float] = {}
        self._claiming, self._claim_under_way = True, False

    @property
    def alive(self) -> bool:
        return all(lane.loop is not None and not lane.loop.done() for lane in self._lanes)

    @property
    def unwritten(self) -> int:
        """Transitions that wait to be written."""
        return sum(len(lane.held) for lane in self._lanes) + len(self._committer)

    @property
    def busy(self) -> bool:
        """Whether anything is still to be written or sent."""
        return bool(self._committer.busy or self._notifications_due)

    async def start(self) -> None:
        self._lanes[0].connection = await self._connect()
        for lane in self._lanes:
            lane.loop = asyncio.create_task(self._run(lane), name="runner")

    def stop_claiming(self) -> None:
        """Claim no more; what ends is written as before."""
        self._claiming = False

    async def stop(self) -> None:
        loops = [lane.loop for lane in self._lanes if lane.loop]
        for loop in loops:
            loop.cancel()
        if loops:
            await asyncio.wait(loops)
        for lane in self._lanes:
            if lane.connection:
                lane.connection.terminate()

    def settle(self, transition: Transition) -> Awaitable[Settled | None]:
        """Write a transition with others; says where the job stands, or None when another attempt has fenced it off."""
        return self._committer.settle(transition)

    def notify(self, batch_id: UUID, delay: float = 0.0, *, suspects: bool | None = None) -> None:
        """Enqueue a dispatch for the batch at the next turn, due after so many seconds; the shortest delay counts.

        It is for processes like this one, unless `suspects` says for which.
        """
        addressed = batch_id, self._claimer.suspects if suspects is None else suspects
        self._notifications_due[addressed] = min(delay, self._notifications_due.get(addressed, delay))
        self._wake.set()

    async def _connect(self) -> Connection:
        connection = await self._database.connect("tranche-runner")
        await connection.execute(HOLD_PRESENCE, self._worker_id)
        return connection

    async def _run(self, lane: Lane) -> None:
        while True:
            if group := self._committer.take_group():
                try:
                    await self._write_or_recover(lane, group)
                finally:
                    self._committer.end_group(group)
            elif not self._has_other_work():
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                self._end_expired()
                await self._send_notifications()
                await self._claim(lane)
            except Exception as error:
                self._note(error)
                await self._recover(lane, [])

    async def _write_or_recover(self, lane: Lane, group: list[Waiting]) -> None:
        try:
            await self._write(await self._connection_of(lane), group)
        except ABOUT_DATA:
            await self._write_one_by_one(lane, group)
        except Exception as error:
            self._note(error)
            await self._recover(lane, group)

    async def _connection_of(self, lane: Lane) -> Connection:
        if lane.connection is None:
            lane.connection = await self._connect()
        return lane.connection

    def _note(self, error: Exception) -> None:
        if not self._database.note_outage(error):
            log.error("the runner goes on after an error", exc_info=error)

    def _has_other_work(self) -> bool:
        return bool(self._notifications_due or (self._may_claim() and self._claimer.expired()) or self._should_claim())

    def _may_claim(self) -> bool:
        return self._claiming and not self._is_held_up()

    def _should_claim(self) -> bool:
        """Whether to claim now: one claim at a time, and a large one rather than several while there is else to do."""
        if self._claim_under_way or not self._may_claim() or not self._claimer.wanting():
            return False
        return len(self._committer) < WORTH_A_GROUP or self._claimer.room() >= WORTH_A_CLAIM

    async def _write(self, connection: Connection, group: list[Waiting]) -> None:
        transitions = [waiting.transition for waiting in group]
        began = time.perf_counter()
        settled = await write_group(connection, transitions)
        metrics.count_commit(len(group), time.perf_counter() - began)
        self._answer([Written(*pair) for pair in zip(group, settled, strict=True)])

    def _answer(self, group: Sequence[Written]) -> None:
        self._after_commit([(written.waiting.transition, written.settled) for written in group])
        for written in group:
            if not written.waiting.answer.done():
                written.waiting.answer.set_result(written.settled)

    def _end_expired(self) -> None:
        """A dispatch whose slice is over is followed by another, which stands behind those of other batches."""
        for dispatch in self._claimer.expired() if self._may_claim() else ():
            self.notify(dispatch.batch_id)
            self._claimer.drain(dispatch)

    async def _send_notifications(self) -> None:
        if self._notifications_due:
            notifications, self._notifications_due = self._notifications_due, {}
            try:
                await self._send(notifications)
            except BaseException:
                self._notifications_due = notifications | self._notifications_due
                raise

    async def _claim(self, lane: Lane) -> None:
        if not self._should_claim():
            return
        self._claim_under_way = True
        try:
            began = time.perf_counter()
            delays, suspected = await self._claimer.claim(await self._connection_of(lane))
            metrics.CLAIM_SECONDS.observe(time.perf_counter() - began)
            for batch_id, delay in delays.items():
                self.notify(batch_id, delay)
            for batch_id in suspected:
                self.notify(batch_id, suspects=True)
            for batch_id in self._claimer.to_offer():
                self.notify(batch_id)
        except Exception as error:
            self._note(error)
            await self._recover(lane, [], claims=True)
        finally:
            self._claim_under_way = False

    async def _write_one_by_one(self, lane: Lane, group: list[Waiting]) -> None:
        """One transition that the database refuses must not hold up its group: it fails its own job."""
        for place, waiting in enumerate(group):
            try:
                await self._write(await self._connection_of(lane), [waiting])
            except ABOUT_DATA as error:
                transition = waiting.transition
                refused = Transition(
                    transition.batch_id,
                    transition.job_id,
                    transition.attempt,
                    transition.position,
                    outcome="failed",
                    step_status="failed",
                    error_code="RESULT_NOT_WRITABLE",
                    error_message=tell_unexpected("The result could not be written", error, log),
                )
                self._committer.put_back([waiting._replace(transition=refused)])
            except Exception as error:
                self._note(error)
                await self._recover(lane, group[place:])
                return

    async def _recover(self, lane: Lane, group: list[Waiting], *, claims: bool = False) -> None:
        """Connect again and read back what was written: a lost connection says nothing about the commit.

        `claims`: what was lost is the answer to a claim; else another lane may wait for that of its own.
        """
        lane.held = group
        if lane.connection:
            lane.connection.terminate()
            lane.connection = None
        while True:
            await asyncio.sleep(RECONNECT_PAUSE * random.random())
            await self._database.availability.back()
            try:
                connection = await self._connection_of(lane)
                again, known = await read_back(connection, group)
                if claims:
                    await self._recover_claims(connection)
                break
            except Exception as error:
                self._note(error)
                if lane.connection:
                    lane.connection.terminate()
                    lane.connection = None
                await asyncio.sleep(RECONNECT_PAUSE)
        lane.held = ()
        self._committer.put_back(again)
        self._answer(known)
        for waiting in group:  # its notifications may be lost too
            self.notify(waiting.transition.batch_id)
        for dispatch in self._claimer.live.values():
            dispatch.wants = True

    def held_results(self) -> Counter[UUID]:
        """How many transitions of each batch wait to be written."""
        held = (waiting for lane in self._lanes for waiting in lane.held)
        return Counter(waiting.transition.batch_id for waiting in (*held, *self._committer))

    async def _recover_claims(self, connection: Connection) -> None:
        """Jobs that were claimed for our dispatches by a call whose answer was lost."""
        jobs = await read_claimed(connection, list(self._claimer.by_id), self._worker_id)
        self._claimer.take(job for job in jobs if not self._claimer.holds(job.job_id))
