"""Runs one claimed job: step after step, one attempt at a time, each ended by a transition that is committed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from app.batches.models import Batch, Job
from app.batches.step_models import JobStep
from app.batches.submission import params_of
from app.pipelines.contract import BatchInfo, JobInfo, OnSuccess, Pipeline, Step
from app.runner.backoff import retry_delay
from app.runner.claimer import ClaimedJob, Dispatch
from app.runner.committer import Settled, Transition
from app.runner.context import JobFenced, Resources, RunningStep
from app.runner.deadlines import Deadlines
from app.runner.step_results import Done, Failed, Result, Skipped, clean_message, read_exception, read_return

log = logging.getLogger("tranche.execute")
BATCHES_KEPT: Final = 256
Settle = Callable[[Dispatch | None, Transition], Awaitable[Settled | None]]
SettleWithHooks = Callable[[Dispatch, Transition, Sequence[OnSuccess], RunningStep], Awaitable[Settled | None]]


@dataclass(frozen=True, slots=True)
class Work:
    """What the jobs of a batch share that go through the same pipeline."""

    info: BatchInfo
    pipeline: Pipeline
    params: Any
    steps: Sequence[Step]


@dataclass(slots=True)
class Progress:
    """How far a job has come: what its ended steps returned, and how each of them ended."""

    outputs: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    result: str | None = None
    message: str | None = None
    cached: bool = False
    failure: Failed | None = None


class JobRunner:
    """Executes claimed jobs. `settle` writes a transition with others, `settle_with_hooks` one with its own rows."""

    def __init__(self, resources: Resources, settle: Settle, settle_with_hooks: SettleWithHooks) -> None:
        self._resources, self._settle, self._settle_with_hooks = resources, settle, settle_with_hooks
        self._deadlines = Deadlines()
        self._works: OrderedDict[UUID, Mapping[int, Work]] = OrderedDict()

    async def knows(self, batch_id: UUID) -> bool:
        """Whether this process can run the batch: it has every pipeline of it."""
        return bool(await self._works_of(batch_id))

    async def _works_of(self, batch_id: UUID) -> Mapping[int, Work]:
        """What is to be done for each pipeline of the batch, by its id; empty when the batch cannot be run here."""
        if batch_id in self._works:
            self._works.move_to_end(batch_id)
            return self._works[batch_id]
        async with self._resources.database.transaction() as session:
            batch = await session.get(Batch, batch_id)
            if batch is None:
                return {}
            pipeline_ids: Sequence[int] = [batch.pipeline_id]
            if batch.total_pipelines > 1:
                query = select(Job.pipeline_id).where(Job.batch_id == batch_id).distinct()
                pipeline_ids = (await session.execute(query)).scalars().all()
        works = {}
        for pipeline_id in pipeline_ids:
            pipeline = self._resources.registry.find(pipeline_id)
            if pipeline is None:
                log.warning("batch %s needs pipeline %s, which this process does not have", batch_id, pipeline_id)
                return {}
            works[pipeline_id] = _work(batch, pipeline)
        self._works[batch_id] = works
        if len(self._works) > BATCHES_KEPT:
            self._works.popitem(last=False)
        return works

    def _hooks_of(self, work: Work) -> tuple[OnSuccess, ...]:
        share = self._resources.share if work.info.result_codes else None
        return tuple(hook for hook in (work.pipeline.success_hook, share) if hook)

    async def run(self, dispatch: Dispatch, claimed: ClaimedJob) -> None:
        """Run the job until it ends, is put back, or is fenced off by another attempt."""
        work = (await self._works_of(claimed.batch_id)).get(claimed.pipeline_id)
        if work is None:
            raise LookupError(f"batch {claimed.batch_id} cannot be run here")
        job = _job_info(claimed)
        progress = await self._progress_so_far(claimed) if claimed.position else Progress()
        position, retries = claimed.position, claimed.retry_count
        steps = work.steps
        while True:
            step = steps[position]
            context = RunningStep(
                self._resources,
                step,
                work.info,
                job,
                work.params,
                progress.outputs,
                pipeline_id=claimed.pipeline_id,
                cached=progress.cached,
            )
            here = Transition(claimed.batch_id, claimed.id, claimed.attempt, position, "released")
            try:
                result = await self._attempt(dispatch, context, step, here, progress)
                job = context.job
            except JobFenced:
                return
            except asyncio.CancelledError:
                # Interrupted by our own shutdown: put back without counting the attempt.
                await asyncio.shield(asyncio.ensure_future(self._settle(dispatch, here)))
                raise
            transition = _transition(here, steps, step, result, progress, context, retries)
            hooks = self._hooks_of(work) if transition.outcome == "completed" else ()
            if hooks:
                settled = await self._settle_with_hooks(dispatch, transition, hooks, context)
            else:
                settled = await self._settle(dispatch, transition)
            if settled is None or settled.status != "running" or transition.next_position is None:
                return
            position, retries = transition.next_position, 0

    async def _attempt(
        self, dispatch: Dispatch, context: RunningStep, step: Step, here: Transition, progress: Progress
    ) -> Result:
        async def send_report(share: float | None, message: str | None) -> None:
            report = replace(here, outcome="progress", progress=share, message=message)
            if await self._settle(dispatch, report) is None:
                raise JobFenced

        context.send_report = send_report
        try:
            if not _applies(step, context, progress):
                return Skipped()
            with self._deadlines.limit(step.timeout):
                returned = await step.run(context)
            return read_return(step, returned)
        except (JobFenced, asyncio.CancelledError):
            raise
        except Exception as error:
            failed = read_exception(step, error)
            if failed.code == "UNEXPECTED_ERROR":
                log.exception("%s failed in job %s", step.name, here.job_id)
            return failed
        finally:
            context.end()

    async def _progress_so_far(self, claimed: ClaimedJob) -> Progress:
        """What the earlier steps returned, when the job goes on after an interruption or a retry."""
        query = select(JobStep).where(JobStep.job_id == claimed.id, JobStep.position < claimed.position)
        progress = Progress()
        async with self._resources.database.transaction() as session:
            for step in (await session.execute(query.order_by(JobStep.position))).scalars():
                progress.statuses[step.name] = step.status
                if step.status == "failed":
                    progress.failure = Failed(step.error_code or "", step.error_message or "", retryable=False)
                if step.output is not None:
                    progress.outputs[step.name] = step.output
                    progress.result = json.dumps(step.output)
        return progress


def _work(batch: Batch, pipeline: Pipeline) -> Work:
    settings = params_of(batch, pipeline.key)
    try:
        params = pipeline.params.model_validate(settings)
    except ValueError:
        # Checked when it was submitted; a newer version of the workload may have stricter rules than the row.
        params = pipeline.params.model_construct(**settings)
    info = BatchInfo(batch.id, batch.organisation_id, batch.name, settings, batch.metadata_, batch.result_codes)
    return Work(info, pipeline, params, pipeline.steps_for(params))


def _job_info(claimed: ClaimedJob) -> JobInfo:
    return JobInfo(
        id=claimed.id,
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


def _transition(
    here: Transition,
    steps: Sequence[Step],
    step: Step,
    result: Result,
    progress: Progress,
    context: RunningStep,
    retries: int,
) -> Transition:
    """The decision: what one attempt's result does to the job."""
    place = (here.batch_id, here.job_id, here.attempt, here.position)
    progress.cached = progress.cached or context.cached
    progress.message = context.message or progress.message
    output: str | None = None
    match result:
        case Failed(retryable=True) if retries < step.max_retries:
            delay = retry_delay(retries, result.retry_after)
            message = clean_message(f"{result.message} Tried again after {delay:.1f} s.")
            return Transition(*place, "retry", delay=delay, error_code=result.code, error_message=message)
        case Failed():
            status = "failed"
            progress.failure = progress.failure or result
        case Done():
            status = "completed"
            if (output := result.output) is not None:
                progress.outputs[step.name], progress.result = result.value, output
        case Skipped():
            status = "skipped"
    progress.statuses[step.name] = status
    failure, cached = progress.failure, progress.cached
    following = _next_position(steps, here.position, failed=failure is not None)
    if failure and (following is None or failure.batch_given_up):
        code, message, given_up = failure.code, failure.message, failure.batch_given_up
        return Transition(
            *place,
            "failed",
            status,
            output=output,
            error_code=code,
            error_message=message,
            cached=cached,
            batch_given_up=given_up,
        )
    if following is None:
        end = len(steps)
        return Transition(
            *place,
            "completed",
            status,
            end,
            output=output,
            result=progress.result,
            message=progress.message,
            cached=cached,
        )
    stage = steps[following].name
    if failure:
        code, message = failure.code, failure.message
        return Transition(
            *place, "next", status, following, stage, output, error_code=code, error_message=message, cached=cached
        )
    return Transition(*place, "next", status, following, stage, output, cached=cached)


def _next_position(steps: Sequence[Step], position: int, *, failed: bool) -> int | None:
    """The step that comes next: after a failure only cleanup steps, those that are not skipped if the job failed."""
    for following in range(position + 1, len(steps)):
        if not failed or not steps[following].skip_if_failed:
            return following
    return None
