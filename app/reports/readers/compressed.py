"""Unpacks gzip, bzip2 and xz, no further than a child may write."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import IO, Any, Final, cast

from app.reports.table_errors import FILE_UNREADABLE, RESOURCE_LIMIT, TableError

CHUNK: Final = 1 << 20
MAX_BYTES: Final = 1 << 30
_OPENERS: Final[dict[bytes, Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}


def unpack(path: Path, folder: Path) -> Path | None:
    """A file with the content of a compressed one, or None when it is not compressed.

    Raises TableError when it is broken (`FILE_UNREADABLE`) or unpacks to more than `MAX_BYTES` (`RESOURCE_LIMIT`).
    """
    with path.open("rb") as file:
        magic = file.read(6)
    opener = next((opener for mark, opener in _OPENERS.items() if magic.startswith(mark)), None)
    if opener is None:
        return None
    target, size = folder / "unpacked", 0
    try:
        with cast("IO[bytes]", opener(path, "rb")) as packed, target.open("wb") as plain:
            while piece := packed.read(CHUNK):
                size += len(piece)
                if size > MAX_BYTES:
                    raise TableError(RESOURCE_LIMIT, f"The file unpacks to more than {MAX_BYTES:,} bytes.")
                plain.write(piece)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        raise TableError(FILE_UNREADABLE, "The compressed file is broken or cut off.") from None
    return target
