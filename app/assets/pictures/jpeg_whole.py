"""Whether a JPEG has all its rows. libjpeg fills what is missing with grey and says nothing that Pillow would hand on.

A picture of one scan is decoded once, by a file that stops the decoder twice: 64 bytes before the end of the scan,
where the last row cannot be there yet unless bytes in the middle were lost, and behind the last byte, where it must be
there. A picture of several scans, which is rare, is decoded again only when something is suspicious.
"""

from __future__ import annotations

import io
import mmap
import os
import re
from typing import BinaryIO, Final

from PIL import Image

from app.assets.errors import ImageRefused
from app.assets.pictures.jpeg_markers import Content, Jpeg, Scan, read_markers

_TAIL: Final = 64
_HOLE: Final = bytes(64)
_ENDING: Final = b"\xff\xd9"
_FILLER: Final = b"\xff\x00" * 8
"""Eight bytes of ones, as a scan is padded with: so far the decoder looks ahead."""
_RESTARTS: Final = re.compile(rb"\xff([\xd0-\xd7])")
_CUT: Final = "The JPEG ends before its last rows."
_HOLED: Final = "Bytes in the middle of the JPEG are lost or overwritten, so its rows are not where they belong."


def watch(image: Image.Image, file: BinaryIO) -> None:
    """Have an opened JPEG, drafted but not loaded, raise ImageRefused while it is loaded if it is not whole.

    `file` holds nothing but the JPEG and has a descriptor, or is in memory.
    """
    content = _mapped(file)
    jpeg = read_markers(content)
    if jpeg.frame is None or not jpeg.scans:
        raise ImageRefused("IMAGE_TRUNCATED", "The JPEG ends before its first row.")
    scan = jpeg.scans[0]
    if jpeg.frame.kind in (0xC0, 0xC1) and scan.components == len(jpeg.frame.factors):
        _check_restarts(content, jpeg, scan)
        if content.find(_HOLE, scan.start, scan.end) >= 0 and not _zeros_are_flat(content, scan):
            raise ImageRefused("IMAGE_DAMAGED", _HOLED)
        image.fp = _Stops(image, content, scan, jpeg.end is not None)  # type: ignore[attr-defined]
    elif jpeg.end is None or any(content.find(_HOLE, each.start, each.end) >= 0 for each in jpeg.scans):
        _check_scans(content, jpeg)
        if jpeg.end is None:
            image.fp = io.BytesIO(content[:] + _ENDING)  # type: ignore[attr-defined]


def _mapped(file: BinaryIO) -> Content:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):
        file.seek(0)
        return file.read()


class _Stops(io.RawIOBase):
    """The bytes of a JPEG, which looks at the rows of its image at two places before it gives more."""

    def __init__(self, image: Image.Image, content: Content, scan: Scan, ended: bool) -> None:
        self._content, self._scan, self._ended, self._at = content, scan, ended, 0
        padded = len(content[max(scan.start, scan.end - 4096) : scan.end].rstrip(b"\0"))
        last = max(scan.start, scan.end - 4096) + padded
        self._early = last - _TAIL if last - _TAIL > scan.start else 0
        self._more = _FILLER + _ENDING
        self._stage = 0
        self._canvas = Image.new(image.mode, image.size)
        width, height = image.size
        self._row = (0, height - 1, width, height)
        self._unwritten = os.urandom(len(self._canvas.crop(self._row).tobytes()))
        self._canvas.paste(Image.frombytes(image.mode, (width, 1), self._unwritten), self._row)
        image.im = self._canvas.im

    def _is_complete(self) -> bool:
        return self._canvas.crop(self._row).tobytes() != self._unwritten

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset if whence == os.SEEK_SET else self._at + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        stop = self._early if self._at < self._early else self._scan.end
        if self._at == self._early and self._early and self._is_complete():
            raise ImageRefused("IMAGE_DAMAGED", _HOLED)
        if self._at < stop:
            size = stop - self._at if size < 0 else min(size, stop - self._at)
            piece = self._content[self._at : self._at + size]
            self._at += len(piece)
            return piece
        self._stage += 1
        if self._stage == 1:
            return _FILLER
        if self._stage == 2:
            if not self._is_complete():
                raise ImageRefused(*(("IMAGE_DAMAGED", _HOLED) if self._ended else ("IMAGE_TRUNCATED", _CUT)))
            return _ENDING
        return b""


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
    """Decode a picture of several scans with bytes more at the end of each, and less: more change nothing, less do."""
    plain = _decoded(content[:], jpeg)
    at, padded = 0, []
    for scan in jpeg.scans:
        padded += [content[at : scan.end], bytes(range(1, 200, 7)) * 4]
        at = scan.end
    if _decoded(b"".join([*padded, content[at:]]), jpeg) != plain:
        raise ImageRefused(*(("IMAGE_TRUNCATED", _CUT) if jpeg.end is None else ("IMAGE_DAMAGED", _HOLED)))
    for scan in jpeg.scans:
        if scan.end - scan.start > 4 * _TAIL and content.find(_HOLE, scan.start, scan.end) >= 0:
            last = scan.start + len(content[scan.start : scan.end].rstrip(b"\0"))
            if _decoded(content[: last - _TAIL] + content[scan.end :], jpeg) == plain:
                raise ImageRefused("IMAGE_DAMAGED", _HOLED)


def _decoded(content: bytes, jpeg: Jpeg) -> bytes:
    with Image.open(io.BytesIO(content if jpeg.end else content + _ENDING), formats=("JPEG",)) as image:
        return image.tobytes()
