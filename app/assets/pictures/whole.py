"""Whether a file is as long as it says: Pillow shows a PNG or a TIFF that was cut without a word."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from app.assets.errors import ImageRefused

_PNG: Final = 8
_MOST_CHUNK: Final = 1 << 20


def check_webp(file: BinaryIO, size: int) -> None:
    """IMAGE_TRUNCATED: the file is shorter than its header says."""
    file.seek(4)
    if size < int.from_bytes(file.read(4), "little") + 8:
        raise ImageRefused("IMAGE_TRUNCATED", "The WebP is shorter than it says.")


def read_png_chunks(file: BinaryIO, size: int, wanted: frozenset[bytes]) -> dict[bytes, bytes]:
    """The bodies of the chunks that are wanted, by kind. IMAGE_TRUNCATED: the last chunk is missing."""
    found: dict[bytes, bytes] = {}
    at = _PNG
    while at < size:
        file.seek(at)
        length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        if kind in wanted and length <= _MOST_CHUNK:
            found.setdefault(kind, file.read(length))
        at += length + 12
        if kind == b"IEND" and at <= size:
            return found
    raise ImageRefused("IMAGE_TRUNCATED", "The PNG ends before its last chunk.")


def check_strips(tags: Any, size: int) -> None:
    """IMAGE_TRUNCATED: strips or tiles of a TIFF lie outside the file."""
    for offsets, lengths in ((273, 279), (324, 325)):
        places, sizes = tags.get(offsets) or (), tags.get(lengths) or ()
        if any(at + length > size for at, length in zip(places, sizes, strict=False)):
            raise ImageRefused("IMAGE_TRUNCATED", "The TIFF ends before its last rows.")
