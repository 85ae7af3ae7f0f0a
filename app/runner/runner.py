"""The runner: takes the engine's dispatches, runs jobs, and heals what crashed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

from app.batches.service import cancel_pending_of
from app.kit.availability import outlast, patience, unseen
from app.kit.db import Database
from app.kit.ending import Ending, LettingGo
from app.kit.ids import new_id
from app.kit.lookout import Lookout
from app.kit.loop_turns import context_for, run_for
from app.kit.service import FAILURE_PAUSE, Service
from app.kit.tracing import record_span
from app.kit.turns import Turns
from app.pipelines.contract import OnSuccess
from app.runner import engine, sweeper
from app.runner.claimer import Claimer, Dispatch
from app.runner.claims import ClaimedJob
from app.runner.context import Resources, RunningStep
from app.runner.delivery_repository import Addressees
from app.runner.engine import ENTRYPOINT, SUSPECTS, Engine
from app.runner.execute import JobRunner
from app.runner.follow_up import follow_up
from app.runner.heartbeat import Heartbeat
from app.runner.housekeeping import Housekeeping
from app.runner.metrics import count_written, expect_pipelines
from app.runner.quarantine import Quarantine
from app.runner.success import settle_with_success
from app.runner.summary import close_batch
from app.runner.sweeper import Sweeper
from app.runner.transitions import HeldJob, Settled, Transition
from app.runner.waits import Wait, written
from app.runner.writer import Addressed, Writer

log = logging.getLogger("tranche.runner")
UNKNOWN_PIPELINE_PAUSE: Final = 30.0
CANCEL_SECONDS: Final = 1.0
"""How long a step that was cancelled may take to end; it is put back in any case."""
FLUSH_SECONDS: Final = 1.0
UNKNOWN_PIPELINE: Final = "unknown"
"""In figures, a pipeline that this process does not have: it may put back a job of another's."""
ENDED: Final = "ended batches"
"""In whose turn batches are closed that this process claims for no longer."""


