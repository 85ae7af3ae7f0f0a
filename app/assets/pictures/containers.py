"""Which picture of a TIFF, or of a camera's raw file, is the one that is meant.

A TIFF may begin with a thumbnail. A camera's raw file is a TIFF of light that no one has developed, with the camera's
own picture of it as a JPEG, and small ones before that: that JPEG is taken if it is large enough.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.assets.errors import ImageRefused
from app.assets.pictures.formats import RAW_SUFFIXES
from app.assets.pictures.ifds import Directory, below, chain, read_header
from app.assets.pictures.jpeg_markers import size_of_jpeg
from app.assets.pictures.notes import Note, note
from app.assets.pictures.orientation import ORIENTATION

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES = 256, 257, 258, 259, 262, 277
OFFSETS, LENGTHS, TILE_OFFSETS, TILE_LENGTHS, JPEG_AT, JPEG_LENGTH = 273, 279, 324, 325, 513, 514
SUBTYPE, OLD_SUBTYPE, SAMPLE_FORMAT, PANASONIC_JPEG, DNG_VERSION, NO_DATA = 254, 255, 339, 46, 50706, 42113
_RAW_PHOTOMETRIC: Final = (32803, 34892)
_RAW_COMPRESSION: Final = (32767, 32769, 32770, 34713, 34892, 65000, 65535)
_PLAIN: Final = (1, 5, 8, 32773, 32946)
_ENOUGH: Final = 1280
"""A camera's own picture of so many pixels is large enough for pages, whatever its sensor has."""
_JPEG_START: Final = re.compile(rb"\xff\xd8\xff[\xc0\xc4\xdb\xe0-\xef\xfe]")
_SEARCHED: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where the picture is: `at`, of a JPEG of `length` bytes, or of a directory if `length` is None.

    `broken`: that directory could not be read to its end."""

    at: int
    length: int | None
    orientation: int | None
    notes: tuple[Note, ...] = ()
    pages: int = 1
    broken: bool = False


def place_in_tiff(file: BinaryIO, size: int, suffix: str) -> Place | None:
    """The picture of a TIFF or of a raw file that is one, of `size` bytes; None if its first directory is unreadable.

    ImageRefused: the file ends before its directories, or a raw file has no picture that is large enough.
    """
    file.seek(0)
    header = read_header(file.read(16))
    if header is None:
        return None
    if header.first >= size:
        raise ImageRefused("IMAGE_TRUNCATED", "The TIFF ends before the place where it lists its pictures.")
    pages = [*chain(file, header)]
    if not pages or not pages[0].values:
        return None
    inner = [each for page in pages for each in below(file, header, page)]
    if _is_raw(pages, inner, suffix):
        return _of_raw(file, size, pages, inner)
    return _of_pages(pages, inner)


def _is_raw(pages: list[Directory], inner: list[Directory], suffix: str) -> bool:
    every = pages + inner
    return (
        suffix in RAW_SUFFIXES
        or any(DNG_VERSION in page.counts for page in every)
        or any(page.number(PHOTOMETRIC, -1) in _RAW_PHOTOMETRIC for page in every)
        or any(page.number(COMPRESSION, 1) in _RAW_COMPRESSION for page in every)
    )


def _is_light(page: Directory) -> bool:
    """Values of a sensor. A lossless JPEG inside is one too; its marker says so when it is looked at."""
    return page.number(PHOTOMETRIC, -1) in _RAW_PHOTOMETRIC or page.number(COMPRESSION, 1) in _RAW_COMPRESSION


def _is_small(page: Directory) -> bool:
    """A thumbnail or a mask, by its own word."""
    return bool(page.number(SUBTYPE) & 0b101) or page.number(OLD_SUBTYPE) == 2


def _area(page: Directory) -> int:
    return page.number(WIDTH) * page.number(HEIGHT)


def _of_pages(pages: list[Directory], inner: list[Directory]) -> Place:
    """The first page that is not a reduced one; a full one that hangs below a page counts after the pages."""
    full = [page for page in pages + inner if not _is_small(page) and _area(page)]
    chosen = full[0] if full else max(pages, key=_area)
    orientation = chosen.number(ORIENTATION) or pages[0].number(ORIENTATION) or None
    said: list[Note] = []
    if chosen is not pages[0]:
        width, height = pages[0].number(WIDTH), pages[0].number(HEIGHT)
        said.append(
            note("PAGE_CHOSEN", f"The file begins with a thumbnail of {width} x {height}; its full picture was taken.")
        )
    elif full and len(full) > 1:
        said.append(note("PAGE_CHOSEN", f"The first of {len(full)} pages was taken."))
    elif not full:
        said.append(note("PAGE_CHOSEN", "The file calls its only pictures reduced ones; the largest was taken."))
    return Place(chosen.at, None, orientation, tuple(said), len(pages), chosen.broken)


def _of_raw(file: BinaryIO, size: int, pages: list[Directory], inner: list[Directory]) -> Place:
    """The camera's own picture: the largest JPEG, or a full directory in plain colours."""
    every = pages + inner
    light = max((max(page.number(WIDTH), page.number(HEIGHT)) for page in every if _is_light(page)), default=0)
    orientation = pages[0].number(ORIENTATION) or None
    found: list[tuple[int, int, Place]] = []
    for page in every:
        for at, length in _jpegs(page, size):
            measured = _measure(file, at, length)
            if measured:
                found.append((max(measured), min(measured), Place(at, length, orientation)))
        longest, shortest = sorted((page.number(WIDTH), page.number(HEIGHT)), reverse=True)
        if page.number(PHOTOMETRIC, -1) in (2, 6) and page.number(COMPRESSION, 1) in _PLAIN:
            found.append((longest, shortest, Place(page.at, None, page.number(ORIENTATION) or orientation)))
            if not light and not _is_small(page):
                light = longest
    best = max(found, key=lambda each: each[:2], default=None)
    if best is None or best[0] < min(_ENOUGH, -(-light // 2)) or (not light and best[0] < _ENOUGH):
        has = f"only one of {best[0]} x {best[1]} pixels" if best else "none"
        raise ImageRefused(
            "RAW_WITHOUT_PREVIEW",
            "A camera's raw file is shown by the camera's own picture inside, and this one has "
            f"{has}. Develop it to JPEG or TIFF first.",
        )
    width, height = best[0], best[1]
    said = note("EMBEDDED_PREVIEW", f"The camera's own picture in the raw file, {width} x {height}, was taken.")
    return Place(best[2].at, best[2].length, best[2].orientation, (said,))


def _jpegs(page: Directory, size: int) -> list[tuple[int, int]]:
    """Where a directory says that JPEGs are, and how long they are."""
    places = [(page.number(JPEG_AT), page.number(JPEG_LENGTH))]
    if PANASONIC_JPEG in page.counts:
        places.append((page.number(PANASONIC_JPEG), page.counts[PANASONIC_JPEG]))
    if page.number(COMPRESSION) in (6, 7, 34892, 99) and page.counts.get(OFFSETS) == 1:
        places.append((page.number(OFFSETS), page.number(LENGTHS)))
    return [(at, min(length, size - at)) for at, length in places if 0 < at < size and length > 0]


def _measure(file: BinaryIO, at: int, length: int) -> tuple[int, int] | None:
    file.seek(at)
    return size_of_jpeg(file.read(min(length, 1 << 20)))


def place_by_search(file: BinaryIO, size: int) -> Place:
    """The largest JPEG in the first 32 MB of a raw file whose structure is its maker's own."""
    file.seek(0)
    content = file.read(_SEARCHED)
    found: list[tuple[tuple[int, int], int]] = []
    for start in _JPEG_START.finditer(content):
        measured = size_of_jpeg(content[start.start() : start.start() + (1 << 18)])
        if measured:
            found.append((measured, start.start()))
        if len(found) >= 64:
            break
    best = max(found, key=lambda each: each[0][0] * each[0][1], default=None)
    if best is None or max(best[0]) < _ENOUGH:
        raise ImageRefused(
            "RAW_WITHOUT_PREVIEW",
            "A camera's raw file is shown by the camera's own picture inside, and this one has none that is large "
            "enough. Develop it to JPEG or TIFF first.",
        )
    (width, height), at = best
    inner = max(0, content[: 1 << 20].find(b"CMT1") + 4) if content[4:8] == b"ftyp" else 0  # Canon's box with a TIFF
    head = io.BytesIO(content[inner:])
    header = read_header(content[inner : inner + 16])
    orientation = next((page.number(ORIENTATION) or None for page in chain(head, header)), None) if header else None
    said = note("EMBEDDED_PREVIEW", f"The camera's own picture in the raw file, {width} x {height}, was taken.")
    return Place(at, size - at, orientation, (said,))
