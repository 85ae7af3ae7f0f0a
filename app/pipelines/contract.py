"""What a workload is written against: Pipeline, Step, StepContext, and the outcomes Retry and Stop.

A workload is one file. It imports nothing else of this package: no web framework, no runner, no session.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from app.kit.secrets.secret_type import Secret as Secret
from app.pipelines.checks import (
    CONDITION,
    FLAG,
    FUNCTION,
    KEY,
    LABEL,
    NAMES,
    SECONDS,
    SHARE,
    TEXT,
    check_options,
    instance,
    one_of,
    some_of,
    subclass,
    whole,
)
from app.pipelines.checks import PipelineNotWellFormed as PipelineNotWellFormed
from app.pipelines.context import BatchInfo as BatchInfo
from app.pipelines.context import Input as Input
from app.pipelines.context import JobInfo as JobInfo
from app.pipelines.context import Source as Source
from app.pipelines.context import StepContext as StepContext
from app.pipelines.naming import Naming
from app.pipelines.outcomes import RETRYABLE as RETRYABLE
from app.pipelines.outcomes import Retry as Retry
from app.pipelines.outcomes import StepOutcome
from app.pipelines.outcomes import Stop as Stop
from app.pipelines.overview import Chart as Chart
from app.pipelines.overview import ChartPoint as ChartPoint
from app.pipelines.overview import Overview as Overview
from app.pipelines.overview import OverviewTable as OverviewTable

if TYPE_CHECKING:  # the sandbox's fork server, which has no database, imports workloads: SQLAlchemy is 17 MB
    from sqlalchemy.ext.asyncio import AsyncSession
DEFAULT_LABEL = "Results"


_POLICY_OPTIONS: Final = {"threshold": SHARE, "action": one_of(("pause", "fail", "continue"))}


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """What a batch does when more than `threshold` (0 to 1) of its jobs have failed and work is left."""

    threshold: float = 0.5
    action: Literal["pause", "fail", "continue"] = "continue"

    def __post_init__(self) -> None:
        said = {"threshold": self.threshold, "action": self.action}
        check_options("FailurePolicy", said, _POLICY_OPTIONS)


class Params(BaseModel):
    """Base class of a pipeline's parameters; its JSON schema draws the form in the console."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class Need:
    """A batch that is about to be made, or a template (which has no `records` yet).

    `available`: the outside services that its organisation has accounts for.
    """

    session: AsyncSession
    organisation_id: UUID
    params: Any
    records: Sequence[Mapping[str, Any]]
    available: Collection[str]


