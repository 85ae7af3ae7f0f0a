"""What a step is given while it runs: the StepContext of `pipelines/contract.py`, backed by our storage and tables."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import UUID

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.repository import find_output
from app.connections.outbound import OutboundClients
from app.files import service as file_service
from app.files.errors import ContentMissing
from app.files.fetch import fetch
from app.files.names import display_name, guess_media_type
from app.files.service import NewFile
from app.files.storage import Storage, content_key
from app.kit.availability import outlast
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.errors import DiskNearlyFull as ScratchDiskFull
from app.kit.sandbox.sandbox import Sandbox
from app.kit.secrets.sealing import Sealer
from app.kit.tracing import span
from app.kit.turns import Party
from app.pipelines.contract import BatchInfo, JobInfo, OnSuccess, Step
from app.pipelines.registry import Registry
from app.runner.deadlines import Clock
from app.runner.result_file_repository import NotHeld, Owner, ResultFile
from app.runner.result_files import ResultFiles
from app.runner.siblings import Siblings
from app.runner.step_results import without_texts

T = TypeVar("T")
REPORT_INTERVAL: Final = 0.25
"""At most four progress events a second for each job."""
A_READER: Final = "a reader process"


class JobFenced(Exception):
    """The job was taken over by another attempt, or is no longer running: stop quietly, write nothing more."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What steps are given to work with, shared by every job of the process."""

    database: Database
    storage: Storage
    sandbox: Sandbox
    registry: Registry
    clients: OutboundClients
    max_file_bytes: int
    sealer: Sealer
    siblings: Siblings
    result_files: ResultFiles
    find: Callable[[type[Any]], Any]
    """What workloads need besides, by class; raises LookupError."""
    expiring: Sequence[Callable[[AsyncSession], Awaitable[int]]] = ()
    """Each removes rows of a workload whose time is over, and says how many; called once a minute."""
    share: OnSuccess | None = None
    """Runs for each job that completes in a batch with result codes, in the transaction that completes it."""


class StoredInput:
    """The content of the job's file."""

    def __init__(self, storage: Storage, checksum: str | None, lent: dict[str, int]) -> None:
        self._storage, self._checksum, self._lent = storage, checksum, lent

    def _key(self) -> str:
        if self._checksum is None:
            raise ContentMissing("this job has no file")
        return content_key(self._checksum)

    def chunks(self) -> AsyncIterator[bytes]:
        return self._storage.chunks(self._key())

    @asynccontextmanager
    async def local_path(self) -> AsyncIterator[Path]:
        async with self._storage.local_path(self._key()) as path:
            with counted(self._lent, path):
                yield path


@contextmanager
def counted(lent: dict[str, int], path: Path) -> Iterator[None]:
    """Among what is lent to children while the block lasts; a path may be lent several times."""
    lent[str(path)] = lent.get(str(path), 0) + 1
    try:
        yield
    finally:
        lent[str(path)] -= 1
        if not lent[str(path)]:
            del lent[str(path)]


_SAVE_OUTPUT = text("""
insert into job_outputs (job_id, name, file_id)
select id, :name, :file_id from jobs where id = :job_id and attempt = :attempt and status = 'running'
on conflict (job_id, name) do update set file_id = excluded.file_id
""")

_LOCK_BATCH = text("select from batches where id = :batch_id for no key update")
# The size of the batch follows that of its job. Only who holds the fence writes here, so the old size is no stale one.
_SET_INPUT = text("""
with before as (
  select id, coalesce(file_size, 0) as size from jobs
  where id = :job_id and attempt = :attempt and status = 'running'
), changed as (
  update jobs j set file_id = :file_id, filename = coalesce(filename, :filename), file_size = :file_size,
    media_type = :media_type, checksum = :checksum
  from before where j.id = before.id
  returning before.size
)
update batches b set total_size = b.total_size + :file_size - changed.size from changed where b.id = :batch_id
""")

Report = Callable[[float | None, str | None], Awaitable[None]]


