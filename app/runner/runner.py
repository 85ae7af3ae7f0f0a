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
from app.runner.committer import Committer, Settled, Transition, Waiting, read_back, write_group
from app.runner.context import Resources, RunningStep
from app.runner.engine import QUEUE_TABLE, Engine
from app.runner.execute import JobRunner
from app.runner.heartbeat import Heartbeat
from app.runner.housekeeping import Housekeeping
from app.runner.puller import ClaimedJob, Pull, Puller
from app.runner.success import settle_with_success
from app.runner.summary import close_batch
from app.runner.sweeper import Sweeper

log = logging.getLogger("tranche.runner")
RECONNECT_PAUSE: Final = 0.2
UNKNOWN_PIPELINE_PAUSE: Final = 30.0
LOST: Final = (*DATABASE_DOWN, TimeoutError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError)


class Runner:
    """Runs jobs in this process: an Engine that delivers pulls, a Puller, a Committer and a Sweeper."""

    def __init__(self, database: Database, resources: Resources, *, slots: int, shutdown_seconds: float) -> None:
        self.worker_id: UUID = new_id()
        self._database, self._resources, self._shutdown_seconds = database, resources, shutdown_seconds
        self._wake = asyncio.Event()
        self.committer = Committer(self._wake)
        self.puller = Puller(slots, self._wake, self._run_job)
        self.engine = Engine(database, self.worker_id, self.pull)
        self._jobs = JobRunner(resources, self._settle, self._settle_with_hooks)
        self._heartbeat = Heartbeat(database, self.worker_id, self.puller, self.stop_jobs)
        self._sweeper = Sweeper(database, self)
        self._housekeeping = Housekeeping(resources)
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._loop: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._rings: dict[UUID, float] = {}
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
        self.engine.no_more_pulls()
        await self._sweeper.stop()
        await self._housekeeping.stop()
        for pull in list(self.puller.live.values()):
            self._ring(pull.batch_id)
            self.puller.leave(pull)
        tasks = self.puller.tasks()
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=self._shutdown_seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.wait(tasks, timeout=2)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._drain(), 2)
        await self.engine.stop()
        if self._loop:
            self._loop.cancel()
            await asyncio.wait([self._loop])
        await self._heartbeat.stop()
        if self._connection:
            self._connection.terminate()

    async def pull(self, pull_id: int, batch_id: UUID) -> None:
        """The engine's delivery of one pull; returns when this process is done with it."""
        if known := self.puller.by_id.get(pull_id):  # our own again: the engine was restarted, or a heartbeat came late
            await asyncio.shield(known.done)
            return
        if await self.give_back(pull_id):
            return  # redelivered: what its dead holder had is pending again, and a fresh pull was rung
        if self._stopping:
            self._ring(batch_id)
            return
        await self.close(batch_id)  # rung for a batch that was cancelled while nothing ran
        if not await self._jobs.knows(batch_id):
            self._ring(batch_id, UNKNOWN_PIPELINE_PAUSE)  # another process may have this workload
            return
        if pull := self.puller.begin(pull_id, batch_id):
            await asyncio.shield(pull.done)

    async def give_back(self, pull_id: int) -> int:
        """Put back to pending what a dead process held under this pull; returns how many jobs that were."""
        query = "select batch_id, id, attempt, step_position from jobs where claimed_by = $1 and status = 'running'"
        async with self._database.transaction() as session:
            connection = await session.connection()
            rows: list[Any] = list(await connection.exec_driver_sql(query, (pull_id,)))
        await asyncio.gather(*(self.lose(*row) for row in rows))
        return len(rows)

    async def lose(self, batch_id: UUID, job_id: UUID, attempt: int, position: int) -> None:
        """Put back one job whose process is gone."""
        if not self.puller.holds(job_id):
            await self._settle(None, Transition(batch_id, job_id, attempt, position, "lost"))

    async def _run_job(self, pull: Pull, job: ClaimedJob) -> None:
        try:
            await self._jobs.run(pull, job)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except Exception:
            # The job stays running and its pull ends, so the sweeper finds and counts it.
            log.exception("the job %s ended outside its steps", job.id)

    async def _settle(self, pull: Pull | None, transition: Transition) -> Settled | None:
        settled = await self.committer.settle(transition)
        self._heed_fence(pull, settled)
        return settled

    async def _settle_with_hooks(
        self, pull: Pull, transition: Transition, hooks: Sequence[OnSuccess], context: RunningStep
    ) -> Settled | None:
        transition, settled = await settle_with_success(self._database, transition, hooks, context)
        self._follow_up([(transition, settled)])
        self._heed_fence(pull, settled)
        return settled

    def _heed_fence(self, pull: Pull | None, settled: Settled | None) -> None:
        if settled is None and pull and not pull.draining:
            # Somebody took our job over, so we were thought dead: claim no more, but leave a ring for what is left.
            self._ring(pull.batch_id)
            self.puller.leave(pull)

    def _follow_up(self, written: Sequence[tuple[Transition, Settled | None]]) -> None:
        """Whoever makes work claimable claims it or rings, after the commit and before the pull that covers it ends."""
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
                self._ring(batch_id)
            elif batch_id not in self.puller.live and settled.pending_jobs:
                if settled.running_jobs < settled.max_parallel <= settled.running_jobs + ended[batch_id]:
                    self._ring(batch_id)  # there is room again in a batch that was full
                elif transition.outcome == "retry" and settled.status == "pending":
                    self._ring(batch_id, transition.delay)

    def _answer(self, settled: Sequence[tuple[Waiting, Settled | None]]) -> None:
        self._follow_up([(entry[0], outcome) for entry, outcome in settled])
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
        self.puller.interrupt(set(batch_ids))

    async def close(self, batch_id: UUID) -> None:
        """Write a quiet batch's summary and its terminal event."""
        await close_batch(self._database, self._resources.registry, batch_id)

    def _ring(self, batch_id: UUID, delay: float = 0.0) -> None:
        self._rings[batch_id] = min(delay, self._rings.get(batch_id, delay))
        self._wake.set()

    async def _run(self) -> None:
        while True:
            group: list[Waiting] = []
            try:
                group = self.committer.take_group()
                expired = [] if self._stopping else self.puller.expired()
                if not (group or expired or self._rings or (self.puller.wanting() and not self._stopping)):
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                if self._connection is None:
                    self._connection = await self._database.connect("tranche-runner")
                if group:
                    await self._write(group)
                    group = []
                for pull in expired:
                    self._ring(pull.batch_id)
                    self.puller.leave(pull)
                await self._send_rings()
                if not self._stopping and self.puller.wanting():
                    for batch_id, delay in (await self.puller.claim(self._connection)).items():
                        self._ring(batch_id, delay)
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

    async def _send_rings(self) -> None:
        if self._rings:
            rings, self._rings = self._rings, {}
            try:
                await self.engine.ring(rings)
            except BaseException:
                self._rings = rings | self._rings
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
                await self._adopt_claims(self._connection)
                break
            except (*LOST, asyncpg.PostgresError):
                await asyncio.sleep(RECONNECT_PAUSE * (1 + random.random()))
        self.committer.put_back(again)
        self._answer(known)
        for entry in group:  # its rings may be lost too
            self._ring(entry[0].batch_id)
        for pull in self.puller.live.values():
            pull.wants = True

    async def _adopt_claims(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Jobs that were claimed for our pulls by a call whose answer was lost."""
        query = """
            select j.batch_id, j.id, j.claimed_by, j.attempt, j.step_position, j.retry_count, j.sequence, j.source_type,
              j.filename, j.source_url, j.record, j.file_id, j.file_size, j.media_type, j.checksum,
              j.pipeline_id
            from jobs j join {table} q on q.id = j.claimed_by
            where j.status = 'running' and j.claimed_by = any($1::bigint[]) and q.queue_manager_id = $2"""
        query = query.format(table=QUEUE_TABLE)
        rows = await connection.fetch(query, list(self.puller.by_id), self.worker_id)
        self.puller.take(row for row in rows if not self.puller.holds(row[1]))

    async def _drain(self) -> None:
        # Three different things to wait for, once, at shutdown.
        while len(self.committer) or self._rings or self._closing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
