"""The runner: one loop on one connection writes everything this process does to jobs; what ended, then what is claimed.

No explicit transaction is held by the loop: each call commits itself, so a frozen process holds no lock.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

import asyncpg

from app.batches.service import cancel_pending_of
from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN
from app.kit.ids import new_id
from app.pipelines.contract import OnSuccess
from app.runner import metrics
from app.runner.claimer import ClaimedJob, Claimer, Dispatch
from app.runner.committer import Committer, Settled, Transition, Waiting, read_back, write_group
from app.runner.context import Resources, RunningStep
from app.runner.engine import QUEUE_TABLE, Engine
from app.runner.execute import JobRunner
from app.runner.heartbeat import Heartbeat
from app.runner.housekeeping import Housekeeping
from app.runner.success import settle_with_success
from app.runner.summary import close_batch
from app.runner.sweeper import Sweeper

log = logging.getLogger("tranche.runner")
RECONNECT_PAUSE: Final = 0.2
UNKNOWN_PIPELINE_PAUSE: Final = 30.0
LOST: Final = (*DATABASE_DOWN, TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)


class Runner:
    """Runs jobs in this process: an Engine that delivers dispatches, a Claimer, a Committer and a Sweeper."""

    def __init__(self, database: Database, resources: Resources, *, slots: int, shutdown_seconds: float) -> None:
        self.worker_id: UUID = new_id()
        self._database, self._resources, self._shutdown_seconds = database, resources, shutdown_seconds
        self._wake = asyncio.Event()
        self.committer = Committer(self._wake)
        self.claimer = Claimer(slots, self._wake, self._run_job)
        self.engine = Engine(database, self.worker_id, self.on_dispatch)
        self._jobs = JobRunner(resources, self._settle, self._settle_with_hooks)
        self._heartbeat = Heartbeat(database, self.worker_id, self.claimer, self.stop_jobs)
        self._sweeper = Sweeper(database, self.worker_id, self)
        self._housekeeping = Housekeeping(resources)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._notifications_due: dict[UUID, float] = {}
        self._stopping = False

    @property
    def alive(self) -> bool:
        return self._loop is not None and not self._loop.done()

    async def start(self) -> None:
        self._connection = await self._database.connect("tranche-runner")
        await self._heartbeat.start()
        self._loop = asyncio.create_task(self._run(), name="runner")
        await self.engine.start()
        await self._sweeper.start()
        await self._housekeeping.start()

    async def stop(self) -> None:
        """Let running steps finish for a while, put the rest back without counting it, and write everything."""
        self._stopping = True
        self.engine.stop_dispatching()
        await self._sweeper.stop()
        await self._housekeeping.stop()
        for dispatch in list(self.claimer.live.values()):
            self._notify(dispatch.batch_id)
            self.claimer.drain(dispatch)
        tasks = self.claimer.tasks()
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=self._shutdown_seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.wait(tasks, timeout=2)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._flush(), 2)
        await self.engine.stop()
        if self._loop:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        await self._heartbeat.stop()
        if self._connection:
            self._connection.terminate()

    async def on_dispatch(self, dispatch_id: int, batch_id: UUID) -> None:
        """The engine's delivery of one dispatch; returns when this process is done with it."""
        if known := self.claimer.by_id.get(dispatch_id):
            # Our own again: the engine was restarted, or a heartbeat came late.
            await asyncio.shield(known.done)
            return
        if await self.requeue(dispatch_id):
            return  # redelivered: what its dead holder had is pending again, and a fresh dispatch is queued
        if self._stopping:
            self._notify(batch_id)
            return
        await self.close(batch_id)  # notified for a batch that was cancelled while nothing ran
        if not await self._jobs.knows(batch_id):
            self._notify(batch_id, UNKNOWN_PIPELINE_PAUSE)  # another process may have this workload
            return
        if dispatch := self.claimer.open(dispatch_id, batch_id):
            await asyncio.shield(dispatch.done)

    async def requeue(self, dispatch_id: int) -> int:
        """Put back to pending what a dead process held under this dispatch; returns how many jobs that were."""
        query = "select batch_id, id, attempt, step_position from jobs where claimed_by = $1 and status = 'running'"
        async with self._database.transaction() as session:
            connection = await session.connection()
            rows: list[Any] = list(await connection.exec_driver_sql(query, (dispatch_id,)))
        await asyncio.gather(*(self.rescue(*row) for row in rows))
        return len(rows)

    async def rescue(self, batch_id: UUID, job_id: UUID, attempt: int, position: int) -> None:
        """Put back one job whose process is gone."""
        if not self.claimer.holds(job_id):
            await self._settle(None, Transition(batch_id, job_id, attempt, position, "lost"))

    async def _run_job(self, dispatch: Dispatch, job: ClaimedJob) -> None:
        try:
            await self._jobs.run(dispatch, job)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except Exception:
            # The job stays running and its dispatch ends, so the sweeper finds and counts it.
            log.exception("the job %s ended outside its steps", job.id)

    async def _settle(self, dispatch: Dispatch | None, transition: Transition) -> Settled | None:
        settled = await self.committer.settle(transition)
        self._on_fenced(dispatch, settled)
        return settled

    async def _settle_with_hooks(
        self, dispatch: Dispatch, transition: Transition, hooks: Sequence[OnSuccess], context: RunningStep
    ) -> Settled | None:
        transition, settled = await settle_with_success(self._database, transition, hooks, context)
        self._after_commit([(transition, settled)])
        self._on_fenced(dispatch, settled)
        return settled

    def _on_fenced(self, dispatch: Dispatch | None, settled: Settled | None) -> None:
        if settled is None and dispatch and not dispatch.draining:
            # Somebody took our job over, so we were thought dead: claim no more, but notify for what is left.
            self._notify(dispatch.batch_id)
            self.claimer.drain(dispatch)

    def _after_commit(self, written: Sequence[tuple[Transition, Settled | None]]) -> None:
        """Whoever makes work claimable claims it or notifies, after the commit and before the dispatch over it ends."""
        ended = Counter(t.batch_id for t, settled in written if settled and settled.status != "running")
        for transition, settled in written:
            if settled is None:
                continue
            batch_id = transition.batch_id
            if settled.needs_closing and settled.status != "running":
                self._in_background(self.close(batch_id))
            if settled.needs_cancelling:
                self._in_background(self.cancel_pending(batch_id))
            if transition.outcome in ("lost", "released") and settled.status == "pending":
                self._notify(batch_id)
            elif batch_id not in self.claimer.live and settled.pending_jobs:
                if settled.running_jobs < settled.max_parallel <= settled.running_jobs + ended[batch_id]:
                    self._notify(batch_id)  # there is room again in a batch that was full
                elif transition.outcome == "retry" and settled.status == "pending":
                    self._notify(batch_id, transition.delay)

    def _answer(self, settled: Sequence[tuple[Waiting, Settled | None]]) -> None:
        self._after_commit([(entry[0], outcome) for entry, outcome in settled])
        for (_, answer), outcome in settled:
            if not answer.done():
                answer.set_result(outcome)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # the sweeper comes back to it
                log.warning("a batch could not be closed: %s: %s", type(error).__name__, error)

        task = asyncio.create_task(guarded())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def cancel_pending(self, batch_id: UUID) -> None:
        """End the pending jobs of a batch that is given up or cancelled."""
        async with self._database.transaction() as session:
            await cancel_pending_of(session, batch_id)
        await self.close(batch_id)  # which nobody else does when these were its last jobs and it is summed up

    def stop_jobs(self, batch_ids: Iterable[UUID]) -> None:
        """The hard stop: interrupt what still runs of batches that were cancelled long enough ago."""
        self.claimer.interrupt(set(batch_ids))

    async def close(self, batch_id: UUID) -> None:
        """Write a quiet batch's summary and its terminal event."""
        await close_batch(self._database, self._resources.registry, batch_id)

    async def notify(self, batch_ids: Iterable[UUID]) -> None:
        """Enqueue a dispatch for each of these batches now, outside the loop."""
        await self.engine.notify(dict.fromkeys(batch_ids, 0.0))

    def _notify(self, batch_id: UUID, delay: float = 0.0) -> None:
        self._notifications_due[batch_id] = min(delay, self._notifications_due.get(batch_id, delay))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            group: list[Waiting] = []
            try:
                group = self.committer.take_group()
                expired = [] if self._stopping else self.claimer.expired()
                if not (group or expired or self._notifications_due or (self.claimer.wanting() and not self._stopping)):
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                if self._connection is None:
                    self._connection = await self._database.connect("tranche-runner")
                if group:
                    await self._write(group)
                    group = []
                for dispatch in expired:
                    self._notify(dispatch.batch_id)
                    self.claimer.drain(dispatch)
                await self._send_notifications()
                if not self._stopping and self.claimer.wanting():
                    for batch_id, delay in (await self.claimer.claim(self._connection)).items():
                        self._notify(batch_id, delay)
            except LOST as error:
                log.warning("the runner lost its connection: %s: %s", type(error).__name__, error)
                await self._recover(group)
            except asyncpg.PostgresError as error:
                log.error("the database refused a write: %s: %s", type(error).__name__, error)
                await asyncio.sleep(RECONNECT_PAUSE)
                await self._write_one_by_one(group)

    async def _write(self, group: list[Waiting]) -> None:
        assert self._connection
        transitions = [transition for transition, _ in group]
        settled = await write_group(self._connection, transitions)
        metrics.count_commit(transitions, settled)
        self._answer(list(zip(group, settled, strict=True)))

    async def _send_notifications(self) -> None:
        if self._notifications_due:
            notifications, self._notifications_due = self._notifications_due, {}
            try:
                await self.engine.notify(notifications)
            except BaseException:
                self._notifications_due = notifications | self._notifications_due
                raise

    async def _write_one_by_one(self, group: list[Waiting]) -> None:
        """One transition that the database refuses must not hold up its group: it fails its own job."""
        for entry in group:
            try:
                await self._write([entry])
            except LOST:
                self.committer.put_back([entry])
            except asyncpg.PostgresError as error:
                transition, answer = entry
                message = f"The result could not be written: {error}"[:500]
                failed = Transition(
                    transition.batch_id,
                    transition.job_id,
                    transition.attempt,
                    transition.position,
                    "failed",
                    "failed",
                    error_code="RESULT_NOT_WRITABLE",
                    error_message=message,
                )
                self.committer.put_back([(failed, answer)])

    async def _recover(self, group: list[Waiting]) -> None:
        """Connect again and read back what was written: a lost connection says nothing about the commit."""
        if self._connection:
            self._connection.terminate()
            self._connection = None
        while True:
            try:
                self._connection = await self._database.connect("tranche-runner")
                again, known = await read_back(self._connection, group)
                await self._recover_claims(self._connection)
                break
            except (*LOST, asyncpg.PostgresError):
                await asyncio.sleep(RECONNECT_PAUSE * (1 + random.random()))
        self.committer.put_back(again)
        self._answer(known)
        for entry in group:  # its notifications may be lost too
            self._notify(entry[0].batch_id)
        for dispatch in self.claimer.live.values():
            dispatch.wants = True

    async def _recover_claims(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Jobs that were claimed for our dispatches by a call whose answer was lost."""
        query = """
            select j.batch_id, j.id, j.claimed_by, j.attempt, j.step_position, j.retry_count, j.sequence, j.source_type,
              j.filename, j.source_url, j.record, j.file_id, j.file_size, j.media_type, j.checksum,
              j.pipeline_id
            from jobs j join {table} q on q.id = j.claimed_by
            where j.status = 'running' and j.claimed_by = any($1::bigint[]) and q.queue_manager_id = $2"""
        query = query.format(table=QUEUE_TABLE)
        rows = await connection.fetch(query, list(self.claimer.by_id), self.worker_id)
        self.claimer.take(row for row in rows if not self.claimer.holds(row[1]))

    async def _flush(self) -> None:
        # Three different things to wait for, once, at shutdown.
        while len(self.committer) or self._notifications_due or self._closing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
