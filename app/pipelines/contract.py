"""What a workload is written against: Pipeline, Step, StepContext, and the outcomes Retry and Stop.

A workload is one file. It imports nothing else of this package: no web framework, no runner, no session.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict

from app.kit.secrets.secret_type import Secret as Secret
from app.pipelines.naming import NO_CHOICES, Naming, NamingChoices
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
T = TypeVar("T")
DEFAULT_LABEL = "Results"
Source = Literal["file", "url", "record"]


class PipelineNotWellFormed(ValueError):
    """A workload's definition contradicts itself; the message says where."""


@dataclass(frozen=True, slots=True)
class FailurePolicy:
    """What a batch does when more than `threshold` (0 to 1) of its jobs have failed and work is left."""

    threshold: float = 0.5
    action: Literal["pause", "fail", "continue"] = "continue"


class Params(BaseModel):
    """Base class of a pipeline's parameters; its JSON schema draws the form in the console."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


@dataclass(frozen=True, slots=True)
class BatchInfo:
    """The batch a step works for."""

    id: UUID
    organisation_id: UUID
    name: str
    settings: Mapping[str, Any]
    metadata: Mapping[str, Any]
    result_codes: bool = False
    naming: NamingChoices = NO_CHOICES


@dataclass(frozen=True, slots=True)
class JobInfo:
    """The job a step works on. `attempt` grows with each claim; `record` is set for source_type `record`."""

    id: UUID
    sequence: int
    source_type: Source
    filename: str | None
    source_url: str | None
    record: Mapping[str, Any] | None
    file_id: UUID | None
    file_size: int | None
    media_type: str | None
    checksum: str | None
    attempt: int


class Input(Protocol):
    """The content of the job's file."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Read it piece by piece."""
        ...

    def local_path(self) -> AbstractAsyncContextManager[Path]:
        """A path that a child process can read while the block lasts."""
        ...


