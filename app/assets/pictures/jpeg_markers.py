"""The markers of a JPEG: its size, and where its scans begin and end. Nothing is decoded."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

Content = bytes | mmap.mmap
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
SOFS: Final = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
RARE_JPEG: Final = "The JPEG is of a rare kind (lossless, of more than 8 bits, or arithmetic), which is not read."
_NEXT: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The end of a scan: a marker that is neither a stuffed byte nor a restart. Without the fill bytes before it: a repeat
in front makes the search twenty times as slow."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A start of frame: which kind it is (0xC0 baseline, 0xC2 progressive, ...), its bits, size and components."""

    kind: int
    bits: int
    width: int
    height: int
    factors: tuple[tuple[int, int], ...]

    @property
    def units(self) -> int:
        """MCUs of a scan that holds all components."""
        if len(self.factors) == 1:
            across, down = 8, 8
        else:
            across, down = 8 * max(h for h, _ in self.factors), 8 * max(v for _, v in self.factors)
        return -(-self.width // across) * -(-self.height // down)


@dataclass(frozen=True, slots=True)
class Scan:
    """The bytes of a scan lie from `start` to `end`; `interval` is that of restarts, in MCUs.

    `components` are the numbers of those in it, `band` the first and the last of their coefficients, `shift` how many
    of their lowest bits are still to come, and `before` how many were (0: it is the first).
    """

    start: int
    end: int
    components: tuple[int, ...]
    band: tuple[int, int]
    before: int
    shift: int
    interval: int


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What the markers say. `end`: of the image, behind its EOI, or None if there is none."""

    frame: Frame | None
    scans: tuple[Scan, ...]
    end: int | None


def size_of_jpeg(start: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG that begins so and can be shown (not lossless, of 8 bits), else None."""
    frame = next(_frames(start), None) if start[:2] == b"\xff\xd8" else None
    shown = frame and frame.kind in (0xC0, 0xC1, 0xC2) and frame.bits == 8 and frame.width and frame.height
    return (frame.width, frame.height) if frame and shown else None


def is_rare_jpeg(start: bytes) -> bool:
    """Whether a JPEG that begins so is lossless, of another depth than 8 bits, or coded by arithmetic."""
    frame = next(_frames(start), None)
    return frame is not None and (frame.kind not in (0xC0, 0xC1, 0xC2) or frame.bits != 8)


def _segments(content: Content) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of the body of each segment; after a scan's header the walk goes on behind its data."""
    at = 2
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            found = _NEXT.search(content, at)
            if not found:
                return
            at = found.end() - 2
            continue
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _ALONE or marker == 0:
            at += 2
            continue
        if marker == 0xD9:
            yield marker, at, at + 2
            return
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        yield marker, at + 4, end
        if marker == 0xDA:
            found = _NEXT.search(content, end)
            at = found.end() - 2 if found else len(content)
        else:
            at = end
    if content[at : at + 2] == b"\xff\xd9":
        yield 0xD9, at, at + 2


def _frames(content: bytes) -> Iterator[Frame]:
    for marker, at, end in _segments(content):
        if marker in SOFS and end - at >= 6:
            yield _frame(marker, content[at:end])


def _frame(marker: int, body: bytes) -> Frame:
    factors = tuple((body[place + 1] >> 4 or 1, body[place + 1] & 15 or 1) for place in range(6, len(body) - 2, 3))
    return Frame(
        marker, body[0], int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"), factors or ((1, 1),)
    )


def _scan(head: bytes, start: int, end: int, interval: int) -> Scan:
    count = head[0] if head else 0
    rest = head[1 + 2 * count :]
    first, last, bits = rest[:3] if len(rest) >= 3 else (0, 63, 0)
    return Scan(start, end, tuple(head[1 : 1 + 2 * count : 2]), (first, last), bits >> 4, bits & 15, interval)


def bits_to_come(scans: Iterable[Scan]) -> int | None:
    """How many of the lowest bits of a progressive JPEG's coefficients its scans do not bring; None: a scan is missing.

    Each scan goes on where the one before it for the same coefficient stopped.
    """
    known: dict[tuple[int, int], int] = {}
    for scan in scans:
        for component in scan.components:
            for place in range(scan.band[0], min(scan.band[1], 63) + 1):
                if scan.before != known.get((component, place), 0):
                    return None
                known[component, place] = scan.shift
    named = {component for component, _ in known}
    return max((known.get((component, place), 1) for component in named for place in range(64)), default=0)


def read_markers(content: Content) -> Jpeg:
    """Everything of a whole file, of its first image if there are several."""
    frame, scans, end, interval = None, [], None, 0
    for marker, at, stop in _segments(content):
        if marker in SOFS and stop - at >= 6 and frame is None:
            frame = _frame(marker, content[at:stop])
        elif marker == 0xDD:
            interval = int.from_bytes(content[at : at + 2], "big")
        elif marker == 0xDA:
            found = _NEXT.search(content, stop)
            last = found.start() if found else len(content)
            while found and last > stop and content[last - 1] == 0xFF:  # fill bytes
                last -= 1
            scans.append(_scan(content[at:stop], min(stop, last), last, interval))
        elif marker == 0xD9:
            end = stop
    return Jpeg(frame, tuple(scans), end)
