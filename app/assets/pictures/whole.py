"""Whether a file is as long as it says: Pillow shows a PNG or a TIFF that was cut without a word."""

from __future__ import annotations

import io
import zlib
from typing import Any, BinaryIO, Final

from app.assets.errors import ImageRefused

_PNG: Final = 8
_MOST_CHUNK: Final = 1 << 20


def check_webp(file: BinaryIO, size: int) -> None:
    """IMAGE_TRUNCATED: the file is shorter than its header says."""
    file.seek(4)
    if size < int.from_bytes(file.read(4), "little") + 8:
        raise ImageRefused("IMAGE_TRUNCATED", "The WebP is shorter than it says.")


def read_png(file: BinaryIO, size: int, wanted: frozenset[bytes]) -> tuple[dict[bytes, bytes], BinaryIO | None]:
    """The bodies of the chunks that are wanted, by kind, and a copy without the broken ones that a picture can spare.

    None if no chunk is broken: those that are not the picture itself, and do not have the sum of their bytes that they
    state. IMAGE_TRUNCATED: the last chunk is missing.
    """
    found: dict[bytes, bytes] = {}
    at, kept, broken = _PNG, [(0, _PNG)], False
    while at < size:
        file.seek(at)
        length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
        end = at + length + 12
        whole = True
        if kind[:1].islower() and length <= _MOST_CHUNK:
            body, stated = file.read(length), file.read(4)
            whole = zlib.crc32(kind + body) == int.from_bytes(stated, "big")
            if whole and kind in wanted:
                found.setdefault(kind, body)
        elif kind in wanted and length <= _MOST_CHUNK:
            found.setdefault(kind, file.read(length))
        broken = broken or not whole
        if whole:
            kept.append((at, end))
        at = end
        if kind == b"IEND" and at <= size:
            return found, _copied(file, kept) if broken else None
    raise ImageRefused("IMAGE_TRUNCATED", "The PNG ends before its last chunk.")


def _copied(file: BinaryIO, parts: list[tuple[int, int]]) -> BinaryIO:
    copy = io.BytesIO()
    for start, end in parts:
        file.seek(start)
        copy.write(file.read(end - start))
    return copy


def check_layout(tags: Any) -> None:
    """IMAGE_FORMAT_NOT_SUPPORTED: a TIFF whose samples lie in a way that Pillow takes for another."""
    if tags.get(284) == 2 and tags.get(277, 1) > 1 and max(tags.get(258) or (1,)) > 8:
        raise ImageRefused("IMAGE_FORMAT_NOT_SUPPORTED", "A TIFF with 16 bits a sample in separate planes is not read.")
    halved = tags.get(262) == 6 and max(tags.get(530) or (2, 2)) > 1
    if halved and tags.get(259, 1) == 1:
        raise ImageRefused("IMAGE_FORMAT_NOT_SUPPORTED", "An uncompressed TIFF with halved colours is not read.")


def check_strips(tags: Any, size: int) -> None:
    """IMAGE_TRUNCATED: strips or tiles of a TIFF lie outside the file."""
    for offsets, lengths in ((273, 279), (324, 325)):
        places, sizes = tags.get(offsets) or (), tags.get(lengths) or ()
        if any(at + length > size for at, length in zip(places, sizes, strict=False)):
            raise ImageRefused("IMAGE_TRUNCATED", "The TIFF ends before its last rows.")
