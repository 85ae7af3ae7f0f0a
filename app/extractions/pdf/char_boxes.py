"""Where the characters of a page stand."""

from __future__ import annotations

import ctypes
import math
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from itertools import repeat
from struct import Struct
from typing import Any

import pypdfium2.raw as raw

from app.extractions.pdf.page import Box

_BLANK = 32
_SAMPLE = 12  # characters that show how the text of a page is turned
_QUARTER = math.pi / 2
_UPRIGHT = 0.2  # radians
_RECT, _TWO_RECTS = Struct("4f"), Struct("8f")  # FS_RECTF is a `Box`
# PDFium gives one box a call, and a page takes thousands: plain addresses in place of pointer objects, and no letting
# go of the interpreter around each call, make a call take half as long.
_loose_box = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


def read_boxes(textpage: Any, indices: Sequence[int], turns: int) -> Iterator[Box]:
    """The boxes of the characters at `indices`.

    PDFium gives boxes as if the page were not turned; `turns` counts the quarter turns, clockwise, to make. The loose
    box is as wide as the pen moves: the tight one leaves a gap beside a narrow digit that looks like a blank.
    """
    boxes = _RECT.iter_unpack(_boxes(textpage, indices))
    return boxes if turns == 0 else (turned(box, turns) for box in boxes)


def read_ends(textpage: Any, spans: Sequence[tuple[int, int]], turns: int) -> Iterator[tuple[float, ...]]:
    """The boxes of the first and the last character of each span, one behind the other, as `read_boxes` has them."""
    indices = [0] * (2 * len(spans))
    indices[::2] = [start for start, _ in spans]
    indices[1::2] = [end - 1 for _, end in spans]
    pairs = _TWO_RECTS.iter_unpack(_boxes(textpage, indices))
    return pairs if turns == 0 else ((*turned(pair[:4], turns), *turned(pair[4:], turns)) for pair in pairs)


def _boxes(textpage: Any, indices: Sequence[int]) -> Any:
    """The boxes as PDFium has them, in memory."""
    rects = ctypes.create_string_buffer(_RECT.size * len(indices))
    start = ctypes.addressof(rects)
    places = range(start, start + len(rects), _RECT.size)
    page = ctypes.cast(textpage, ctypes.c_void_p).value
    deque(map(_loose_box, repeat(page), indices, places), maxlen=0)
    return rects


def upright_turns(textpage: Any) -> int:
    """How many quarter turns, clockwise, make most of a page's text upright, however the page itself is turned."""
    count = raw.FPDFText_CountChars(textpage)
    sample = range(0, max(0, count), max(1, count // _SAMPLE))
    signs = [index for index in sample if raw.FPDFText_GetUnicode(textpage, index) > _BLANK]
    quarters = Counter(round(_angle(textpage, index) / _QUARTER) % 4 for index in signs)
    return -quarters.most_common(1)[0][0] % 4 if quarters else 0


def is_aside(textpage: Any, index: int, turns: int) -> bool:
    """Whether a character is still not upright after so many quarter turns, as the name of a sponsor in a margin."""
    angle = (_angle(textpage, index) + turns * _QUARTER) % math.tau
    return min(angle, math.tau - angle) > _UPRIGHT


def _angle(textpage: Any, index: int) -> float:
    return max(0.0, float(raw.FPDFText_GetCharAngle(textpage, index)))


def bounds_of(page: Any, turns: int) -> Box | None:
    """What a page shows of itself after cropping, turned like its words."""
    rect = raw.FS_RECTF()
    if not raw.FPDF_GetPageBoundingBox(page, rect):
        return None
    return turned((rect.left, rect.top, rect.right, rect.bottom), turns)


def turned(box: Box, turns: int) -> Box:
    """The box as it stands after so many quarter turns, clockwise, of the page."""
    if turns == 0:
        return box
    left, top, right, bottom = box
    if turns == 1:
        return bottom, -left, top, -right
    if turns == 2:
        return -right, -bottom, -left, -top
    return -top, right, -bottom, left


def unturned(box: Box, turns: int) -> Box:
    """The box as PDFium has it, of one that was turned."""
    return turned(box, -turns % 4)
