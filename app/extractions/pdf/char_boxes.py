"""Where the characters of a page stand."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import repeat
from struct import Struct
from typing import Any

import pypdfium2.raw as raw

from app.extractions.pdf.page import Box

_RECT = Struct("4f")  # FS_RECTF is a `Box`
# PDFium gives one box a call, and a page takes thousands: plain addresses in place of pointer objects, and no letting
# go of the interpreter around each call, make a call take half as long.
_loose_box = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(raw.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)


def read_boxes(textpage: Any, indices: Sequence[int], turns: int) -> Iterator[Box]:
    """The boxes of the characters at `indices`.

    PDFium gives boxes as if the page were not turned; `turns` counts its quarter turns, clockwise. The loose box is as
    wide as the pen moves: the tight one leaves a gap beside a narrow digit that looks like a blank.
    """
    rects = ctypes.create_string_buffer(_RECT.size * len(indices))
    start = ctypes.addressof(rects)
    places = range(start, start + len(rects), _RECT.size)
    page = ctypes.cast(textpage, ctypes.c_void_p).value
    deque(map(_loose_box, repeat(page), indices, places), maxlen=0)
    boxes = _RECT.iter_unpack(rects)
    return boxes if turns == 0 else (_turned(box, turns) for box in boxes)


def _turned(box: Box, turns: int) -> Box:
    left, top, right, bottom = box
    if turns == 1:
        return bottom, -left, top, -right
    if turns == 2:
        return -right, -bottom, -left, -top
    return -top, right, -bottom, left


def unturned(box: Box, turns: int) -> Box:
    """The box as PDFium has it, of one as the page is shown: `_turned` the other way."""
    return _turned(box, -turns % 4) if turns else box
