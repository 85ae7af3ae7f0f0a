"""Takes one content in: writes it to a spool file and computes its identity on the way."""

from __future__ import annotations

import hashlib
import os
import zlib
from contextlib import suppress
from pathlib import Path

from app.files.disk import start_writing
from app.files.errors import FileTooLarge
from app.files.storage import Spooled, Storage

WRITTEN_AT_ONCE = 8 * 1024 * 1024
"""Bytes after which the disk is asked to begin: what it has written meanwhile is not waited for at the end."""
WORTH_STARTING = 128 * 1024
"""The disk is not bothered with each of many small files."""
HELD = 256 * 1024
"""Bytes that are written to the file at a time."""


class SpoolWriter:
    """A content being written. Blocking: used in a thread. `close` or `discard` must follow.

    What is smaller than `HELD` is held until `close`, which makes its file by one call and writes it by another.
    """

    def __init__(self, storage: Storage, *, max_bytes: int, name: str = "The file") -> None:
        self._storage = storage
        self.path: Path = storage.new_spool_file()
        self._handle: int | None = None
        self._held: bytes | bytearray = b""
        self._sha256, self._crc32, self.size = hashlib.sha256(), 0, 0
        self._max_bytes, self._name = max_bytes, name
        self._started, self._is_made = 0, False

    def write(self, data: bytes) -> None:
        """Append; raises FileTooLarge (413) past the limit, and an Outage."""
        self.size += len(data)
        if self.size > self._max_bytes:
            raise FileTooLarge(f"{self._name} is larger than {self._max_bytes:,} bytes.")
        self._sha256.update(data)
        self._crc32 = zlib.crc32(data, self._crc32)
        self._storage.grow(len(data))
        if not self._held:
            self._held = data
        else:
            if isinstance(self._held, bytes):
                self._held = bytearray(self._held)
            self._held += data
        if len(self._held) >= HELD:
            with self._storage.disk():
                self._flush()
                if self.size - self._started >= WRITTEN_AT_ONCE:
                    self._start_writing()

    def _flush(self) -> None:
        if self._handle is None:
            self._handle = _create(self.path)
            self._is_made = True
        _write_all(self._handle, self._held)
        self._held = b""

    def _start_writing(self) -> None:
        assert self._handle is not None
        start_writing(self._handle, self._started)
        self._started = self.size

    def close(self) -> Spooled:
        """The whole content in its file; raises an Outage."""
        with self._storage.disk():
            self._flush()
            if self.size >= WORTH_STARTING:
                self._start_writing()
            self._close()
        return Spooled(self.path, self._sha256.hexdigest(), self._crc32, self.size)

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)

    def discard(self) -> None:
        """Remove what was written, unless storage took it."""
        self._held = b""
        with suppress(OSError):
            self._close()
        if self._is_made:
            with suppress(OSError):
                os.unlink(self.path)


def spool_bytes(storage: Storage, data: bytes) -> Spooled:
    """Spool a content that is already in memory. Blocking."""
    writer = SpoolWriter(storage, max_bytes=len(data))
    try:
        writer.write(data)
        return writer.close()
    except BaseException:
        writer.discard()
        raise


def _create(path: Path) -> int:
    """A new file for the user of the service alone."""
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)


def _write_all(handle: int, data: bytes | bytearray) -> None:
    written = os.write(handle, data) if data else 0
    while written < len(data):  # a disk that is nearly full takes a part
        written += os.write(handle, memoryview(data)[written:])
