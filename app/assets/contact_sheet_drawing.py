"""Drawing the views of an asset on one labelled sheet: what runs in sandboxed children."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from app.assets.errors import ImageRefused
from app.assets.pictures.colours import picture
from app.assets.pictures.opening import opened

_PAPER, _INK, _FAINT, _FRAME = (255, 255, 255), (32, 33, 36), (110, 113, 118), (214, 216, 220)
_GAP: Final = 24
_TITLE_SIZE, _LABEL_SIZE = 28, 18


def first_readable(paths: Sequence[str], names: Sequence[str], own: int) -> int:
    """The place of the first image that can be decoded, up to the own one, which must be; raises ImageRefused."""
    _decode(paths[own], names[own])
    for place in range(own):
        try:
            _decode(paths[place], names[place])
        except ImageRefused:
            continue
        return place
    return own


def _decode(path: str, name: str) -> None:
    with opened(path, name) as image:
        picture(image, 64)


def draw_sheet(title: str, paths: Sequence[str], names: Sequence[str], labels: Sequence[str], tile: int) -> bytes:
    """A JPEG with a tile for each image, in order, its label below; what cannot be decoded is an empty tile."""
    columns = math.ceil(math.sqrt(len(paths)))
    rows = math.ceil(len(paths) / columns)
    label_height, title_height = _LABEL_SIZE * 2, _TITLE_SIZE * 2
    width = columns * tile + (columns + 1) * _GAP
    height = title_height + rows * (tile + label_height + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_GAP, _GAP // 2), title, _TITLE_SIZE, _INK, width - 2 * _GAP)
    for place, (path, name, label) in enumerate(zip(paths, names, labels, strict=True)):
        left = _GAP + place % columns * (tile + _GAP)
        top = title_height + _GAP + place // columns * (tile + label_height + _GAP)
        draw.rectangle((left - 1, top - 1, left + tile, top + tile), outline=_FRAME)
        try:
            with opened(path, name) as image:
                seen = picture(image, tile)
        except ImageRefused as refused:
            _write(draw, (left + 12, top + tile // 2), refused.code, _LABEL_SIZE, _FAINT, tile - 24)
        else:
            at = left + (tile - seen.width) // 2, top + (tile - seen.height) // 2
            sheet.paste(seen, at, seen if seen.mode == "RGBA" else None)
        _write(draw, (left, top + tile + 6), label, _LABEL_SIZE, _INK, tile)
    target = BytesIO()
    sheet.save(target, "JPEG", quality=88, optimize=True)
    return target.getvalue()


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int], room: int
) -> None:
    """One line, shortened to the room it has."""
    font = ImageFont.load_default(size)
    if draw.textlength(text, font) > room:
        while text and draw.textlength(text + "...", font) > room:
            text = text[:-1]
        text += "..."
    draw.text(at, text, ink, font)
