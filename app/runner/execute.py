"""Runs one claimed job: step after step, one attempt at a time, each ended by a transition that is committed."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select

from app.batches.step_models import JobStep
from app.kit.availability import outlast
from app.kit.plain_structlog import structlog
from app.kit.secrets.in_logs import hide_here
from app.kit.tracing import record_span, span
from app.pipelines.contract import JobInfo, OnSuccess, Step
from app.runner.changes import Changes
from app.runner.claimer import Dispatch
from app.runner.claims import ClaimedJob
from app.runner.context import JobFenced, Resources, RunningStep
from app.runner.deadlines import Deadlines
from app.runner.decision import Progress, decide
from app.runner.metrics import StepFigures
from app.runner.step_blocks import record_blocked_loop
from app.runner.step_results import Failed, Result, Skipped, read_exception, read_return, without
from app.runner.step_threads import StepThreads
from app.runner.transitions import Settled, Transition
from app.runner.work import Work, WorkCache

log = logging.getLogger("tranche.execute")
Settle = Callable[[Dispatch | None, Transition], Awaitable[Settled | None]]
SettleWithHooks = Callable[[Dispatch, Transition, Sequence[OnSuccess], RunningStep], Awaitable[Settled | None]]


class JobRunner:
    """Executes claimed jobs. `settle` writes a transition with others, `settle_with_hooks` one with its own rows."""

    def __init__(
        self,
        resources: Resources,
        settle: Settle,
        settle_with_hooks: SettleWithHooks,
        hand_over: Callable[[Dispatch], None],
    ) -> None:
        self._resources, self._settle, self._settle_with_hooks = resources, settle, settle_with_hooks
        self._hand_over = hand_over
        self._works = WorkCache(resources.database, resources.registry, resources.sealer)
        self._threads = StepThreads()
        self._changes = Changes(resources.database)
        self.deadlines = Deadlines()

    async def owner_of(self, batch_id: UUID) -> UUID | None:
        """The organisation of a batch whose every pipeline this process has; None for any other.

        A batch that cannot go on by the code that all processes have now is paused.
        """
        works = await self._works.of(batch_id)
        for work in works.values():
            if await self._changes.find(work) == "outdated":
                return None
        return next((work.info.organisation_id for work in works.values()), None)

    async def run(self, dispatch: Dispatch, claimed: ClaimedJob) -> None:
        """Run the job until it ends, is put back, or is fenced off by another attempt. In a task of its own."""
        structlog.contextvars.bind_contextvars(batch_id=str(claimed.batch_id), job_id=str(claimed.job_id))
        with self.deadlines.limit(math.inf, claimed.batch_id):
            await self._run(dispatch, claimed)

    async def _run(self, dispatch: Dispatch, claimed: ClaimedJob) -> None:
        work = (await outlast(partial(self._works.of, claimed.batch_id))).get(claimed.pipeline_id)
        if work is None:
            raise LookupError(f"batch {claimed.batch_id} cannot be run here")
        structlog.contextvars.bind_contextvars(organisation_id=str(work.info.organisation_id))
        hide_here(work.secrets)
        parent, attributes = work.trace_context, _attributes(claimed, work)
        record_span("claim", attributes, parent=parent, began=dispatch.claim_began)
        if claimed.step_position <= work.course.gap:  # the code was changed since this dispatch was taken
            await self._put_back(dispatch, claimed)
            return
        with span("job", attributes, parent=parent, kind="consumer"):
            await self._run_steps(dispatch, claimed, work)

    async def _put_back(self, dispatch: Dispatch, claimed: ClaimedJob) -> None:
        """Leave the job to whoever takes the next dispatch: before it claims, it looks whether it can."""
        if not dispatch.draining:
            self._hand_over(dispatch)
        here = Transition(claimed.batch_id, claimed.job_id, claimed.attempt, claimed.step_position, "released")
        await self._settle(dispatch, here)

    async def trace_of(self, batch_id: UUID) -> str | None:
        """The trace context of the request that made the batch."""
        return next((work.trace_context for work in (await self._works.of(batch_id)).values()), None)

    async def _run_steps(self, dispatch: Dispatch, claimed: ClaimedJob, work: Work) -> None:
        job = _job_info(claimed)
        progress = Progress()
        if claimed.step_position:
            progress = await outlast(partial(self._progress_so_far, claimed, work))
        here = Transition(claimed.batch_id, claimed.job_id, claimed.attempt, claimed.step_position, "released")
        retries = claimed.retry_count
        if claimed.waited is not None:
            work.figures[here.position].wait.observe(max(0.0, claimed.waited))
        while True:
            step, figures = work.steps[here.position], work.figures[here.position]
            context = self._context(work, here.position, job, progress)
            try:
                result = without(work.secrets, await self._attempt(dispatch, context, step, here, progress, figures))
            except JobFenced:
                await self._tell_if_blocked(context)
                return
            except asyncio.CancelledError:
                # Interrupted by our own shutdown: put back without counting the attempt.
                await asyncio.shield(asyncio.ensure_future(self._settle(dispatch, here)))
                raise
            await self._tell_if_blocked(context)
            job = context.job
            progress.cached = progress.cached or context.cached
            progress.message = context.message or progress.message
            applies = partial(self._applies_next, work, job, progress)
            transition = decide(here, work.steps, result, progress, retries, applies)
            if transition.skipped:
                context = self._context(work, transition.skipped[-1], job, progress)
            if work.course.renamed and transition.next_stage and transition.next_position is not None:
                transition = transition._replace(next_stage=work.course.names[transition.next_position])
            settled = await self._write(dispatch, transition, work, context)
            if settled is not None:
                _count(transition, work)
            if settled is None or settled.status != "running" or transition.next_position is None:
                return
            here, retries = here._replace(position=transition.next_position), 0

    def _context(self, work: Work, position: int, job: JobInfo, progress: Progress) -> RunningStep:
        return RunningStep(
            self._resources,
            work.steps[position],
            work.info,
            job,
            work.params,
            progress.outputs,
            pipeline_id=work.pipeline_id,
            stage=work.course.names[position],
            cached=progress.cached,
            secrets=work.secrets,
        )

    def _applies_next(self, work: Work, job: JobInfo, progress: Progress, position: int) -> bool:
        """Whether the step is to be attempted. Where that cannot be told it is: what was raised fails the attempt."""
        step = work.steps[position]
        context = self._context(work, position, job, progress)
        try:
            return _applies(step, context, progress)
        except Exception:
            return True
        finally:
            progress.cached = context.cached

    async def _attempt(
        self,
        dispatch: Dispatch,
        context: RunningStep,
        step: Step,
        here: Transition,
        progress: Progress,
        figures: StepFigures,
    ) -> Result:
        async def send_report(share: float | None, message: str | None) -> None:
            report = here._replace(outcome="progress", progress=share, message=message)
            if await self._settle(dispatch, report) is None:
                raise JobFenced

        context.send_report = send_report
        try:
            if not _applies(step, context, progress):
                return Skipped()
            limit = self.deadlines.limit(step.timeout, context.batch.id, step.name)
            run = cast(Callable[[], Awaitable[Any]], partial(step.run, context))
            if step.in_thread:
                run = partial(self._run_in_thread, step, context)
            with span("step", {"tranche.step": step.name}), limit as context.clock:
                try:
                    returned = await outlast(run)
                finally:
                    figures.ran(*context.clock.stop())
            return read_return(step, returned)
        except (JobFenced, asyncio.CancelledError):
            raise
        except Exception as error:
            return read_exception(step, error)
        finally:
            context.end()

    async def _tell_if_blocked(self, context: RunningStep) -> None:
        if context.clock and context.clock.blocked:
            try:
                await record_blocked_loop(self._resources.database, context, context.clock.blocked)
            except Exception:  # it was logged when it was seen, and the job goes on
                log.info("the event could not be written", exc_info=True)

    async def _run_in_thread(self, step: Step, context: RunningStep) -> Any:
        context.loop = asyncio.get_running_loop()
        returned = await self._threads.run(partial(step.run, context), step.name, context.waiting)
        return await returned if inspect.isawaitable(returned) else returned

    async def _write(
        self, dispatch: Dispatch, transition: Transition, work: Work, context: RunningStep
    ) -> Settled | None:
        share = self._resources.share if work.info.result_codes else None
        hooks = [hook for hook in (work.pipeline.success_hook, share) if hook]
        with span("settle", {"tranche.outcome": transition.outcome}) as traced:
            if hooks and transition.outcome == "completed":
                settled = await self._settle_with_hooks(dispatch, transition, hooks, context)
            else:
                settled = await self._settle(dispatch, transition)
            if traced is not None and settled and not (settled.running_jobs or settled.pending_jobs):
                traced.add_event("last job")
        return settled

    async def _progress_so_far(self, claimed: ClaimedJob, work: Work) -> Progress:
        """What the earlier steps returned, by their names of now, when the job goes on after an interruption."""
        query = select(JobStep).where(JobStep.job_id == claimed.job_id, JobStep.position < claimed.step_position)
        progress = Progress()
        async with self._resources.database.transaction() as session:
            for step in (await session.execute(query.order_by(JobStep.position))).scalars():
                name = work.steps[step.position].name
                progress.statuses[name] = step.status
                if step.status == "failed":
                    failure = Failed(step.error_code or "", step.error_message or "", retryable=False)
                    progress.failure = progress.failure or failure
                if step.output is not None:
                    progress.outputs[name] = step.output
                    progress.result = json.dumps(step.output)
        return progress


def _attributes(claimed: ClaimedJob, work: Work) -> dict[str, Any]:
    return {
        "tranche.batch_id": str(claimed.batch_id),
        "tranche.job_id": str(claimed.job_id),
        "tranche.organisation_id": str(work.info.organisation_id),
        "tranche.pipeline": work.pipeline.key,
        "tranche.attempt": claimed.attempt,
    }


def _count(transition: Transition, work: Work) -> None:
    """Count an attempt that was committed, and the steps that ended with it as they did not apply."""
    if transition.outcome == "retry":
        work.figures[transition.position].retried(transition.error_code or "")
    elif transition.step_status:
        work.figures[transition.position].ended(transition.step_status)
    for position in transition.skipped or ():
        work.figures[position].ended("skipped")


def _job_info(claimed: ClaimedJob) -> JobInfo:
    return JobInfo(
        id=claimed.job_id,
        sequence=claimed.sequence,
        source_type=claimed.source_type,
        filename=claimed.filename,
        source_url=claimed.source_url,
        record=json.loads(claimed.record) if claimed.record else None,
        file_id=claimed.file_id,
        file_size=claimed.file_size,
        media_type=claimed.media_type,
        checksum=claimed.checksum,
        attempt=claimed.attempt,
    )


def _applies(step: Step, context: RunningStep, progress: Progress) -> bool:
    if any(progress.statuses.get(name) != "completed" for name in step.depends_on):
        return False
    return step.when is None or step.when(context)
