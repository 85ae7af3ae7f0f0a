"""The directories of a TIFF, read one entry at a time: what is there of a broken one is still read.

EXIF has the same shape, so that the orientation of a picture is found here as well. Nothing is decoded, and no more is
read than MOST entries of MOST directories.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

MOST_ENTRIES, MOST_DIRECTORIES, MOST_VALUES = 400, 64, 64
SUB_IFDS: Final = 330
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_WHOLE: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}


@dataclass(frozen=True, slots=True)
class Header:
    """How a TIFF writes numbers, and where its first directory is."""

    order: str
    big: bool
    first: int


@dataclass(frozen=True, slots=True)
class Directory:
    """One directory: where it is, and the whole numbers and texts of its entries by tag; `next` is 0 at the end.

    `counts` says how many values an entry has, of which `values` holds the first MOST_VALUES. `broken`: it could not
    be read to its end.
    """

    at: int
    values: Mapping[int, tuple[int, ...]]
    texts: Mapping[int, bytes]
    counts: Mapping[int, int]
    next: int
    broken: bool = False

    def number(self, tag: int, default: int = 0) -> int:
        values = self.values.get(tag)
        return values[0] if values else default


def read_header(start: bytes) -> Header | None:
    """The header of a TIFF, BigTIFF or of EXIF that begins so; None if it is none."""
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 8:
        return None
    (magic,) = struct.unpack_from(f"{order}H", start, 2)
    if magic == 43:
        return Header(order, True, struct.unpack_from(f"{order}Q", start, 8)[0]) if len(start) >= 16 else None
    if magic not in (42, 0x4F52, 0x5352, 0x55):  # a TIFF, and Olympus' and Panasonic's own marks
        return None
    return Header(order, False, struct.unpack_from(f"{order}I", start, 4)[0])


def read_directory(file: BinaryIO, header: Header, at: int) -> Directory:
    """The directory at a place of the file; entries that lie outside the file, or make no sense, are left out."""
    order, big = header.order, header.big
    entry = struct.Struct(f"{order}HHQ8s" if big else f"{order}HHI4s")
    count_size, count_code = (8, "Q") if big else (2, "H")
    values: dict[int, tuple[int, ...]] = {}
    texts: dict[int, bytes] = {}
    counts: dict[int, int] = {}
    file.seek(at)
    head = file.read(count_size)
    if at <= 0 or len(head) < count_size:
        return Directory(at, values, texts, counts, 0, True)
    (count,) = struct.unpack(f"{order}{count_code}", head)
    body = file.read(entry.size * min(count, MOST_ENTRIES))
    broken = count > MOST_ENTRIES or len(body) < entry.size * count
    for place in range(len(body) // entry.size):
        tag, kind, number, field = entry.unpack_from(body, place * entry.size)
        if kind not in _SIZES:
            broken = True
            continue
        counts[tag] = number
        wanted = min(number, MOST_VALUES) * _SIZES[kind]
        if number * _SIZES[kind] > len(field):
            (place_of,) = struct.unpack(f"{order}{'Q' if big else 'I'}", field)
            file.seek(min(place_of, 2**62))
            field = file.read(wanted)
            if len(field) < wanted:
                broken = True
                continue
        if kind == 2:
            texts[tag] = field[:wanted].split(b"\0")[0]
        elif kind in _WHOLE:
            values[tag] = struct.unpack_from(f"{order}{wanted // _SIZES[kind]}{_WHOLE[kind]}", field)
    file.seek(at + count_size + entry.size * min(count, MOST_ENTRIES))
    link = file.read(8 if big else 4)
    following = int.from_bytes(link, "little" if order == "<" else "big") if len(link) == (8 if big else 4) else 0
    return Directory(at, values, texts, counts, 0 if broken else following, broken)


def chain(file: BinaryIO, header: Header) -> Iterator[Directory]:
    """The directories of a file, one after the other; a ring ends where it closes."""
    seen: set[int] = set()
    at = header.first
    while at and at not in seen and len(seen) < MOST_DIRECTORIES:
        seen.add(at)
        directory = read_directory(file, header, at)
        yield directory
        at = directory.next


def below(file: BinaryIO, header: Header, directory: Directory) -> Iterator[Directory]:
    """The directories that one directory has of its own."""
    for at in directory.values.get(SUB_IFDS, ()):
        yield read_directory(file, header, at)
