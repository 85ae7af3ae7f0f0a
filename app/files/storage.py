"""Where contents live: a local folder or a bucket, each object written once under its SHA-256 and never changed."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore

from app.files.blocks import CHUNK, Stored, fetch_blocks, read_blocks
from app.files.buckets import open_bucket
from app.files.disk import DiskState, free_space, reserve_of, room_of, sync_filesystem, sync_path
from app.files.errors import ContentMissing, DiskNearlyFull
from app.files.storage_outages import SENTENCES, problem_of, trouble_of
from app.kit.availability import Availability, Trouble, has_passed, outlast
from app.kit.outage import Outage
from app.kit.private_folders import PRIVATE, make_private

log = logging.getLogger("tranche.files")
THE_STORAGE = "the storage"
"""What those wait for that wait for it."""
T = TypeVar("T")
CHECK_EVERY = 4 * CHUNK
"""Bytes between two looks at the free space: a chunked body does not say beforehand how much it will need."""
PUTS_AT_ONCE = 16
"""A bucket answers each in tens of milliseconds: 10,000 small files one after the other would take minutes."""
LOOK_SECONDS = 5
_FIRST_FOLDER, _SECOND_FOLDER = -len(f"/cd/{64 * 'x'}"), -len(f"/{64 * 'x'}")
"""Where the names of a content's folders end in its path, counted from its end."""


