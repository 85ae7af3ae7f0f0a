"""Where contents live: a local folder or a bucket, each object written once under its SHA-256 and never changed."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import fcntl
import itertools
import logging
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from app.files.blocks import CHUNK, Stored, fetch_blocks, read_blocks
from app.files.errors import ContentMissing, DiskNearlyFull, StorageUnavailable, StoreNotKnown
from app.kit.private_folders import PRIVATE, make_private

log = logging.getLogger("tranche.files")
RESERVE_BYTES, RESERVE_SHARE = 1024**3, 0.05
"""Space that uploads must leave free, so that they cannot stop the database, which writes to the same disk."""
LOW_BYTES, LOW_SHARE = 10 * 1024**3, 0.15
"""With less than this, and than that share of the disk, there is soon no room."""
STEPS = 200
"""Whoever uploads learns of the free space in steps of this fraction of the disk. Finer ones would tell, by what an
upload takes, whether another organisation has the same content."""
DiskState = Literal["ok", "low", "full"]
CHECK_EVERY = 4 * CHUNK
"""Bytes between two looks at the free space: a chunked body does not say beforehand how much it will need."""
PUTS_AT_ONCE = 16
"""A bucket answers each in tens of milliseconds: 10,000 small files one after the other would take minutes."""
LOOK_SECONDS = 5
BUCKET: Any = {
    "client_options": {"connect_timeout": "5s", "timeout": "60s", "allow_http": True},
    "retry_config": {"max_retries": 4, "retry_timeout": timedelta(seconds=30)},
}
"""Patience with a bucket: a request waits about that long before it is told that the store does not answer. One in the
next rack may speak plain HTTP; its address says so."""


@contextmanager
def room() -> Iterator[None]:
    """What the system says when the disk is full after all, as DiskNearlyFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskNearlyFull("There is no room on the disk. Nothing was stored.") from error
        raise


@contextmanager
def _reaching(key: str) -> Iterator[None]:
    """What the store says, as ContentMissing or StorageUnavailable."""
    try:
        yield
    except FileNotFoundError as error:  # obstore's NotFoundError is one
        raise ContentMissing(f"The content {key} is missing.") from error
    except BaseError as error:
        log.error("the file store refused or did not answer: %s", _first_line(error))
        raise StorageUnavailable("The file store does not answer.") from error