class StepContext(Protocol):
    """What a step is given."""

    @property
    def params(self) -> Any:
        """The batch's parameters, an instance of the pipeline's `params` class."""
        ...

    @property
    def batch(self) -> BatchInfo: ...

    @property
    def job(self) -> JobInfo: ...

    @property
    def input(self) -> Input: ...

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What the earlier steps of this job returned, by step name."""
        ...

    @property
    def key(self) -> str:
        """`job_id:step`: the same for every attempt, to make the step's own side effects idempotent."""
        ...

    @property
    def http(self) -> httpx.AsyncClient:
        """A client that refuses private addresses."""
        ...

    async def report(self, progress: float | None = None, message: str | None = None) -> None:
        """Show progress (0 to 1) and a sentence; at most 4 reports a second become events, the last one always."""
        ...

    def conclude(self, message: str) -> None:
        """Say what came of the job, with its end: a report in this last moment would be an event of its own."""
        ...

    async def save_file(self, name: str, data: bytes, media_type: str | None = None) -> UUID:
        """Keep a result file of this job under `name`; a second one of that name replaces the first."""
        ...

    async def save_files(self, files: Mapping[str, bytes], media_types: Mapping[str, str] | None = None) -> None:
        """Keep several result files by their names, all or none, with their types; it costs little more than one."""
        ...

    async def read_file(self, name: str) -> bytes:
        """Read back a result file that an earlier step of this job saved."""
        ...

    async def keep_input(self, name: str) -> UUID:
        """Make the job's own input a result file of this job, without copying its content; its file id."""
        ...

    async def siblings(self, key: Callable[[str], str], *, with_retried: bool = False) -> Sequence[JobInfo]:
        """The jobs of this batch and pipeline whose file names have the same `key` as this one's, by sequence.

        This job is one of them. `key` is the same object for every job of the batch, such as a top-level function. They
        are given as they were submitted: only files are known then, URLs have yet to be fetched. `with_retried`: in a
        batch that retries another one the jobs of that as well, each by its last try.
        """
        ...

    def content(self, checksum: str | None) -> Input:
        """The stored content with this SHA-256, such as a sibling's file."""
        ...

    def scratch_folder(self) -> AbstractAsyncContextManager[Path]:
        """A folder that is gone after the block, whatever a child left in it. Not in memory, as /tmp may be."""
        ...

    async def download(self, *, media_types: Sequence[str] = (), max_bytes: int | None = None) -> None:
        """Fetch the job's `source_url` safely; its content is the job's input from then on.

        It fails with a stable code when the server says that it sends none of `media_types` (empty: anything will do),
        or when more than `max_bytes` come (None: the installation's limit of a file).
        """
        ...

    async def in_child(
        self,
        function: Callable[..., T] | str,
        *args: Any,
        memory_bytes: int | None = None,
        cpu_seconds: int | None = None,
        with_others: bool = False,
    ) -> T:
        """Run a blocking or risky top-level function in a sandboxed child; arguments and result are JSON or bytes.

        The child can read what `local_path` gave and write to what `scratch_folder` gave, as long as their blocks last,
        and nothing else of this machine: no other files, network, processes or environment. It sees them under other
        names; a path among the arguments, as a text or Path by itself or in lists and dictionaries, becomes its name.

        A name will do as well, as `package.module:function`: then only the child imports its module, and the result's
        type is the one that it is assigned to. `memory_bytes` is the address space it may add, in place of the setting;
        `cpu_seconds` is the processor time it may use, where that is less than the setting.
        `with_others`: short work, whose child may serve other jobs of the batch too; if it dies, it runs again alone.
        Children are taken by turns between organisations, and what is waited for one is not counted in the step's time.
        """
        ...

    def waiting(self, what: str) -> AbstractContextManager[None]:
        """A block in which the step only waits for others, for a turn say: it is not counted in the step's time.

        `what` completes "waits for ...", and is shown to people. Nothing may be lost when the block is left by
        cancellation: a pause or a cancel of the batch ends it within seconds, and the job is put back.
        """
        ...

    def wait_for(self, awaitable: Awaitable[T]) -> T:
        """In a step that is no coroutine function: what another method gives, as `ctx.wait_for(ctx.save_file(...))`.

        When the attempt is over, at its limit say, it raises, and nothing is done any more.
        """
        ...

    def mark_cached(self) -> None:
        """Say that this job's result was already known."""
        ...

    @property
    def cached(self) -> bool:
        """Whether a step of this job has said so."""
        ...

    def resource(self, kind: type[T]) -> T:
        """What the installation holds of this class for its workloads, such as a client of another system."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A short database transaction of the step's own, for workloads that keep tables."""
        ...


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
    """

    name: str
    run: StepFunction
    max_retries: int = 3
    timeout: float = 300.0
    when: Condition | None = None
    depends_on: tuple[str, ...] = ()
    skip_if_failed: bool = True
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
        if not re.fullmatch(r"[\w.-]{1,40}", self.label):
            raise PipelineNotWellFormed(f"{self.key}: the label {self.label!r} is no word of at most 40 characters")

    def step(
        self,
        *,
        max_retries: int = 3,
        timeout: float = 300.0,
        when: Condition | None = None,
        depends_on: Sequence[str] = (),
        skip_if_failed: bool = True,
    ) -> Callable[[StepFunction], StepFunction]:
        """Add the decorated function as the next step.

        `async def` runs on the event loop, `def` in a thread of its own: see `Step`.

        `when` false: the step is recorded as skipped, in one transaction with the step before it. It is asked as soon
        as that one has ended, and perhaps once more, so it only looks.
        """

        def add(function: StepFunction) -> StepFunction:
            name = getattr(function, "__name__", "")
            step = Step(name, function, max_retries, timeout, when, tuple(depends_on), skip_if_failed)
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
            if step.name in known:
                raise PipelineNotWellFormed(f"{self.key}: the step name {step.name!r} is taken")
            if missing := set(step.depends_on) - known:
                raise PipelineNotWellFormed(
                    f"{self.key}: {step.name} depends on {sorted(missing)}, which do not come before"
                )
            known.add(step.name)

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
