"""The fonts that come with the service, and which of them has a character."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "fonts"
_EMOJI: Final = "NotoEmoji-Regular"
_SCRIPTS: Final = (
    *("Thai", "Devanagari", "Bengali", "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Tamil", "Telugu"),
    *("Khmer", "Myanmar", "Sinhala", "Ethiopic"),
)
_ORDER: Final = ("DejaVuSans", *(f"NotoSans{script}-Regular" for script in _SCRIPTS), _EMOJI, "DroidSansFallback")
"""Latin, Greek, Cyrillic, Arabic and Hebrew first; Chinese, Japanese and Korean, the largest, last."""
_PICTURES_FROM: Final = 0x1F000
"""From here on are pictures, which a font of pictures draws best."""
UNKNOWN: Final = "\ufffd"
"""Stands for a character that no font has."""


def path_of(font: str) -> Path:
    return _FOLDER / f"{font}.ttf"


def font_for(character: str, current: str | None = None) -> str | None:
    """The font that draws a character, the current one if it can; None when no font has it."""
    first = _EMOJI if ord(character) >= _PICTURES_FROM else current if current != _EMOJI else None
    return next((font for font in (first, *_ORDER) if font and _has(font, ord(character))), None)


def _has(font: str, code: int) -> bool:
    ranges = _ranges(font)
    place = bisect_right(ranges, (code, 0x110000)) - 1
    return place >= 0 and ranges[place][0] <= code <= ranges[place][1]


@lru_cache
def _ranges(font: str) -> list[tuple[int, int]]:
    """First and last of each run of characters that a font has, from its table `cmap`."""
    data = path_of(font).read_bytes()
    (tables,) = struct.unpack_from(">H", data, 4)
    entries = (struct.unpack_from(">4sLLL", data, 12 + 16 * place) for place in range(tables))
    at = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    (count,) = struct.unpack_from(">H", data, at + 2)
    encodings = [struct.unpack_from(">HHL", data, at + 4 + 8 * place) for place in range(count)]
    formats = {struct.unpack_from(">H", data, at + offset)[0]: at + offset for _, _, offset in encodings}
    return sorted(_segmented(data, formats[4]) if 12 not in formats else _grouped(data, formats[12]))


def _grouped(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    (count,) = struct.unpack_from(">L", data, at + 12)
    for place in range(count):
        first, last, _ = struct.unpack_from(">LLL", data, at + 16 + 12 * place)
        yield first, last


def _segmented(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    count = struct.unpack_from(">H", data, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, at + 14)
    starts = struct.unpack_from(f">{count}H", data, at + 16 + 2 * count)
    yield from zip(starts, ends, strict=True)
