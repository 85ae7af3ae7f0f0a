"""Where contents live: a local folder or a bucket, each object written once under its SHA-256 and never changed."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import obstore
from obstore.exceptions import NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from app.kit.errors import InsufficientStorage, Problem

CHUNK = 1024 * 1024
RESERVE_BYTES, RESERVE_SHARE = 1024**3, 0.05
"""Space that uploads must leave free, so that they cannot stop the database (promise R8)."""
_SMALLEST_READ = CHUNK // 16
CHECK_EVERY = 4 * CHUNK
"""Bytes between two looks at the free space: a chunked body does not say beforehand how much it will need."""


class ContentMissing(Problem):
    """A row names a content that storage does not hold."""

    status, code, title = 500, "content_missing", "Content missing"


class DiskNearlyFull(InsufficientStorage):
    code, title = "disk_nearly_full", "Disk nearly full"


@contextmanager
def room() -> Iterator[None]:
    """What the system says when the disk is full after all, as DiskNearlyFull."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskNearlyFull("There is no room on the disk. Nothing was stored.") from error
        raise


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


class Stored(NamedTuple):
    """The bytes [start, end) of a content."""

    key: str
    start: int
    end: int


class Storage:
    """Contents by key. `url` None or `file:` is a local folder; anything else is what obstore understands."""

    def __init__(self, home: Path, url: str | None) -> None:
        local = home.absolute() / "files" if url is None else Path(url[7:]) if url.startswith("file://") else None
        self.root = local
        # On the filesystem of the store: contents move from one to the other by renaming.
        self.incoming = (local if local and url else home.absolute()) / "incoming"
        if local:
            local.mkdir(parents=True, exist_ok=True)
        self._store: ObjectStore = LocalStore(local) if local else from_url(url or "")
        self._spool: Path | None = None
        self._lock: int | None = None
        self._grown = 0

    async def start(self) -> None:
        """Make a spool folder of this process's own, and clear those that dead processes left."""
        await asyncio.to_thread(self._open_spool)

    async def stop(self) -> None:
        if self._spool:
            await asyncio.to_thread(shutil.rmtree, self._spool, True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open_spool(self) -> None:
        self.incoming.mkdir(parents=True, exist_ok=True)
        for folder in self.incoming.iterdir():
            with suppress(OSError):
                handle = os.open(folder / "lock", os.O_RDWR)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its owner is gone
                    shutil.rmtree(folder, ignore_errors=True)
                finally:
                    os.close(handle)
        self._spool = Path(tempfile.mkdtemp(dir=self.incoming))
        self._lock = os.open(self._spool / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def new_spool_file(self) -> Path:
        """A path for a content on its way in, on the filesystem of the local store."""
        if self._spool is None:
            raise RuntimeError("storage is not started")
        handle, path = tempfile.mkstemp(dir=self._spool)
        os.close(handle)
        return Path(path)

    def check_space(self, wanted: int) -> None:
        """Raise DiskNearlyFull (507) unless `wanted` more bytes leave the reserve free."""
        for folder in {self.incoming, self.root or self.incoming}:
            disk = shutil.disk_usage(folder)
            reserve = min(RESERVE_BYTES, disk.total * RESERVE_SHARE)
            if disk.free - wanted < reserve:
                raise DiskNearlyFull(f"There is no room for {wanted:,} more bytes. Nothing was stored.")

    def grow(self, size: int) -> None:
        """Note that the spool grows; every now and then, check the space."""
        self._grown += size
        if self._grown >= CHECK_EVERY:
            self._grown = 0
            self.check_space(0)

    async def adopt(self, files: Sequence[Spooled]) -> None:
        """Make spooled contents durable under their keys. Afterwards they survive a power cut; the spool is empty."""
        if self.root:
            await asyncio.to_thread(self._adopt_locally, files)
            return
        for file in files:
            # Written even if it is there already: a fresh date keeps it from being collected before its row commits.
            await obstore.put_async(self._store, file.key, file.path)
            file.path.unlink(missing_ok=True)

    def _adopt_locally(self, files: Sequence[Spooled]) -> None:
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
        folders = set()
        for file in files:
            target = root / file.key
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(file.path, target)
            folders |= {target.parent, target.parent.parent, root}
        if len(folders) > 3:
            _sync_filesystem(root)
        else:
            for folder in folders:
                _sync_path(folder)

    async def exists(self, key: str) -> bool:
        try:
            await obstore.head_async(self._store, key)
        except (FileNotFoundError, NotFoundError):
            return False
        return True

    async def chunks(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end) of a content, in pieces of about 1 MiB; raises ContentMissing."""
        try:
            if start or end is not None:
                options: obstore.GetOptions = {"range": {"offset": start} if end is None else (start, end)}
                found = await obstore.get_async(self._store, key, options=options)
            else:
                found = await obstore.get_async(self._store, key)
        except (FileNotFoundError, NotFoundError) as error:
            raise ContentMissing(f"the content {key} is missing") from error
        async for chunk in found.stream(min_chunk_size=CHUNK):
            yield bytes(chunk)

    async def blocks(self, pieces: Iterator[bytes | Stored]) -> AsyncIterator[bytes]:
        """Pieces one after the other, gathered to blocks of about 1 MiB; raises ContentMissing.

        From a local folder a thread gathers the next block while the one before is on its way: through the store's own
        calls, a content of 10 KB each, it was 24 MB/s where this is 230 (measured side by side on a busy machine).
        """
        if self.root is None:
            async for block in self._fetched_blocks(pieces):
                yield block
            return
        gathering = _gather(self.root, pieces)
        coming = asyncio.ensure_future(asyncio.to_thread(next, gathering, b""))
        try:
            while block := await asyncio.shield(coming):
                coming = asyncio.ensure_future(asyncio.to_thread(next, gathering, b""))
                yield block
        finally:
            # Whoever hangs up leaves the thread at work: the file it reads is closed when it comes back.
            coming.add_done_callback(partial(_close, gathering))

    async def _fetched_blocks(self, pieces: Iterator[bytes | Stored]) -> AsyncIterator[bytes]:
        gathered = bytearray()
        for piece in pieces:
            if isinstance(piece, bytes):
                gathered += piece
            else:
                async for chunk in self.chunks(*piece):
                    gathered += chunk
                    if len(gathered) >= CHUNK:
                        yield bytes(gathered)
                        gathered = bytearray()
        if gathered:
            yield bytes(gathered)

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
            with copy.open("wb") as target:
                async for chunk in self.chunks(key):
                    await asyncio.to_thread(target.write, chunk)
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    async def list_keys(self, prefix: str, before: datetime) -> list[str]:
        """Keys that start with `prefix` and were written before a time."""
        found: list[str] = []
        async for page in obstore.list(self._store, prefix):
            found += [item["path"] for item in page if item["last_modified"] < before]
        return found

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete contents; those already gone are no error."""
        for key in keys:
            with suppress(FileNotFoundError, NotFoundError):
                await obstore.delete_async(self._store, key)

    def disk_usage(self) -> tuple[int, int]:
        """Free and total bytes of the disk that takes uploads."""
        disk = shutil.disk_usage(self.root or self.incoming)
        return disk.free, disk.total


def _gather(root: Path, pieces: Iterator[bytes | Stored]) -> Generator[bytes, None, None]:
    parts, room = [], CHUNK
    for piece in pieces:
        if isinstance(piece, bytes):
            parts.append(piece)
            room -= len(piece)
            continue
        key, at, end = piece
        try:
            handle = os.open(f"{root}/{key}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise ContentMissing(f"the content {key} is missing") from error
        try:
            if at:
                os.lseek(handle, at, os.SEEK_SET)
            while at < end:
                if room <= 0:
                    yield b"".join(parts)
                    parts, room = [], CHUNK
                part = os.read(handle, min(end - at, max(room, _SMALLEST_READ)))
                if not part:
                    raise ContentMissing(f"the content {key} is shorter than it was")
                parts.append(part)
                at += len(part)
                room -= len(part)
        finally:
            os.close(handle)
    if parts:
        yield b"".join(parts)


def _close(gathering: Generator[bytes, None, None], done: asyncio.Future[bytes]) -> None:
    if not done.cancelled():
        done.exception()  # told to whoever reads on, or to nobody
    gathering.close()


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


_LIBC = ctypes.CDLL(None, use_errno=True)
