"""The decision: what one attempt's result at a step does to the job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.pipelines.contract import Step
from app.runner.backoff import retry_delay
from app.runner.step_results import Done, Failed, Result, Skipped, clean_message
from app.runner.transitions import Transition


@dataclass(slots=True)
class Progress:
    """How far a job has come: what its ended steps returned, and how each of them ended.

    `result`: the last output, as JSON. `failure`: the first one, which the job ends with after its cleanup steps.
    """

    outputs: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    result: str | None = None
    message: str | None = None
    cached: bool = False
    failure: Failed | None = None

    def record(self, step: Step, result: Result) -> None:
        """A step has ended."""
        match result:
            case Failed():
                self.statuses[step.name] = "failed"
                self.failure = self.failure or result
            case Skipped():
                self.statuses[step.name] = "skipped"
            case Done(value=value, output=output):
                self.statuses[step.name] = "completed"
                if output is not None:
                    self.outputs[step.name], self.result = value, output


def decide(
    here: Transition,
    steps: Sequence[Step],
    result: Result,
    progress: Progress,
    retries: int,
    applies: Callable[[int], bool] = lambda position: True,
) -> Transition:
    """What follows from the result of an attempt at the step where the job is. Records in `progress` what ended.

    `here` names the job, attempt and position; `retries` is how often this step was tried again already. The steps
    behind it that do not apply, as `applies` says of one position after the other, end with it: they cost no commit.
    """
    step = steps[here.position]
    if isinstance(result, Failed) and result.retryable and retries < step.max_retries:
        return _retry(here, result, retries)
    progress.record(step, result)
    failure = progress.failure
    skipped: list[int] = []
    following = next_position(steps, here.position, failed=failure is not None)
    given_up = failure is not None and failure.batch_given_up
    while following is not None and not given_up and not applies(following):
        progress.record(steps[following], Skipped())
        skipped.append(following)
        following = next_position(steps, following, failed=failure is not None)
    ended = Transition(
        here.batch_id,
        here.job_id,
        here.attempt,
        here.position,
        outcome="next" if following is not None else "completed",
        step_status=progress.statuses[step.name],
        next_position=following if following is not None else len(steps),
        next_stage=steps[following].name if following is not None else None,
        output=result.output if isinstance(result, Done) else None,
        result=progress.result if following is None else None,
        message=progress.message if following is None else None,
        error_code=failure.code if failure else None,
        error_message=failure.message if failure else None,
        cached=progress.cached,
        skipped=skipped or None,
    )
    if failure and (following is None or given_up):
        last = skipped[-1] if skipped else None  # the job ends where it would have ended one step at a time
        return ended._replace(
            outcome="failed",
            next_position=last,
            next_stage=None if last is None else steps[last].name,
            result=None,
            message=None,
            batch_given_up=given_up,
        )
    return ended


def _retry(here: Transition, failed: Failed, retries: int) -> Transition:
    delay = retry_delay(retries, failed.retry_after)
    message = clean_message(f"{failed.message} Tried again after {delay:.1f} s.")
    return here._replace(outcome="retry", delay=delay, error_code=failed.code, error_message=message)


def next_position(steps: Sequence[Step], position: int, *, failed: bool) -> int | None:
    """The step that comes next: after a failure only cleanup steps, those that are not skipped if the job failed."""
    for following in range(position + 1, len(steps)):
        if not failed or not steps[following].skip_if_failed:
            return following
    return None