def _bucket(url: str) -> ObjectStore:
    try:
        return from_url(url, **BUCKET)
    except (BaseError, ValueError) as error:
        raise StoreNotKnown(f"TRANCHE_STORAGE_URL cannot be used: {_first_line(error)}") from None


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0]  # the rest is for obstore's own developers


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
        self._store: ObjectStore = LocalStore(local) if local else _bucket(url or "")
        self._spool: Path | None = None
        self._lock: int | None = None
        self._grown = 0
        self._numbers = itertools.count(1)

    async def start(self) -> None:
        """Make a spool folder of this process's own, and clear those that dead processes left."""
        await asyncio.to_thread(self._open_spool)
        # A wrong name or key is told now, not by the first upload; the service starts all the same.
        if trouble := await self.find_trouble():
            log.error("the file store does not answer; uploads fail until it does: %s", trouble)

    async def find_trouble(self) -> str | None:
        """Why the bucket cannot be used at the moment; None when it can, or when there is none."""
        if self.root is None:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    async for _ in obstore.list(self._store):
                        break
            except (BaseError, FileNotFoundError, TimeoutError) as error:
                return _first_line(error)
        return None

    async def stop(self) -> None:
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
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=self._spool_folder()))
        try:
            yield folder
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))

    def _spool_folder(self) -> Path:
        if self._spool is None:
            raise RuntimeError("storage is not started")
        return self._spool

    def check_space(self, wanted: int) -> None:
        """Raise DiskNearlyFull (507) unless `wanted` more bytes leave the reserve free."""
        for folder in {self.incoming, self.root or self.incoming}:
            free, total = _rounded(folder)
            if free - wanted < min(RESERVE_BYTES, total * RESERVE_SHARE):
                raise DiskNearlyFull(f"There is no room for {wanted:,} more bytes. Nothing was stored.")

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
            with _reaching(file.key):
                await obstore.put_async(self._store, file.key, file.path)
            file.path.unlink(missing_ok=True)

    def _store_locally(self, files: Sequence[Spooled]) -> None:
        assert self.root
        with room():
            self._move(files, self.root)

    def _move(self, files: Sequence[Spooled], root: Path) -> None:
        # One syncfs for many files costs what two fsyncs do; for a few, fsync touches less of the disk.
        if len(files) > 2:
            _sync_filesystem(self.incoming)
        else:
            for file in files:
                _sync_path(file.path)
        folders = {str(root)}
        for file in files:
            target = f"{root}/{file.key}"  # texts, because paths took longer than the renaming
            first, second = target[:_FIRST_FOLDER], target[:_SECOND_FOLDER]
            if second not in folders:
                for folder in (first, second):
                    with suppress(FileExistsError):
                        os.mkdir(folder, PRIVATE)
                folders |= {first, second}
            os.replace(file.path, target)
        if len(folders) > 3:
            _sync_filesystem(root)
        else:
            for folder in folders:
                _sync_path(Path(folder))

    async def size(self, key: str) -> int:
        """How many bytes a content has; raises ContentMissing."""
        with _reaching(key):
            return (await obstore.head_async(self._store, key))["size"]

    async def written_at(self, key: str) -> datetime | None:
        """When a content was written last; None when it is not there."""
        try:
            with _reaching(key):
                written: datetime = (await obstore.head_async(self._store, key))["last_modified"]
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
        async for block in self.blocks(iter([Stored(key, start, await self.size(key) if end is None else end)])):
            yield block

    def blocks(self, pieces: Iterator[bytes | Stored]) -> AsyncIterator[bytes]:
        """Pieces one after the other, gathered to blocks of about 1 MiB; raises ContentMissing.

        From a local folder by system calls: through the store's own, 10,000 contents of 10 KB came with 13 MB/s where
        this reaches 700 (measured).
        """
        return read_blocks(self.root, pieces) if self.root else fetch_blocks(self._fetch, pieces)

    async def _fetch(self, part: Stored) -> bytes:
        with _reaching(part.key):
            return bytes(await obstore.get_range_async(self._store, part.key, start=part.start, end=part.end))

    @asynccontextmanager
    async def local_path(self, key: str) -> AsyncIterator[Path]:
        """A path with the content: the stored file itself, or a copy that goes away with the block."""
        if self.root:
            path = self.root / key
            if not path.exists():
                raise ContentMissing(f"the content {key} is missing")
            yield path
            return
        copy = self.new_spool_file()
        try:
            with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
                async for chunk in self.chunks(key):
                    await asyncio.to_thread(target.write, chunk)
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    async def list_keys(self, prefix: str, before: datetime) -> list[str]:
        """Keys that start with `prefix` and were written before a time."""
        found: list[str] = []
        with _reaching(prefix):
            async for page in obstore.list(self._store, prefix):
                found += [item["path"] for item in page if item["last_modified"] < before]
        return found

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete contents; those already gone are no error."""
        for some in ([key] for key in keys) if self.root else [list(keys)]:  # a bucket takes a thousand at once
            with suppress(ContentMissing), _reaching(", ".join(some[:1])):
                await obstore.delete_async(self._store, some)

    def disk_state(self) -> DiskState:
        """Whether there is room for uploads, as everybody may know it."""
        free, total = min(_rounded(folder) for folder in {self.incoming, self.root or self.incoming})
        if free < min(RESERVE_BYTES, total * RESERVE_SHARE):
            return "full"
        return "low" if free < min(LOW_BYTES, total * LOW_SHARE) else "ok"

    def disk_usage(self) -> tuple[int, int]:
        """Free and total bytes of the disk that takes uploads."""
        disk = shutil.disk_usage(self.root or self.incoming)
        return disk.free, disk.total


def _rounded(folder: Path) -> tuple[int, int]:
    """Free bytes of the folder's disk, rounded down to a step, and all of them."""
    disk = shutil.disk_usage(folder)
    return disk.free - disk.free % max(1, disk.total // STEPS), disk.total


def _sync_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_filesystem(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        if _LIBC.syncfs(handle) != 0:
            raise OSError(ctypes.get_errno(), "syncfs failed")
    finally:
        os.close(handle)


def start_writing(handle: int, offset: int) -> None:
    """Ask the system to begin writing a file to the disk from `offset` on, without waiting for it. Promises nothing."""
    if hasattr(_LIBC, "sync_file_range"):
        _LIBC.sync_file_range(handle, ctypes.c_int64(offset), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


_SYNC_FILE_RANGE_WRITE = 2
_LIBC = ctypes.CDLL(None, use_errno=True)
