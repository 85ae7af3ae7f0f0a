"""Text that a page holds and does not show: invisible, white on white, in a layer that is off, or cropped away.

Such text is not part of a sheet as people see it. The invisible text that a scanner's software puts over the picture of
a page is kept, as the picture shows the same words.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterable
from itertools import repeat
from typing import Any, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from app.extractions.pdf.char_boxes import unturned
from app.extractions.pdf.page import LEFT, MIDDLE, Box, Word

_INVISIBLE = (3, 7)  # render modes: neither filled nor stroked
_WHITE = 240  # of 255, in each colour: fainter than anything that is meant to be read on white paper
_FAINT = 25  # of 255: the least opacity that shows
_COLOUR = 16  # bytes: red, green, blue and opacity, four each
_STRIDE = 3  # words: no row is shorter, and to ask for each word would take a tenth of the time a page takes
_LAYER = "OC"
_MOST_PIXELS = 2_000_000
_PDFium = ctypes.c_void_p


def _direct(name: str, result: Any, *arguments: Any) -> Any:
    """A function of PDFium's that takes addresses and keeps the interpreter, as in `char_boxes`."""
    return ctypes.PYFUNCTYPE(result, *arguments)(ctypes.cast(getattr(raw, name), ctypes.c_void_p).value or 0)


_object_of = _direct("FPDFText_GetTextObject", _PDFium, _PDFium, ctypes.c_int)
_mode = _direct("FPDFTextObj_GetTextRenderMode", ctypes.c_int, _PDFium)
_marks = _direct("FPDFPageObj_CountMarks", ctypes.c_int, _PDFium)
_mark = _direct("FPDFPageObj_GetMark", _PDFium, _PDFium, ctypes.c_ulong)
_fill = _direct("FPDFPageObj_GetFillColor", ctypes.c_int, _PDFium, *[_PDFium] * 4)


class Shown(NamedTuple):
    """The words that a page shows, how many it hides, and whether most of them were guessed from a picture."""

    words: list[Word]
    hidden: int
    is_guessed: bool


def shown_words(page: Any, textpage: Any, words: list[Word], turns: int, bounds: Box) -> Shown:
    """The words that are seen on a page that shows what is within `bounds`.

    `turns` are the quarter turns that its words were turned by, and the bounds with them.
    """
    inside = _inside(words, bounds)
    handle = ctypes.cast(textpage, _PDFium).value
    if not _unlike_ink(set(map(_object_of, repeat(handle), [word.order for word in inside[::_STRIDE]]))):
        return Shown(inside, len(words) - len(inside), False)
    objects = list(map(_object_of, repeat(handle), [word.order for word in inside]))
    unlike = _unlike_ink(set(objects))
    pictured = any(kind.type == raw.FPDF_PAGEOBJ_IMAGE for kind in page.get_objects())
    if pictured and all(map(unlike.get, objects)):  # a scan, which takes long to draw
        return Shown(inside, len(words) - len(inside), True)
    seen = _Picture(page, turns)
    shown: list[Word] = []
    guessed = 0
    for word, text_object in zip(inside, objects, strict=True):
        is_invisible = unlike.get(text_object)
        if is_invisible is None:
            shown.append(word)
        elif (pictured or not is_invisible) and seen.shows(word):
            shown.append(word)
            guessed += is_invisible
    return Shown(shown, len(words) - len(shown), guessed * 2 > len(shown))


def _inside(words: list[Word], bounds: Box) -> list[Word]:
    """The words on the page: a foot may hang over its edge, and a text too long for the paper runs on beyond it."""
    left, top, right, bottom = bounds
    lefts, middles = list(map(LEFT, words)), list(map(MIDDLE, words))
    if bottom < min(middles) and max(middles) < top and left < min(lefts) and max(lefts) < right:
        return words
    inside: list[Word] = []
    for word in words:
        if not (bottom - word.height < word.y < top + word.height and left < word.x1):
            continue
        if word.x0 > right:
            last = inside[-1] if inside else word
            if abs(last.y - word.y) > 0.1 or not 0 <= word.x0 - last.x1 < word.height:
                continue
        inside.append(word)
    return inside


def _unlike_ink(objects: Iterable[int | None]) -> dict[int | None, bool]:
    """The texts that may not be seen, and whether they are invisible by their own mode."""
    texts = [text for text in objects if text]
    colours = ctypes.create_string_buffer(_COLOUR * len(texts))
    start = ctypes.addressof(colours)
    parts = [range(start + offset, start + _COLOUR * len(texts), _COLOUR) for offset in (0, 4, 8, 12)]
    if texts:
        deque(map(_fill, texts, *parts), maxlen=0)
    modes, marks = list(map(_mode, texts)), list(map(_marks, texts))
    painted = colours.raw
    if _INVISIBLE[0] not in modes and _INVISIBLE[1] not in modes and not any(marks):
        first = painted[:_COLOUR]
        if painted == first * len(texts) and not _is_pale(first):
            return {}
    unlike: dict[int | None, bool] = {}
    for index, text in enumerate(texts):
        if modes[index] in _INVISIBLE:
            unlike[text] = True
        elif _is_pale(painted[index * _COLOUR : (index + 1) * _COLOUR]) or _is_in_layer(text, marks[index]):
            unlike[text] = False
    return unlike


def _is_pale(colour: bytes) -> bool:
    red, green, blue, opacity = colour[0], colour[4], colour[8], colour[12]
    return min(red, green, blue) >= _WHITE or opacity < _FAINT


def _is_in_layer(text: int, marks: int) -> bool:
    name = (ctypes.c_ushort * 8)()
    size = ctypes.c_ulong()
    for index in range(marks):
        mark = ctypes.cast(_mark(text, index), raw.FPDF_PAGEOBJECTMARK)
        named = raw.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), size)
        if named and bytes(name)[: max(0, size.value - 2)].decode("utf-16-le", "replace") == _LAYER:
            return True
    return False


class _Picture:
    """A page as it is seen, in shades of grey."""

    def __init__(self, page: Any, turns: int) -> None:
        self._page, self._turns = page, turns
        width, height = page.get_size()
        scale = min(1.0, (_MOST_PIXELS / max(1.0, width * height)) ** 0.5)
        bitmap: pdfium.PdfBitmap = page.render(scale=scale, grayscale=True, may_draw_forms=False)
        self._size = bitmap.width, bitmap.height
        self._stride, self._pixels = bitmap.stride, bytes(bitmap.buffer)
        bitmap.close()

    def shows(self, word: Word) -> bool:
        """Whether anything is seen where the word stands: its place is not all of one shade."""
        half = word.height / 2
        left, top, right, bottom = self._place((word.x0, word.y + half, word.x1, word.y - half))
        rows = [self._pixels[y * self._stride + left : y * self._stride + right] for y in range(top, bottom)]
        return len(set(b"".join(rows))) > 1

    def _place(self, box: Box) -> tuple[int, int, int, int]:
        left, top, right, bottom = unturned(box, self._turns)
        width, height = self._size
        x, y = ctypes.c_int(), ctypes.c_int()
        places = []
        for across, up in ((left, top), (right, bottom)):
            raw.FPDF_PageToDevice(self._page, 0, 0, width, height, 0, across, up, x, y)
            places.append((min(max(x.value, 0), width), min(max(y.value, 0), height)))
        (x0, y0), (x1, y1) = places
        return min(x0, x1), min(y0, y1), max(x0, x1) + 1, max(y0, y1) + 1
