"""Takes one content in: writes it to a spool file and computes its identity on the way."""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import suppress
from io import BufferedWriter, FileIO
from pathlib import Path

from app.files.errors import FileTooLarge
from app.files.storage import Spooled, Storage, room, start_writing

WRITTEN_AT_ONCE = 8 * 1024 * 1024
"""Bytes after which the disk is asked to begin: what it has written meanwhile is not waited for at the end."""
WORTH_STARTING = 128 * 1024
"""The disk is not bothered with each of many small files."""


class SpoolWriter:
    """A content being written. Blocking: used in a thread. `close` or `discard` must follow."""

    def __init__(self, storage: Storage, *, max_bytes: int, name: str = "The file") -> None:
        with room():
            self.path: Path = storage.new_spool_file()
            self._file = _create(self.path)
        self._storage = storage
        self._sha256, self._crc32, self.size = hashlib.sha256(), 0, 0
        self._max_bytes, self._name = max_bytes, name
        self._started = 0

    def write(self, data: bytes) -> None:
        """Append; raises FileTooLarge (413) past the limit, and DiskNearlyFull (507)."""
        self.size += len(data)
        if self.size > self._max_bytes:
            raise FileTooLarge(f"{self._name} is larger than {self._max_bytes:,} bytes.")
        self._sha256.update(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self._storage.grow(len(data))
        with room():
            self._file.write(data)
            if self.size - self._started >= WRITTEN_AT_ONCE:
                self._start_writing()

    def _start_writing(self) -> None:
        self._file.flush()
        start_writing(self._file.fileno(), self._started)
        self._started = self.size

    def close(self) -> Spooled:
        with room():
            if self.size >= WORTH_STARTING:
                self._start_writing()
            self._file.close()
        return Spooled(self.path, self._sha256.hexdigest(), self._crc32, self.size)

    def discard(self) -> None:
        with suppress(OSError):  # what is still buffered may not fit on the disk
            self._file.close()
        self.path.unlink(missing_ok=True)


def spool_bytes(storage: Storage, data: bytes) -> Spooled:
    """Spool a content that is already in memory. Blocking."""
    storage.grow(len(data))
    path = storage.new_spool_file()
    try:
        with room(), _create(path) as file:
            file.write(data)
            if len(data) >= WORTH_STARTING:
                start_writing(file.fileno(), 0)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Spooled(path, hashlib.sha256(data).hexdigest(), zlib.crc32(data), len(data))


def _create(path: Path) -> BufferedWriter:
    """A new file for the user of the service alone."""
    return BufferedWriter(FileIO(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"), 256 * 1024)
