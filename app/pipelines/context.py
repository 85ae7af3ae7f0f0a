"""What a step is given: StepContext, with the batch and the job that it works for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar
from uuid import UUID

import httpx

from app.pipelines.naming import NO_CHOICES, NamingChoices

if TYPE_CHECKING:  # the sandbox's fork server, which has no database, imports workloads: SQLAlchemy is 17 MB
    from sqlalchemy.ext.asyncio import AsyncSession
T = TypeVar("T")
Source = Literal["file", "url", "record"]


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