class RunningStep:
    """The context of one attempt at one step."""

    def __init__(
        self,
        resources: Resources,
        step: Step,
        batch: BatchInfo,
        job: JobInfo,
        params: Any,
        outputs: Mapping[str, Any],
        *,
        pipeline_id: int,
        stage: str | None = None,
        cached: bool = False,
        secrets: Collection[str] = (),
    ) -> None:
        self._resources, self._step, self._pipeline_id = resources, step, pipeline_id
        self.stage = stage or step.name
        self.batch, self.job, self.params, self.outputs = batch, job, params, outputs
        self._lent_files: dict[str, int] = {}
        self._lent_folders: dict[str, int] = {}
        self.cached, self._secrets = cached, secrets
        self.message: str | None = None
        self.send_report: Report | None = None
        self.clock: Clock | None = None
        self._reported_at = 0.0
        self._later: asyncio.Task[None] | None = None
        self._latest: tuple[float | None, str | None] = (None, None)
        self._calls: set[asyncio.Task[Any]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        """Where a step that runs in a thread has done what it asks for."""
        self._is_over = False

    @cached_property
    def input(self) -> StoredInput:
        return self.content(self.job.checksum)

    @property
    def key(self) -> str:
        return f"{self.job.id}:{self.stage}"

    @property
    def http(self) -> httpx.AsyncClient:
        return self._resources.clients.of(self.batch.organisation_id)

    def mark_cached(self) -> None:
        self.cached = True

    def resource(self, kind: type[T]) -> T:
        found: T = self._resources.find(kind)
        return found

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        await outlast(self._resources.database.check)  # rather now than after what the block does outside
        async with self._resources.database.transaction() as session:
            yield session

    async def _outlast(self, operation: Callable[[], Awaitable[T]]) -> T:
        """What an operation of our own gives, over all outages; it is not counted in the step's time."""
        with self.clock.stopped() if self.clock else nullcontext():
            return await outlast(operation)

    async def in_child(
        self,
        function: Callable[..., T] | str,
        *args: Any,
        memory_bytes: int | None = None,
        cpu_seconds: int | None = None,
        with_others: bool = False,
    ) -> T:
        with self._room(), span("child", {"code.function.name": getattr(function, "__qualname__", str(function))}):
            return await self._resources.sandbox.run(
                function,
                *args,
                timeout=self._step.timeout,
                memory_bytes=memory_bytes,
                cpu_seconds=cpu_seconds,
                group=self.batch.id if with_others else None,
                owner=Party(self.batch.organisation_id, self.batch.id),
                lent=Lent(tuple(self._lent_files), tuple(self._lent_folders)),
                waiting=partial(self.waiting, A_READER),
            )

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except ScratchDiskFull as error:
            raise self._resources.storage.note_full(error) from error

    def waiting(self, what: str) -> AbstractContextManager[None]:
        return self.clock.waiting(what) if self.clock else nullcontext()

    def conclude(self, message: str) -> None:
        said = without_texts(self._secrets, message)
        self.message = " ".join(said.replace("\x00", "").split())[:500]

    async def report(self, progress: float | None = None, message: str | None = None) -> None:
        if progress is not None:
            progress = min(1.0, max(0.0, float(progress)))
        if message is not None:
            self.conclude(message)
        self._latest = (progress, self.message)
        wait = self._reported_at + REPORT_INTERVAL - time.monotonic()
        if wait <= 0:
            await self._send()
        elif self._later is None:
            self._later = asyncio.create_task(self._send_later(wait))

    async def _send_later(self, wait: float) -> None:
        await asyncio.sleep(wait)
        self._later = None
        await self._send()

    async def _send(self) -> None:
        self._reported_at = time.monotonic()
        if self.send_report:
            await self.send_report(*self._latest)

    def wait_for(self, awaitable: Awaitable[T]) -> T:
        if self.loop is None or asyncio._get_running_loop() is not None:
            raise RuntimeError("ctx.wait_for is for steps that run in a thread: a coroutine awaits")
        return asyncio.run_coroutine_threadsafe(self._call(awaitable), self.loop).result()

    async def _call(self, awaitable: Awaitable[T]) -> T:
        task = asyncio.current_task()
        assert task
        if self._is_over:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
            raise JobFenced
        self._calls.add(task)
        try:
            return await awaitable
        finally:
            self._calls.discard(task)

    def end(self) -> None:
        """The attempt is over: nothing more may be reported, and a thread that goes on gets nothing more done."""
        self.send_report, self._is_over = None, True
        for task in self._calls:
            task.cancel()
        if self._later:
            self._later.cancel()
            self._later = None

    async def save_file(self, name: str, data: bytes, media_type: str | None = None) -> UUID:
        name = display_name(name)
        return (await self._save({name: ResultFile(guess_media_type(name, media_type), data)}))[name]

    async def save_files(self, files: Mapping[str, bytes], media_types: Mapping[str, str] | None = None) -> None:
        types = media_types or {}
        shown = {display_name(name): (types.get(name), data) for name, data in files.items()}
        await self._save({name: ResultFile(guess_media_type(name, kind), data) for name, (kind, data) in shown.items()})

    async def _save(self, files: Mapping[str, ResultFile]) -> Mapping[str, UUID]:
        owner = Owner(self.batch.organisation_id, self.job.id, self.job.attempt)
        try:
            new_ids = {name: new_id() for name in files}
            return await self._outlast(partial(self._resources.result_files.save, owner, files, new_ids))
        except NotHeld:
            raise JobFenced from None

    async def _name_output(self, name: str, file_id: UUID) -> None:
        values = {"name": name, "file_id": file_id, "job_id": self.job.id, "attempt": self.job.attempt}
        async with self._resources.database.transaction() as session:
            if not getattr(await session.execute(_SAVE_OUTPUT, values), "rowcount", 0):
                raise JobFenced

    async def keep_input(self, name: str) -> UUID:
        if self.job.file_id is None:
            raise ContentMissing("this job has no file")
        await self._outlast(partial(self._name_output, display_name(name), self.job.file_id))
        return self.job.file_id

    async def siblings(self, key: Callable[[str], str], *, with_retried: bool = False) -> Sequence[JobInfo]:
        of, filename = self._resources.siblings.of, self.job.filename or ""
        look = partial(of, self.batch.id, self._pipeline_id, key, filename, with_retried=with_retried)
        return await self._outlast(look)

    def content(self, checksum: str | None) -> StoredInput:
        return StoredInput(self._resources.storage, checksum, self._lent_files)

    @asynccontextmanager
    async def scratch_folder(self) -> AsyncIterator[Path]:
        async with self._resources.storage.scratch_folder() as folder:
            with counted(self._lent_folders, folder):
                yield folder

    async def read_file(self, name: str) -> bytes:
        return await self._outlast(partial(self._read_file, name))

    async def _read_file(self, name: str) -> bytes:
        async with self._resources.database.transaction() as session:
            file = await find_output(session, self.batch.organisation_id, self.job.id, name)
        if file is None:
            raise ContentMissing(f"this job has no result file {name}")
        return b"".join([chunk async for chunk in self._resources.storage.chunks(file.storage_key)])

    async def download(self, *, media_types: Sequence[str] = (), max_bytes: int | None = None) -> None:
        if self.job.source_url is None:
            raise ContentMissing("this job has no URL")
        storage = self._resources.storage
        most = min(max_bytes or self._resources.max_file_bytes, self._resources.max_file_bytes)
        async with fetch(self.http, self.job.source_url, storage, most, media_types) as fetched:
            file = (await self._outlast(partial(file_service.store_contents, storage, [fetched])))[0]
        found: dict[str, Any] = {
            "file_id": file.id,
            "filename": file.name,
            "file_size": file.content.size,
            "media_type": file.media_type,
            "checksum": file.content.sha256,
        }
        await self._outlast(partial(self._set_input, file, found))
        self.job = replace(self.job, **(found | {"filename": self.job.filename or file.name}))
        self.input = self.content(self.job.checksum)

    async def _set_input(self, file: NewFile, found: Mapping[str, Any]) -> None:
        values = {**found, "batch_id": self.batch.id, "job_id": self.job.id, "attempt": self.job.attempt}
        async with self._resources.database.transaction() as session:
            await file_service.add_files(session, self.batch.organisation_id, [file])
            await session.execute(_LOCK_BATCH, {"batch_id": self.batch.id})
            if not getattr(await session.execute(_SET_INPUT, values), "rowcount", 0):
                raise JobFenced
