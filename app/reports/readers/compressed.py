"""Unpacks gzip, bzip2 and xz, no further than a child may write, and not what is packed as no table is."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from os import SEEK_END
from pathlib import Path
from typing import IO, Any, Final, cast

from app.reports.table_errors import FILE_UNREADABLE, RESOURCE_LIMIT, TableError

CHUNK: Final = 1 << 20
MAX_BYTES: Final = 1 << 30
MAX_RATIO, RATIO_COUNTS_FROM = 300, 8 * 1024 * 1024
"""Tables are packed to a third or a twentieth, and to a hundredth where every row is almost the same."""
_OPENERS: Final[dict[bytes, Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}


def unpack(path: Path, folder: Path) -> Path | None:
    """A file with the content of a compressed one, or None when it is not compressed.

    Raises TableError when it is broken (`FILE_UNREADABLE`), and as soon as it has unpacked to more than `MAX_BYTES`, or
    to `MAX_RATIO` times its size (`RESOURCE_LIMIT`).
    """
    with path.open("rb") as file:
        magic = file.read(6)
        packed_size = file.seek(0, SEEK_END)
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
                if is_too_dense(packed_size, size):
                    message = f"The file unpacks to more than {MAX_RATIO} times its size. Send it unpacked."
                    raise TableError(RESOURCE_LIMIT, message)
                plain.write(piece)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        raise TableError(FILE_UNREADABLE, "The compressed file is broken or cut off.") from None
    return target


def is_too_dense(packed: int, unpacked: int) -> bool:
    """Whether so many bytes have come out of so few that it was made to hurt."""
    return unpacked > RATIO_COUNTS_FROM and unpacked > packed * MAX_RATIO
