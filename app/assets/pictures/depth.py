"""Samples of 16 and 32 bits, and measured values, brought to 0 to 255. Said in docs/assets.md, and in a note.

16 bits: 0 to 65,535 (or to the depth that the file states) becomes 0 to 255. Fractions between 0 and 1: 0 to 1 does.
All others, and whole numbers of 32 bits: from the smallest to the largest value there is. Rows go through in bands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Final

from PIL import Image, ImageMath

from app.assets.errors import ImageRefused
from app.assets.pictures.notes import Note, note

_BAND: Final = 1 << 20
_LARGEST: Final = 3.4e38


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(image.height, top + rows)))


def _each_band(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    made = Image.new("L", image.size)
    for top, band in _bands(image):
        made.paste(convert(band), (0, top))
    return made


def sixteen_to_eight(image: Image.Image, bits: int, inverted: bool) -> Image.Image:
    """Greys of up to 16 bits (mode I;16), where `bits` ones are white."""
    top = 2**bits - 1
    table = [min(255, (value * 510 + top) // (2 * top)) for value in range(65536)]
    if inverted:
        table = [255 - value for value in table]
    return _each_band(image, lambda band: band.convert("I").point(table, "L"))


def transparent_at(image: Image.Image, value: int) -> Image.Image:
    """The alpha of a grey picture of mode I;16 in which one value means nothing."""
    table = [255] * 65536
    table[value & 0xFFFF] = 0
    return _each_band(image, lambda band: band.convert("I").point(table, "L"))


def measured_to_eight(
    image: Image.Image, *, unsigned: bool = False, no_data: float | None = None, inverted: bool = False
) -> tuple[Image.Image, list[Note]]:
    """Fractions (mode F) or whole numbers of 32 bits (mode I), and what was decided; what has no value is black.

    `unsigned`: whole numbers from 2**31 on were taken for negative ones. IMAGE_WITHOUT_VALUES: none is a number.
    """

    def numbers(band: Image.Image) -> Image.Image:
        if unsigned and band.mode == "I":
            return _math(lambda v: v["v"] + (v["v"] < 0) * 4294967296.0, band.convert("F"))
        return band.convert("F")

    def known(band: Image.Image) -> Image.Image:
        if no_data is None or math.isnan(no_data):
            return _math(lambda v: abs(v["v"]) <= _LARGEST, band)
        return _math(lambda v: (abs(v["v"]) <= _LARGEST) * (abs(v["v"] - no_data) > abs(no_data) * 1e-6), band)

    low, high, missing = math.inf, -math.inf, 0
    for _, band in _bands(image):
        values = numbers(band)
        mask = known(values).convert("L").point(lambda value: 255 if value else 0)
        count = mask.histogram()[255]
        missing += band.width * band.height - count
        if not count:
            continue
        for bound, start in ((min, math.inf), (max, -math.inf)):
            filled = Image.new("F", band.size, _LARGEST if start > 0 else -_LARGEST)
            filled.paste(values, mask=mask)
            extremes: Any = filled.getextrema()
            low, high = (min(low, extremes[0]), high) if bound is min else (low, max(high, extremes[1]))
    if low > high:
        raise ImageRefused("IMAGE_WITHOUT_VALUES", "None of the picture's samples has a value.")
    black, white = (0.0, 1.0) if image.mode == "F" and low >= 0 and high <= 1 else (low, high)
    span = (white - black) or 1.0
    scale, offset = (-255 / span, 255 + black * 255 / span) if inverted else (255 / span, -black * 255 / span)

    def shown(band: Image.Image) -> Image.Image:
        values = numbers(band)
        mask = known(values).convert("L").point(lambda value: 255 if value else 0)
        made = Image.new("L", band.size, 0)
        made.paste(values.point(lambda value: value * scale + (offset + 0.5)).convert("L"), mask=mask)
        return made

    said = [note("SAMPLES_SCALED", f"Samples from {black:g} to {white:g} are shown from black to white.")]
    if missing:
        said.append(note("SAMPLES_WITHOUT_VALUE", f"{missing:,} samples have no value, and are black."))
    return _each_band(image, shown), said


def _math(formula: Callable[[dict[str, Any]], Any], band: Image.Image) -> Image.Image:
    made: Image.Image = ImageMath.lambda_eval(formula, v=band)
    return made