class Runner:
    """Runs jobs in this process: an Engine that delivers dispatches, a Claimer, a Writer and a Sweeper."""

    def __init__(
        self,
        database: Database,
        resources: Resources,
        turns: Turns,
        ending: Ending,
        lookout: Lookout,
        *,
        shutdown_seconds: float,
        settings: Callable[[], dict[str, Any]],
        suspects_as: UUID | None = None,
    ) -> None:
        self.worker_id: UUID = suspects_as or new_id()
        suspects = suspects_as is not None
        self._ending = ending
        self._letting_go = LettingGo(ending, self._let_go)
        self._database, self._resources, self._shutdown_seconds = database, resources, shutdown_seconds
        self._addressees = Addressees(database)
        wake = asyncio.Event()
        self._claimer = Claimer(self.worker_id, turns, wake, self._run_job, suspects=suspects)
        self._engine = Engine(database, self.worker_id, self._on_dispatch, SUSPECTS if suspects else ENTRYPOINT)
        self._writer = Writer(
            database, self.worker_id, self._claimer, wake, self._after_commit, self._send, self._is_held_up
        )
        self._jobs = JobRunner(resources, self._settle, self._settle_with_hooks, self._hand_over)
        self._heartbeat = Heartbeat(
            database,
            self.worker_id,
            self._claimer,
            self._stop_jobs,
            self._stop_waiting,
            self._waits,
            self._on_taken_for_dead,
        )
        if not suspects:
            self._claimer.has_others = lambda: self._heartbeat.roll_call.hears_others
        self._sweeper = Sweeper(database, self.worker_id, self._heartbeat.roll_call, self)
        self._housekeeping = Housekeeping(resources)
        self._quarantine = Quarantine(settings, self._sweeper.bury_suspects)
        # Whoever runs suspects may be gone at any moment: all else is done by the process that started it.
        self._apart: list[Service] = [] if suspects else [self._sweeper, self._housekeeping, self._quarantine]
        if not suspects:
            lookout.watch(sweeper.ANYTHING, self._sweeper.wake)
        lookout.watch(engine.ANY_OVERDUE, self._engine.look)
        self._closing: set[asyncio.Task[None]] = set()
        self._stopping = False

    @property
    def alive(self) -> bool:
        return self._writer.alive

    @property
    def slots(self) -> int:
        return self._claimer.slots

    @property
    def running(self) -> int:
        """Jobs that run here."""
        return self._claimer.running

    @property
    def unwritten(self) -> int:
        """Transitions that wait to be written."""
        return self._writer.unwritten

    async def start(self) -> None:
        expect_pipelines(pipeline.key for pipeline in self._resources.registry)
        await self._writer.start()
        await self._heartbeat.start()
        await self._engine.start()
        for service in self._apart:
            await service.start()
        self._letting_go.start()

    async def _let_go(self) -> None:
        """At the end let running steps finish for a while, put the rest back without counting it, and write everything.

        Requests and streams end meanwhile.
        """
        self._stopping = True
        self._engine.stop_dispatching()
        self._writer.stop_claiming()
        apart = asyncio.gather(*(service.stop() for service in self._apart))
        for dispatch in list(self._claimer.live.values()):
            self._hand_over(dispatch)
        tasks = self._claimer.tasks()
        for task in await self._ending.wait(tasks, self._shutdown_seconds):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CANCEL_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._flush(), FLUSH_SECONDS)
        await apart

    async def stop(self) -> None:
        await self._letting_go.finish()
        await self._engine.stop()
        await self._writer.stop()
        await self._heartbeat.stop()

    async def _flush(self) -> None:
        # Three different things to wait for, once, at shutdown.
        while self._writer.busy or self._closing:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _on_dispatch(self, dispatch_id: int, batch_id: UUID) -> None:
        """The engine's delivery of one dispatch; returns when this process is done with it."""
        try:
            with patience(unseen):
                await outlast(partial(self._take_dispatch, dispatch_id, batch_id))
        except Exception:
            # The engine forgets it: what it was about is still to be done.
            log.exception("a dispatch could not be delivered")
            self.notify(batch_id, FAILURE_PAUSE)

    async def _take_dispatch(self, dispatch_id: int, batch_id: UUID) -> None:
        began = time.time_ns()
        addressee = await self._addressees.find(batch_id)
        if addressee is None:
            return  # it was removed meanwhile: nobody has anything to do for it
        run_for(addressee.organisation_id)
        if self._stopping:
            self.notify(batch_id)
            return
        if addressee.quiet:  # notified for a batch that was cancelled while nothing ran
            await self.close(batch_id)
        organisation_id = await self._jobs.owner_of(batch_id)
        if organisation_id is None:
            self.notify(batch_id, UNKNOWN_PIPELINE_PAUSE)  # another process may have this workload
            return
        if dispatch := self._claimer.open(dispatch_id, organisation_id, batch_id):
            record_span("dispatch", parent=await self._jobs.trace_of(batch_id), began=began)
            await asyncio.shield(dispatch.done)
        elif (pause := self._claimer.offer_again(batch_id)) is not None:
            asyncio.get_running_loop().call_later(pause, self.notify, batch_id)

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

    def _on_taken_for_dead(self) -> None:
        """What we held is others' by now, and so are our dispatches: claim under fresh ones."""
        for dispatch in list(self._claimer.live.values()):
            self._hand_over(dispatch)

    def _after_commit(self, written: Sequence[tuple[Transition, Settled | None]]) -> None:
        count_written(written, self._pipeline_name)
        found = follow_up(written, () if self._claimer.suspects else self._claimer.live)
        for batch_id in found.to_close:
            self._in_background(batch_id, partial(self.close, batch_id))
        for batch_id in found.to_cancel:
            self._in_background(batch_id, partial(self.cancel_pending, batch_id))
        for suspects, delays in ((False, found.to_notify), (True, found.to_notify_of_suspects)):
            for batch_id, delay in delays.items():
                self._writer.notify(batch_id, delay, suspects=suspects)

    def _pipeline_name(self, pipeline_id: int) -> str:
        pipeline = self._resources.registry.find(pipeline_id)
        return pipeline.key if pipeline else UNKNOWN_PIPELINE

    def _in_background(self, batch_id: UUID, work: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                with patience(unseen):
                    await outlast(work)
            except Exception:  # the sweeper comes back to it
                log.exception("a batch could not be closed")

        dispatch = self._claimer.live.get(batch_id)
        context = context_for(dispatch.owner.organisation if dispatch else ENDED)
        task = asyncio.create_task(guarded(), context=context)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _stop_jobs(self, batch_ids: Iterable[UUID], job_ids: Iterable[UUID]) -> None:
        """The hard stop: interrupt what still runs of batches, and jobs, that were cancelled long enough ago."""
        self._claimer.interrupt(set(batch_ids), job_ids)

    def _stop_waiting(self, batch_ids: Iterable[UUID], job_ids: Iterable[UUID]) -> None:
        """Put back what only waits of batches that were paused or cancelled, and of jobs that were."""
        self._jobs.deadlines.interrupt_waiting(set(batch_ids), self._claimer.tasks_of(job_ids))

    def _waits(self) -> Mapping[str, Sequence[Wait]]:
        waiting = dict(self._jobs.deadlines.waiting())
        if self._database.availability.trouble:
            for batch_id, jobs in self._writer.held_results().items():
                waiting[batch_id] = waiting.get(batch_id, Counter()) + Counter({self._database.availability.name: jobs})
        return written(waiting, self._resources.sandbox.queue())

    def _is_held_up(self) -> bool:
        """Whether what is claimed now could only wait: nothing is written, or half of all slots wait for contents."""
        storage = self._resources.storage.availability
        if self._database.availability.trouble or storage.trouble == "full":
            return True
        if not storage.trouble:
            return False
        waiting = sum(waits[storage.name] for waits in self._jobs.deadlines.waiting().values())
        return 2 * waiting >= self._claimer.slots

    def notify(self, batch_id: UUID, delay: float = 0.0) -> None:
        """Enqueue a dispatch for the batch, due after so many seconds."""
        self._writer.notify(batch_id, delay)

    def notify_of_suspects(self, batch_id: UUID) -> None:
        """Enqueue a dispatch for the suspects of a batch."""
        self._writer.notify(batch_id, suspects=True)

    def run_suspects(self) -> None:
        """See to it that a process takes dispatches for suspects."""
        self._quarantine.wake()

    async def _send(self, notifications: Mapping[Addressed, float]) -> None:
        others = {batch_id: delay for (batch_id, suspects), delay in notifications.items() if not suspects}
        await self._engine.notify(others)
        if of_suspects := {batch_id: delay for (batch_id, suspects), delay in notifications.items() if suspects}:
            await self._engine.notify_of_suspects(of_suspects)
            self.run_suspects()

    async def rescue(self, job: HeldJob, peers: int, *, witnessed: bool = False) -> None:
        """Put back one job whose process is gone: of so many that it ran, and whether its parent saw it die."""
        if not self._claimer.holds(job.job_id):
            began = time.time_ns()
            await self._settle(None, Transition(**job._asdict(), outcome="lost", peers=peers, witnessed=witnessed))
            told = {"tranche.batch_id": str(job.batch_id), "tranche.job_id": str(job.job_id)}
            record_span("rescue", told, parent=await self._jobs.trace_of(job.batch_id), began=began)

    async def cancel_pending(self, batch_id: UUID) -> None:
        """End the pending jobs of a batch that is given up or cancelled."""
        async with self._database.transaction() as session:
            await cancel_pending_of(session, batch_id)
        await self.close(batch_id)  # which nobody else does when these were its last jobs and it is summed up

    async def close(self, batch_id: UUID) -> None:
        """Write a quiet batch's summary and its terminal event."""
        await close_batch(self._database, self._resources.registry, batch_id)