def content_key(sha256: str) -> str:
    """Where the content with this SHA-256 (hex) lives, below the root of the store."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


@dataclass(frozen=True, slots=True)
class Spooled:
    """A content that has arrived in a local file, with what was computed on the way."""

    path: Path
    sha256: str
    crc32: int
    size: int

    @property
    def key(self) -> str:
        return content_key(self.sha256)


class Storage:
    """Contents by key. `url` None or `file:` is a local folder; anything else is a bucket that obstore understands."""

    def __init__(self, home: Path, url: str | None) -> None:
        local = home.absolute() / "files" if url is None else Path(url[7:]) if url.startswith("file://") else None
        self.root = local
        # On the filesystem of the store: contents move from one to the other by renaming.
        self.incoming = (local if local and url else home.absolute()) / "incoming"
        if local:
            make_private(local)
        self._store: ObjectStore = LocalStore(local) if local else open_bucket(url or "")
        self._spool: Path | None = None
        self._lock: int | None = None
        self._grown = 0
        self._numbers = itertools.count(1)
        self._is_used = False
        self.availability = Availability(THE_STORAGE, SENTENCES, self._probe)

    async def start(self) -> None:
        """Make a spool folder of this process's own, and clear those that dead processes left."""
        await self.availability.start()
        await asyncio.to_thread(self._open_spool)
        # A wrong name or key is told now, not by the first upload; the service starts all the same.
        if trouble := await self.find_trouble():
            self.availability.report(trouble, trouble_of(trouble))

    async def find_trouble(self) -> OSError | BaseError | None:
        """Why the bucket cannot be used at the moment; None when it can, or when there is none."""
        if self.root is None:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    async for _ in obstore.list(self._store):
                        break
            except (BaseError, OSError) as error:  # a timeout is one of these
                return error
        return None

    async def _probe(self, trouble: Trouble) -> None:
        """Raises while nothing can be stored."""
        if error := await self.find_trouble():
            raise error
        if self.root:
            await asyncio.to_thread(self._try_disk)

    def _try_disk(self) -> None:
        self.check_space(0)
        self._check_root()
        path = self.new_spool_file()
        try:
            path.write_bytes(b"is there room?")
            sync_path(path)
        finally:
            path.unlink(missing_ok=True)

    def _check_root(self) -> None:
        """Raises OSError where the folder is not there, or lost all it had: then its disk is not mounted."""
        if self.root:
            with os.scandir(self.root) as entries:
                is_used = any(entries)
            if self._is_used and not is_used:
                raise OSError(errno.ENODEV, "the folder is empty, as a disk's is that is not mounted", str(self.root))
            self._is_used = is_used

    @contextmanager
    def disk(self) -> Iterator[None]:
        """A block that writes or reads local files: what the system says of the disk is raised as an Outage."""
        try:
            yield
        except OSError as error:
            raise self._outage(error) from error

    def _outage(self, error: OSError | BaseError) -> Outage:
        trouble = trouble_of(error)
        self.availability.report(error, trouble)
        return problem_of(trouble, self.availability)

    async def _ask(self, key: str, answer: Awaitable[T]) -> T:
        """What the store answers; raises ContentMissing, or an Outage."""
        try:
            return await answer
        except FileNotFoundError as error:  # obstore's NotFoundError is one
            raise await self._missing(key, error) from error
        except (BaseError, OSError) as error:
            raise self._outage(error) from error

    async def _missing(self, key: str, error: OSError) -> Exception:
        """Whether one content is missing, or the whole store."""
        try:
            await asyncio.to_thread(self._check_root)
        except OSError as lost:
            return self._outage(lost)
        if trouble := await self.find_trouble():
            return self._outage(trouble)
        log.error("the content %s is missing", key)
        return ContentMissing("The content is missing.")

    async def stop(self) -> None:
        await self.availability.stop()
        if self._spool:
            await asyncio.to_thread(shutil.rmtree, self._spool, True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open_spool(self) -> None:
        make_private(self.incoming)
        for folder in self.incoming.iterdir():
            with suppress(OSError):
                handle = os.open(folder / "lock", os.O_RDWR)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its owner is gone
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(handle)
        self._spool = Path(tempfile.mkdtemp(dir=self.incoming))
        self._lock = os.open(self._spool / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def new_spool_file(self) -> Path:
        """A path for a content on its way in, on the filesystem of the local store; nothing is there yet.

        The folder is this process's own, so a number is a name; `tempfile` took longer than to write 100 KB.
        """
        return self._spool_folder() / f"{next(self._numbers)}"

    @asynccontextmanager
    async def scratch_folder(self) -> AsyncIterator[Path]:
        """A folder that is gone after the block; what a killed process leaves is cleared by the next start."""
        folder = await outlast(self._make_scratch_folder)
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    async def _make_scratch_folder(self) -> Path:
        with self.disk():
            return Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._spool_folder()))

    def _spool_folder(self) -> Path:
        if self._spool is None:
            raise RuntimeError("storage is not started")
        return self._spool

    def check_space(self, wanted: int) -> None:
        """Raise DiskNearlyFull (507) unless `wanted` more bytes leave the reserve free."""
        for folder in {self.incoming, self.root or self.incoming}:
            with self.disk():
                free, total = free_space(folder)
            if free - wanted < reserve_of(total):
                full = DiskNearlyFull(f"There is no room for {wanted:,} more bytes. Nothing was stored.")
                if wanted:  # what is too large may be the body
                    raise full
                self.availability.report(full, "full")
                raise full.because_of(self.availability)

    def grow(self, size: int) -> None:
        """Note that the spool grows; every now and then, check the space."""
        self._grown += size
        if self._grown >= CHECK_EVERY:
            self._grown = 0
            self.check_space(0)

    async def store(self, files: Sequence[Spooled]) -> None:
        """Make spooled contents durable under their keys. Afterwards they survive a power cut; the spool is empty."""
        if self.root:
            await asyncio.to_thread(self._store_locally, files)
        else:
            waiting = iter(files)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(len(files), PUTS_AT_ONCE)):
                        group.create_task(self._put(waiting))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed

    async def _put(self, waiting: Iterator[Spooled]) -> None:
        # Written even if it is there already: a fresh date keeps it from being collected before its row commits.
        for file in waiting:
            await self._ask(file.key, obstore.put_async(self._store, file.key, file.path))
            file.path.unlink(missing_ok=True)

    def _store_locally(self, files: Sequence[Spooled]) -> None:
        assert self.root
        with self.disk():
            self._check_root()
            self._move(files, self.root)
            self._is_used = True

    def _move(self, files: Sequence[Spooled], root: Path) -> None:
        # One syncfs for many files costs what two fsyncs do; for a few, fsync touches less of the disk.
        if len(files) > 2:
            sync_filesystem(self.incoming)
        else:
            for file in files:
                sync_path(file.path)
        folders = {str(root)}
        for file in files:
            target = f"{root}/{file.key}"  # texts, because paths took longer than the renaming
            first, second = target[:_FIRST_FOLDER], target[:_SECOND_FOLDER]
            for folder in (first, second):
                if folder not in folders:
                    with suppress(FileExistsError):
                        os.mkdir(folder, PRIVATE)
                    folders.add(folder)
            os.replace(file.path, target)
        if len(folders) > 3:
            sync_filesystem(root)
        else:
            for folder in folders:
                sync_path(Path(folder))

    def note_full(self, error: Exception) -> Outage:
        """What to raise for the disk of the scratch folders, which a child found full."""
        self.availability.report(error, "full")
        return problem_of("full", self.availability)

    async def size(self, key: str) -> int:
        """How many bytes a content has; raises ContentMissing."""
        return (await outlast(lambda: self._ask(key, obstore.head_async(self._store, key))))["size"]

    async def written_at(self, key: str) -> datetime | None:
        """When a content was written last; None when it is not there."""
        try:
            written: datetime = (await self._ask(key, obstore.head_async(self._store, key)))["last_modified"]
        except ContentMissing:
            return None
        return written

    async def exists(self, key: str) -> bool:
        try:
            await self.size(key)
        except ContentMissing:
            return False
        return True

    async def chunks(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) of a content, in pieces of about 1 MiB; raises ContentMissing."""
        at, last, tries = start, await self.size(key) if end is None else end, 0
        while True:
            try:
                async with aclosing(self.blocks(iter([Stored(key, at, last)]))) as blocks:
                    async for block in blocks:
                        at, tries = at + len(block), 0
                        yield block
                return
            except Outage as error:
                tries += 1
                if not await has_passed(error, tries):
                    raise

    def blocks(self, pieces: Iterator[bytes | Stored]) -> AsyncGenerator[bytes, None]:
        """Pieces one after the other, gathered to blocks of about 1 MiB; raises ContentMissing.

        From a local folder by system calls: through the store's own, 10,000 contents of 10 KB came with 13 MB/s where
        this reaches 700 (measured).
        """
        return self._read_blocks(self.root, pieces) if self.root else fetch_blocks(self._fetch, pieces)

    async def _read_blocks(self, root: Path, pieces: Iterator[bytes | Stored]) -> AsyncGenerator[bytes, None]:
        async with self.reading(), aclosing(read_blocks(root, pieces)) as blocks:
            async for block in blocks:
                yield block

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """A block that reads contents of a local folder; raises ContentMissing, or an Outage."""
        try:
            yield
        except FileNotFoundError as error:
            raise await self._missing(str(error.filename), error) from error
        except OSError as error:
            raise self._outage(error) from error

    async def _fetch(self, part: Stored) -> bytes:
        def get() -> Awaitable[obstore.Bytes]:
            part_of = obstore.get_range_async(self._store, part.key, start=part.start, end=part.end)
            return self._ask(part.key, part_of)

        return bytes(await outlast(get))

    @asynccontextmanager
    async def local_path(self, key: str) -> AsyncIterator[Path]:
        """A path with the content: the stored file itself, or a copy that goes away with the block."""
        if self.root:
            await self.size(key)
            yield self.root / key
            return
        copy = self.new_spool_file()
        try:
            await outlast(partial(self._copy, key, copy))
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    async def _copy(self, key: str, path: Path) -> None:
        with self.disk(), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            async for chunk in self.chunks(key):
                await asyncio.to_thread(target.write, chunk)

    async def list_keys(self, prefix: str, before: datetime) -> list[str]:
        """Keys that start with `prefix` and were written before a time."""
        found: list[str] = []

        async def look() -> None:
            async for page in obstore.list(self._store, prefix):
                found.extend(item["path"] for item in page if item["last_modified"] < before)

        with suppress(ContentMissing):  # of a folder, which is made with its first content
            await self._ask(prefix, look())
        return found

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete contents; those already gone are no error."""
        for some in ([key] for key in keys) if self.root else [list(keys)]:  # a bucket takes a thousand at once
            with suppress(ContentMissing):
                await self._ask(", ".join(some[:1]), obstore.delete_async(self._store, some))

    def disk_state(self) -> DiskState:
        """Whether there is room for uploads, as everybody may know it."""
        if self.availability.trouble == "full":
            return "full"
        with self.disk():
            free, total = min(free_space(folder) for folder in {self.incoming, self.root or self.incoming})
        return room_of(free, total)

    def disk_usage(self) -> tuple[int, int]:
        """Free and total bytes of the disk that takes uploads."""
        with self.disk():
            disk = shutil.disk_usage(self.root or self.incoming)
        return disk.free, disk.total
