"""One loop on one connection writes everything this process does to jobs: what ended, then what is claimed.

No explicit transaction is held by the loop: each call commits itself, so a frozen process holds no lock.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeAlias
from uuid import UUID

import asyncpg

from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN
from app.runner import metrics
from app.runner.claimer import Claimer
from app.runner.claims import read_claimed
from app.runner.committer import Committer, Waiting, Written, read_back, write_group
from app.runner.transitions import Settled, Transition

log = logging.getLogger("tranche.runner")
RECONNECT_PAUSE: Final = 0.2
LOST: Final = (*DATABASE_DOWN, TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
AfterCommit = Callable[[Sequence[tuple[Transition, Settled | None]]], None]
SendNotifications = Callable[[Mapping[UUID, float]], Awaitable[None]]


class Writer:
    """Writes transitions, sends notifications and claims jobs until stopped, over lost connections.

    `after_commit` is called with what was written before those who wait for it are answered.
    """

    def __init__(
        self,
        database: Database,
        worker_id: UUID,
        claimer: Claimer,
        wake: asyncio.Event,
        after_commit: AfterCommit,
        send_notifications: SendNotifications,
    ) -> None:
        self._database, self._worker_id, self._claimer, self._wake = database, worker_id, claimer, wake
        self._after_commit, self._send = after_commit, send_notifications
        self._committer = Committer(wake)
        self._notifications_due: dict[UUID, float] = {}
        self._claiming = True
        self._connection: Connection | None = None
        self._loop: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self._loop is not None and not self._loop.done()

    @property
    def busy(self) -> bool:
        """Whether anything waits to be written or sent."""
        return bool(len(self._committer) or self._notifications_due)

    async def start(self) -> None:
        self._connection = await self._connect()
        self._loop = asyncio.create_task(self._run(), name="runner")

    def stop_claiming(self) -> None:
        """Claim no more; what ends is written as before."""
        self._claiming = False

    async def stop(self) -> None:
        if self._loop:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        if self._connection:
            self._connection.terminate()

    def settle(self, transition: Transition) -> Awaitable[Settled | None]:
        """Write a transition with others; says where the job stands, or None when another attempt has fenced it off."""
        return self._committer.settle(transition)

    def notify(self, batch_id: UUID, delay: float = 0.0) -> None:
        """Enqueue a dispatch for the batch at the next turn, due after so many seconds; the shortest delay counts."""
        self._notifications_due[batch_id] = min(delay, self._notifications_due.get(batch_id, delay))
        self._wake.set()

    async def _connect(self) -> Connection:
        return await self._database.connect("tranche-runner")

    async def _run(self) -> None:
        while True:
            unwritten = self._committer.take_group()
            if not (unwritten or self._has_other_work()):
                self._wake.clear()
                await self._wake.wait()
                continue
            try:
                if self._connection is None:
                    self._connection = await self._connect()
                if unwritten:
                    await self._write(self._connection, unwritten)
                    unwritten = []
                self._end_expired()
                await self._send_notifications()
                await self._claim(self._connection)
            except LOST as error:
                log.warning("the runner lost its connection: %s: %s", type(error).__name__, error)
                await self._recover(unwritten)
            except asyncpg.PostgresError as error:
                log.error("the database refused a write: %s: %s", type(error).__name__, error)
                await asyncio.sleep(RECONNECT_PAUSE)
                await self._write_one_by_one(unwritten)

    def _has_other_work(self) -> bool:
        claims = self._claiming and (self._claimer.expired() or self._claimer.wanting())
        return bool(self._notifications_due or claims)

    async def _write(self, connection: Connection, group: list[Waiting]) -> None:
        transitions = [waiting.transition for waiting in group]
        settled = await write_group(connection, transitions)
        metrics.count_commit(transitions, settled)
        self._answer([Written(*pair) for pair in zip(group, settled, strict=True)])

    def _answer(self, group: Sequence[Written]) -> None:
        self._after_commit([(written.waiting.transition, written.settled) for written in group])
        for written in group:
            if not written.waiting.answer.done():
                written.waiting.answer.set_result(written.settled)

    def _end_expired(self) -> None:
        """A dispatch whose slice is over is followed by another, which stands behind those of other batches."""
        for dispatch in self._claimer.expired() if self._claiming else ():
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

    async def _claim(self, connection: Connection) -> None:
        if self._claiming and self._claimer.wanting():
            for batch_id, delay in (await self._claimer.claim(connection)).items():
                self.notify(batch_id, delay)

    async def _write_one_by_one(self, group: list[Waiting]) -> None:
        """One transition that the database refuses must not hold up its group: it fails its own job."""
        for waiting in group:
            try:
                assert self._connection
                await self._write(self._connection, [waiting])
            except LOST:
                self._committer.put_back([waiting])
            except asyncpg.PostgresError as error:
                transition = waiting.transition
                refused = Transition(
                    transition.batch_id,
                    transition.job_id,
                    transition.attempt,
                    transition.position,
                    outcome="failed",
                    step_status="failed",
                    error_code="RESULT_NOT_WRITABLE",
                    error_message=f"The result could not be written: {error}"[:500],
                )
                self._committer.put_back([waiting._replace(transition=refused)])

    async def _recover(self, group: list[Waiting]) -> None:
        """Connect again and read back what was written: a lost connection says nothing about the commit."""
        if self._connection:
            self._connection.terminate()
            self._connection = None
        while True:
            try:
                self._connection = await self._connect()
                again, known = await read_back(self._connection, group)
                await self._recover_claims(self._connection)
                break
            except (*LOST, asyncpg.PostgresError):
                await asyncio.sleep(RECONNECT_PAUSE * (1 + random.random()))
        self._committer.put_back(again)
        self._answer(known)
        for waiting in group:  # its notifications may be lost too
            self.notify(waiting.transition.batch_id)
        for dispatch in self._claimer.live.values():
            dispatch.wants = True

    async def _recover_claims(self, connection: Connection) -> None:
        """Jobs that were claimed for our dispatches by a call whose answer was lost."""
        jobs = await read_claimed(connection, list(self._claimer.by_id), self._worker_id)
        self._claimer.take(job for job in jobs if not self._claimer.holds(job.job_id))
