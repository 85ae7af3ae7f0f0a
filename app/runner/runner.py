"""The runner: takes the engine's dispatches, runs jobs, and heals what crashed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from app.batches.service import cancel_pending_of
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.rows import read_row
from app.kit.tracing import record_span
from app.kit.turns import Turns
from app.pipelines.contract import OnSuccess
from app.runner.claimer import Claimer, Dispatch
from app.runner.claims import ClaimedJob
from app.runner.context import Resources, RunningStep
from app.runner.engine import Engine
from app.runner.execute import JobRunner
from app.runner.follow_up import follow_up
from app.runner.heartbeat import Heartbeat
from app.runner.housekeeping import Housekeeping
from app.runner.success import settle_with_success
from app.runner.summary import close_batch
from app.runner.sweeper import Sweeper
from app.runner.transitions import HELD_JOB_COLUMNS, HeldJob, Settled, Transition
from app.runner.waits import Wait, written
from app.runner.writer import Writer

log = logging.getLogger("tranche.runner")
UNKNOWN_PIPELINE_PAUSE: Final = 30.0
_JOBS_OF_DISPATCH: Final = f"select {HELD_JOB_COLUMNS} from jobs j where j.claimed_by = $1 and j.status = 'running'"


class Runner:
    """Runs jobs in this process: an Engine that delivers dispatches, a Claimer, a Writer and a Sweeper."""

    def __init__(self, database: Database, resources: Resources, turns: Turns, *, shutdown_seconds: float) -> None:
        self.worker_id: UUID = new_id()
        self._database, self._resources, self._shutdown_seconds = database, resources, shutdown_seconds
        wake = asyncio.Event()
        self._claimer = Claimer(turns, wake, self._run_job)
        self._engine = Engine(database, self.worker_id, self._on_dispatch)
        self._writer = Writer(database, self.worker_id, self._claimer, wake, self._after_commit, self._engine.notify)
        self._jobs = JobRunner(resources, self._settle, self._settle_with_hooks)
        self._heartbeat = Heartbeat(
            database, self.worker_id, self._claimer, self._stop_jobs, self._stop_waiting, self._waits
        )
        self._sweeper = Sweeper(database, self.worker_id, self)
        self._housekeeping = Housekeeping(resources)
        self._closing: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def alive(self) -> bool:
        return self._writer.alive

    async def start(self) -> None:
        await self._writer.start()
        await self._heartbeat.start()
        await self._engine.start()
        await self._sweeper.start()
        await self._housekeeping.start()

    async def stop(self) -> None:
        """Let running steps finish for a while, put the rest back without counting it, and write everything."""
        self._stopping = True
        self._engine.stop_dispatching()
        self._writer.stop_claiming()
        await self._sweeper.stop()
        await self._housekeeping.stop()
        for dispatch in list(self._claimer.live.values()):
            self._hand_over(dispatch)
        tasks = self._claimer.tasks()
        if tasks:
            _, unfinished = await asyncio.wait(tasks, timeout=self._shutdown_seconds)
            for task in unfinished:
                task.cancel()
            await asyncio.wait(tasks, timeout=2)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._flush(), 2)
        await self._engine.stop()
        await self._writer.stop()
        await self._heartbeat.stop()

    async def _flush(self) -> None:
        # Three different things to wait for, once, at shutdown.
        while self._writer.busy or self._closing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _on_dispatch(self, dispatch_id: int, batch_id: UUID) -> None:
        """The engine's delivery of one dispatch; returns when this process is done with it."""
        began = time.time_ns()
        if known := self._claimer.by_id.get(dispatch_id):
            # Our own again: the engine was restarted, or a heartbeat came late.
            await asyncio.shield(known.done)
            return
        if await self._requeue(dispatch_id):
            return  # redelivered: what its dead holder had is pending again, and a fresh dispatch is queued
        if self._stopping:
            self.notify(batch_id)
            return
        await self.close(batch_id)  # notified for a batch that was cancelled while nothing ran
        organisation_id = await self._jobs.owner_of(batch_id)
        if organisation_id is None:
            self.notify(batch_id, UNKNOWN_PIPELINE_PAUSE)  # another process may have this workload
            return
        if dispatch := self._claimer.open(dispatch_id, organisation_id, batch_id):
            record_span("dispatch", parent=await self._jobs.trace_of(batch_id), began=began)
            await asyncio.shield(dispatch.done)

    async def _requeue(self, dispatch_id: int) -> int:
        """Put back to pending what a dead process held under this dispatch; returns how many jobs that were."""
        async with self._database.transaction() as session:
            connection = await session.connection()
            rows = (await connection.exec_driver_sql(_JOBS_OF_DISPATCH, (dispatch_id,))).mappings().all()
        await asyncio.gather(*(self.rescue(read_row(HeldJob, row)) for row in rows))
        return len(rows)

    async def _run_job(self, dispatch: Dispatch, job: ClaimedJob) -> None:
        try:
            await self._jobs.run(dispatch, job)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        except Exception:
            # The job stays running and its dispatch ends, so the sweeper finds and counts it.
            log.exception("the job %s ended outside its steps", job.job_id)

    async def _settle(self, dispatch: Dispatch | None, transition: Transition) -> Settled | None:
        settled = await self._writer.settle(transition)
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
            self._hand_over(dispatch)  # somebody took our job over, so we were thought dead: claim no more

    def _hand_over(self, dispatch: Dispatch) -> None:
        """Claim no more for it, and notify for what is left."""
        self.notify(dispatch.batch_id)
        self._claimer.drain(dispatch)

    def _after_commit(self, written: Sequence[tuple[Transition, Settled | None]]) -> None:
        found = follow_up(written, self._claimer.live)
        for batch_id in found.to_close:
            self._in_background(self.close(batch_id))
        for batch_id in found.to_cancel:
            self._in_background(self.cancel_pending(batch_id))
        for batch_id, delay in found.to_notify.items():
            self.notify(batch_id, delay)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except Exception as error:  # the sweeper comes back to it
                log.warning("a batch could not be closed: %s: %s", type(error).__name__, error)

        task = asyncio.create_task(guarded())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _stop_jobs(self, batch_ids: Iterable[UUID]) -> None:
        """The hard stop: interrupt what still runs of batches that were cancelled long enough ago."""
        self._claimer.interrupt(set(batch_ids))

    def _stop_waiting(self, batch_ids: Iterable[UUID]) -> None:
        """Put back what only waits of batches that were paused or cancelled."""
        self._jobs.deadlines.interrupt_waiting(set(batch_ids))

    def _waits(self) -> Mapping[str, Sequence[Wait]]:
        return written(self._jobs.deadlines.waiting(), self._resources.sandbox.queue())

    def notify(self, batch_id: UUID, delay: float = 0.0) -> None:
        """Enqueue a dispatch for the batch, due after so many seconds."""
        self._writer.notify(batch_id, delay)

    async def rescue(self, job: HeldJob) -> None:
        """Put back one job whose process is gone."""
        if not self._claimer.holds(job.job_id):
            await self._settle(None, Transition(**job._asdict(), outcome="lost"))

    async def cancel_pending(self, batch_id: UUID) -> None:
        """End the pending jobs of a batch that is given up or cancelled."""
        async with self._database.transaction() as session:
            await cancel_pending_of(session, batch_id)
        await self.close(batch_id)  # which nobody else does when these were its last jobs and it is summed up

    async def close(self, batch_id: UUID) -> None:
        """Write a quiet batch's summary and its terminal event."""
        await close_batch(self._database, self._resources.registry, batch_id)
