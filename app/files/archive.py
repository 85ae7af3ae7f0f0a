"""ZIP archives whose bytes are known before the first is sent: contents are stored as they are, with the CRC-32 kept at
upload. So an archive has an exact length and an ETag, and a cut download goes on where it stopped.

Format: PKWARE APPNOTE 6.3.10; ZIP64 fields only where a number needs them.
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from app.files.blocks import Stored
from app.files.names import archive_name, split_suffix
from app.files.storage import Storage

_LIMIT32, _LIMIT16 = 0xFFFFFFFF, 0xFFFF
_UTF8_NAME, _ZIP64_VERSION, _PLAIN_VERSION, _MADE_BY_UNIX = 0x800, 45, 20, 3 << 8
_MODE = 0o100644 << 16
_LOCAL, _RECORD = struct.Struct("<4sHHHHHIIIHH"), struct.Struct("<4sHHHHHHIIIHHHHHII")


class Entry(NamedTuple):
    """One file of an archive. `path` has `/` between its parts, each of them safe to unpack."""

    path: str
    size: int
    crc32: int
    storage_key: str
    modified: datetime


def unique_paths(wanted: Iterable[tuple[str, str]]) -> list[str]:
    """`folder/name` for each pair, made safe, and numbered where two would be one on a system that ignores case or
    how an accent is spelt."""
    taken: set[str] = set()
    paths = []
    for folder, name in wanted:
        safe_folder, safe_name = archive_name(folder), archive_name(name)
        path, number = f"{safe_folder}/{safe_name}", 2
        while (folded := _folded(path)) in taken:
            stem, suffix = split_suffix(safe_name)
            path, number = f"{safe_folder}/{stem} ({number}){suffix}", number + 1
        taken.add(folded)
        paths.append(path)
    return paths


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class Archive:
    """A stored ZIP of the entries, laid out: `size` in bytes, `etag`, and any range of its bytes."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._headers: list[bytes] = []
        self._offsets: list[int] = []
        records = []
        position = 0
        for entry in entries:
            header, record = _headers(entry, position)
            self._headers.append(header)
            self._offsets.append(position)
            records.append(record)
            position += len(header) + entry.size
        self._directory_at = position
        self._directory = _central_directory(records, position)
        self.size = position + len(self._directory)
        self.etag = hashlib.sha256(self._directory).hexdigest()[:32]

    def chunks(self, storage: Storage, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes [start, end), in pieces of about 1 MiB."""
        return storage.blocks(self._pieces(start, self.size if end is None else end))

    def _pieces(self, start: int, end: int) -> Iterator[bytes | Stored]:
        first = max(0, bisect_right(self._offsets, start) - 1)
        for place in range(first, len(self._entries)):
            entry, position = self._entries[place], self._offsets[place]
            if position >= end:
                return
            header = self._headers[place]
            if piece := header[max(0, start - position) : max(0, end - position)]:
                yield piece
            content_at = position + len(header)
            low, high = max(0, start - content_at), min(entry.size, end - content_at)
            if low < high:
                yield Stored(entry.storage_key, low, high)
        if piece := self._directory[max(0, start - self._directory_at) : max(0, end - self._directory_at)]:
            yield piece


def _headers(entry: Entry, offset: int) -> tuple[bytes, bytes]:
    """What stands before an entry's content, and its record in the central directory."""
    path, size, crc32, _, modified = entry
    name = path.encode()
    large, far = size >= _LIMIT32, offset >= _LIMIT32
    short_size, short_offset = min(size, _LIMIT32), min(offset, _LIMIT32)
    local_extra = _extra(size, size) if large else b""
    extra = _extra(*(size, size) * large, *(offset,) * far) if large or far else b""
    time, date = _dos_time(modified)
    of_content = (time, date, crc32, short_size, short_size, len(name))
    version = _ZIP64_VERSION if large else _PLAIN_VERSION
    local = _LOCAL.pack(b"PK\3\4", version, _UTF8_NAME, 0, *of_content, len(local_extra))
    version = _ZIP64_VERSION if extra else _PLAIN_VERSION
    made_by = _MADE_BY_UNIX | version
    record = _RECORD.pack(
        b"PK\1\2", made_by, version, _UTF8_NAME, 0, *of_content, len(extra), 0, 0, 0, _MODE, short_offset
    )
    return local + name + local_extra, record + name + extra


def _extra(*wide: int) -> bytes:
    """The ZIP64 field with the numbers that the fields of 32 bits cannot hold."""
    return struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide)


def _central_directory(records: list[bytes], at: int) -> bytes:
    joined = b"".join(records)
    count, size = len(records), len(joined)
    end = b""
    if count >= _LIMIT16 or size >= _LIMIT32 or at >= _LIMIT32:
        end += struct.pack(
            "<4sQHHIIQQQQ", b"PK\6\6", 44, _MADE_BY_UNIX | 45, 45, 0, 0, count, count, size, at
        ) + struct.pack("<4sIQI", b"PK\6\7", 0, at + size, 1)
    short = (min(count, _LIMIT16), min(count, _LIMIT16), min(size, _LIMIT32), min(at, _LIMIT32))
    return joined + end + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, *short, 0)


def _dos_time(at: datetime) -> tuple[int, int]:
    year = min(max(at.year, 1980), 2107)
    return at.hour << 11 | at.minute << 5 | at.second // 2, (year - 1980) << 9 | at.month << 5 | at.day
