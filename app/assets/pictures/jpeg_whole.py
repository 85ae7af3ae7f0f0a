"""Whether a JPEG has all its rows. libjpeg fills what is missing with grey and says nothing that Pillow would hand on.

A picture of one scan is decoded once, from a file that notes whether it was asked for its last 64 bytes, without which
the last row can only be there if bytes in the middle were lost, and for more than it has: then rows are missing.
A picture of several scans is decoded again, with bytes more at the end of each: in a whole one they change nothing.
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import re
from typing import BinaryIO, Final

from PIL import Image

from app.assets.errors import ImageRefused
from app.assets.pictures.jpeg_markers import RARE_JPEG, Content, Jpeg, Scan, bits_to_come, read_markers

_TAIL: Final = 64
_HOLE: Final = bytes(64)
_ENDING: Final = b"\xff\xd9"
_FILLER: Final = b"\xff\x00" * 8
"""Eight bytes of ones, as a scan is padded with: so far the decoder looks ahead."""
_OTHER: Final = bytes(range(1, 200, 7)) * 4
_RESTARTS: Final = re.compile(rb"\xff([\xd0-\xd7])")
_CUT: Final = "The JPEG ends before its last rows."
_HOLED: Final = "Bytes in the middle of the JPEG are lost or overwritten, so its rows are not where they belong."


def load_whole(image: Image.Image, file: BinaryIO) -> None:
    """Load an opened JPEG that may be drafted; raises ImageRefused if it is not whole.

    `file` holds nothing but the JPEG and has a descriptor, or is in memory.
    """
    content = _mapped(file)
    jpeg = read_markers(content)
    if jpeg.frame is None or not jpeg.scans:
        raise ImageRefused("IMAGE_TRUNCATED", "The JPEG ends before its first row.")
    if jpeg.frame.kind not in (0xC0, 0xC1, 0xC2) or jpeg.frame.bits != 8:
        raise ImageRefused("IMAGE_FORMAT_NOT_SUPPORTED", RARE_JPEG)
    scan = jpeg.scans[0]
    if jpeg.frame.kind in (0xC0, 0xC1) and len(scan.components) == len(jpeg.frame.factors):
        _check_restarts(content, jpeg, scan)
        end = scan.end
        if content.find(_HOLE, scan.start, scan.end) >= 0 and not _zeros_are_flat(content, scan):
            end = min(end, scan.start + len(content[scan.start : scan.end].rstrip(b"\0")) + 8)
            if content.find(_HOLE, scan.start, end) >= 0:
                raise ImageRefused("IMAGE_DAMAGED", _HOLED)
        stops = _Stops(content, scan.start, end, jpeg.end is not None)
        image.fp = stops  # type: ignore[attr-defined]
        image.load()
        stops.check()
    else:
        _check_scans(content, jpeg)
        if jpeg.end is None:
            image.fp = io.BytesIO(content[:] + _ENDING)  # type: ignore[attr-defined]
        image.load()


def _mapped(file: BinaryIO) -> Content:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        file.seek(0)
        return file.read()


class _Stops(io.RawIOBase):
    """The bytes of a JPEG up to 64 before the end of its scan, then the rest, then padding, and then no more."""

    def __init__(self, content: Content, start: int, end: int, ended: bool) -> None:
        self._content, self._end, self._ended, self._at, self._padded = content, end, ended, 0, False
        self._early = end - _TAIL if end - _TAIL > start else 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset if whence == os.SEEK_SET else self._at + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self._early if self._at < self._early else self._end
        if self._at < stop:
            size = stop - self._at if size < 0 else min(size, stop - self._at)
            piece = self._content[self._at : self._at + size]
            self._at += len(piece)
            return piece
        if self._padded:
            raise ImageRefused(*(("IMAGE_DAMAGED", _HOLED) if self._ended else ("IMAGE_TRUNCATED", _CUT)))
        self._padded = True
        return _FILLER

    def check(self) -> None:
        """After the last row: it cannot be there before the last 64 bytes were asked for."""
        if self._early and self._at <= self._early:
            raise ImageRefused("IMAGE_DAMAGED", _HOLED)


def _check_restarts(content: Content, jpeg: Jpeg, scan: Scan) -> None:
    """Restart markers count from 0 to 7 and again; as many as the size of the picture asks for."""
    if not scan.interval or jpeg.frame is None or not jpeg.frame.height:
        return
    wanted = -(-jpeg.frame.units // scan.interval) - 1
    found = [each[1][0] & 7 for each in _RESTARTS.finditer(content, scan.start, scan.end)]
    if len(found) > wanted + 1 or found != [place % 8 for place in range(len(found))]:
        raise ImageRefused("IMAGE_DAMAGED", _HOLED)
    if len(found) < wanted:
        raise ImageRefused(*(("IMAGE_TRUNCATED", _CUT) if jpeg.end is None else ("IMAGE_DAMAGED", _HOLED)))


def _zeros_are_flat(content: Content, scan: Scan) -> bool:
    """Whether many zero bytes can be a flat area: the shortest code of each table says that nothing differs.

    With the usual tables they would be blocks full of the finest stripes, which no picture is.
    """
    head, at, flat = content[: scan.start], 2, True
    while (at := head.find(b"\xff\xc4", at)) >= 0:
        end = at + 2 + int.from_bytes(head[at + 2 : at + 4], "big")
        place = at + 4
        while place + 17 < end:
            count = sum(head[place + 1 : place + 17])
            flat = flat and bool(count) and head[place + 17] == 0
            place += 17 + count
        at = end
    return flat


def _check_scans(content: Content, jpeg: Jpeg) -> None:
    """Decode a picture of several scans with bytes more at the end of each, and with others instead."""
    missing = bits_to_come(jpeg.scans) if jpeg.frame and jpeg.frame.kind == 0xC2 else 0
    if missing is None:
        raise ImageRefused("IMAGE_DAMAGED", _HOLED)
    if missing and jpeg.end is None:
        raise ImageRefused("IMAGE_TRUNCATED", _CUT)
    plain = _decoded(content[:], jpeg)
    at, padded = 0, []
    for scan in jpeg.scans:
        padded += [content[at : scan.end], _OTHER]
        at = scan.end
    if _decoded(b"".join([*padded, content[at:]]), jpeg) != plain:
        raise ImageRefused(*(("IMAGE_TRUNCATED", _CUT) if jpeg.end is None else ("IMAGE_DAMAGED", _HOLED)))
    for scan in jpeg.scans:
        last = scan.start + len(content[scan.start : scan.end].rstrip(b"\0"))
        if last - scan.start > 4 * _TAIL and content.find(_HOLE, scan.start, last) >= 0:
            other = content[: last - _TAIL] + _OTHER[:_TAIL] + content[scan.end :]
            if _decoded(other, jpeg) == plain:
                raise ImageRefused("IMAGE_DAMAGED", _HOLED)


def _decoded(content: bytes, jpeg: Jpeg) -> bytes:
    with Image.open(io.BytesIO(content if jpeg.end else content + _ENDING), formats=("JPEG",)) as image:
        seen, rows = hashlib.sha256(), max(1, (1 << 20) // image.width)
        for top in range(0, image.height, rows):  # in bands, as a second copy may be too much
            seen.update(image.crop((0, top, image.width, min(image.height, top + rows))).tobytes())
        return seen.digest()