StepFunction = Callable[[StepContext], Awaitable[StepOutcome] | StepOutcome]
Condition = Callable[[StepContext], bool]
OnSuccess = Callable[["AsyncSession", StepContext], Awaitable[None]]
OnOverview = Callable[["AsyncSession", BatchInfo], Awaitable["Overview | None"]]
OnBatchEnd = Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]]
Needs = Callable[["Need"], Awaitable[Collection[str]]]
Plan = Callable[[Any], "Sequence[Step]"]


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: its name is the function's name, its limits count for each attempt (`timeout` in seconds).

    A coroutine function runs on the event loop, which it must not block. Any other function runs in a thread of its
    own, so that it may; one still at work at its limit fails with TIMEOUT, and what it returns later is dropped.

    `was`: names it had before. Batches go on with the steps they began with, each found by its name or one of these.
    """

    name: str
    run: StepFunction
    max_retries: int = 3
    timeout: float = 300.0
    when: Condition | None = None
    depends_on: tuple[str, ...] = ()
    skip_if_failed: bool = True
    was: tuple[str, ...] = ()
    in_thread: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "in_thread", not inspect.iscoroutinefunction(self.run))


@dataclass(frozen=True, slots=True)
class ResultTable:
    """Which member of a job's result is a list of rows, and the columns it is shown and exported with.

    `facts` are the members that are shown above the rows; one that is a column as well is the same in all of them.
    """

    member: str
    columns: tuple[str, ...]
    facts: tuple[str, ...] = ()
    repeats_count: bool = True


@dataclass(slots=True, eq=False)
class Pipeline:
    """A named list of steps that every job of a batch goes through; `plan` makes the list for each batch anew.

    `mode`, `failure_policy`, `expires_after` and `result_codes` (a share code for every completed job) are defaults for
    its batches; `accepts` says which sources its jobs may have; `version` goes up when the meaning of its results
    changes. A batch is named after what it holds and `label`, a word for what comes out (`12-file_Results_2026-03-14`);
    `naming` reads more than the number from the names of files.
    """

    key: str
    title: str
    description: str = ""
    params: type[Params] = Params
    mode: Literal["parallel", "sequential"] = "parallel"
    max_parallel: int = 8
    accepts: tuple[Source, ...] = ("file",)
    failure_policy: FailurePolicy = FailurePolicy()
    expires_after: timedelta | None = None
    version: int = 1
    result_codes: bool = False
    result_table: ResultTable | None = None
    label: str = DEFAULT_LABEL
    naming: Naming = field(default_factory=Naming)
    steps: list[Step] = field(default_factory=list)
    plan_hook: Plan | None = None
    success_hook: OnSuccess | None = None
    batch_end_hook: OnBatchEnd | None = None
    overview_hook: OnOverview | None = None
    needs_hook: Needs | None = None

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise PipelineNotWellFormed when an option or a step is not what it must be: before a batch depends on it."""
        owner = self.key if isinstance(self.key, str) and self.key else "a pipeline"
        options = {name: getattr(self, name) for name in _PIPELINE_OPTIONS}
        check_options(owner, options, _PIPELINE_OPTIONS)
        self.accepts = tuple(self.accepts)
        self._check_steps(self.steps)

    def check_complete(self) -> None:
        """`check` of a pipeline that is to be run, which has steps."""
        self.check()
        if not self.steps and self.plan_hook is None:
            raise PipelineNotWellFormed(f"{self.key} has no steps")

    def step(
        self,
        *,
        max_retries: int = 3,
        timeout: float = 300.0,
        when: Condition | None = None,
        depends_on: Sequence[str] = (),
        skip_if_failed: bool = True,
        was: str | Sequence[str] = (),
    ) -> Callable[[StepFunction], StepFunction]:
        """Add the decorated function as the next step. `was`: what it was called before.

        `async def` runs on the event loop, `def` in a thread of its own: see `Step`.

        `when` false: the step is recorded as skipped, in one transaction with the step before it. It is asked as soon
        as that one has ended, and perhaps once more, so it only looks.
        """

        def add(function: StepFunction) -> StepFunction:
            name = getattr(function, "__name__", "")
            needed, former = _as_tuple(depends_on), (was,) if isinstance(was, str) else _as_tuple(was)
            step = Step(name, function, max_retries, timeout, when, needed, skip_if_failed, former)
            self._check_steps([*self.steps, step])
            self.steps.append(step)
            return function

        return add

    def plan(self, function: Plan) -> Plan:
        """Take the steps from the batch's parameters: the decorated function makes them, the same for the same ones."""
        self.plan_hook = function
        return function

    def steps_for(self, params: Any) -> Sequence[Step]:
        """The steps of a batch with these parameters; raises PipelineNotWellFormed when a plan contradicts itself."""
        if self.plan_hook is None:
            return self.steps
        steps = self.plan_hook(params)
        if not steps:
            raise PipelineNotWellFormed(f"{self.key}: these parameters make no steps")
        self._check_steps(steps)
        return steps

    def _check_steps(self, steps: Sequence[Step]) -> None:
        known = {"queued", "done"}  # stages of a job before its first and after its last step
        for step in steps:
            options = {name: getattr(step, name) for name in _STEP_OPTIONS}
            check_options(f"{self.key}: {step.name}", options, _STEP_OPTIONS)
            if step.name in known:
                raise PipelineNotWellFormed(f"{self.key}: the step name {step.name!r} is taken")
            if missing := set(step.depends_on) - known:
                raise PipelineNotWellFormed(
                    f"{self.key}: {step.name} depends on {sorted(missing)}, which do not come before"
                )
            known.add(step.name)
        former = [name for step in steps for name in step.was]
        for name in former:
            if name in known:
                raise PipelineNotWellFormed(f"{self.key}: {name!r} is what a step was called, and the name of another")
            if former.count(name) > 1:
                raise PipelineNotWellFormed(f"{self.key}: two steps say that they were called {name!r}")

    def on_success(self, function: OnSuccess) -> OnSuccess:
        """Run the decorated function in the transaction that completes a job: exactly once."""
        self.success_hook = function
        return function

    def on_batch_end(self, function: OnBatchEnd) -> OnBatchEnd:
        """Make the batch's `summary_data` from its jobs: mappings with sequence, checksum, status, result and more."""
        self.batch_end_hook = function
        return function

    def on_overview(self, function: OnOverview) -> OnOverview:
        """Show what the batch's results come to together, read in a transaction of its own; None: nothing yet."""
        self.overview_hook = function
        return function

    def needs(self, function: Needs) -> Needs:
        """Name the outside services that a batch is going to use: without an account for each it is not taken."""
        self.needs_hook = function
        return function

    def step_names(self) -> list[str]:
        return [step.name for step in self.steps]


def _as_tuple(names: Sequence[str]) -> tuple[str, ...]:
    """As a tuple, unless it is nothing that could be: a text would become its letters."""
    return tuple(names) if isinstance(names, (list, tuple)) else names  # type: ignore[return-value]


_STEP_OPTIONS: Final = {
    "name": TEXT,
    "run": FUNCTION,
    "max_retries": whole(0),
    "timeout": SECONDS,
    "when": CONDITION,
    "depends_on": NAMES,
    "skip_if_failed": FLAG,
    "was": NAMES,
}
_PIPELINE_OPTIONS: Final = {
    "key": KEY,
    "title": TEXT,
    "description": TEXT,
    "params": subclass(BaseModel, "a class derived from Params"),
    "mode": one_of(("parallel", "sequential")),
    "max_parallel": whole(1, 4096),
    "accepts": some_of(("file", "url", "record")),
    "failure_policy": instance(FailurePolicy, 'a FailurePolicy, as FailurePolicy(0.2, "pause")'),
    "expires_after": instance(timedelta, "a timedelta, or None", optional=True),
    "version": whole(0),
    "result_codes": FLAG,
    "result_table": instance(ResultTable, "a ResultTable, or None", optional=True),
    "label": LABEL,
    "naming": instance(Naming, "a Naming"),
}
