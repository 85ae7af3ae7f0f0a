"""Drawing the views of an asset on one labelled sheet: what runs in sandboxed children."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw

from app.assets.errors import ImageRefused
from app.assets.lettering.line import draw_line
from app.assets.packing import pack
from app.assets.pictures.colours import picture
from app.assets.pictures.opening import opened

_PAPER, _EMPTY, _FRAME = (255, 255, 255), (246, 247, 248), (214, 216, 220)
_INK, _FAINT = (32, 33, 36), (140, 143, 148)
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
    """A JPEG with a tile for each image, in order, its label below; what cannot be decoded is a quiet empty tile.

    Packed: the places of the empty tiles as JSON, then the JPEG.
    """
    columns = math.ceil(math.sqrt(len(paths)))
    rows = math.ceil(len(paths) / columns)
    label_height, title_height = _LABEL_SIZE * 2, _TITLE_SIZE * 2
    width = columns * tile + (columns + 1) * _GAP
    height = title_height + rows * (tile + label_height + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw_line(draw, (_GAP, _GAP // 2 + _TITLE_SIZE), title, _TITLE_SIZE, _INK, width - 2 * _GAP)
    empty = []
    for place, (path, name, label) in enumerate(zip(paths, names, labels, strict=True)):
        left = _GAP + place % columns * (tile + _GAP)
        top = title_height + _GAP + place // columns * (tile + label_height + _GAP)
        frame, ink = (left - 1, top - 1, left + tile, top + tile), _INK
        try:
            with opened(path, name) as image:
                seen = picture(image, tile)
        except ImageRefused:
            empty.append(place)
            draw.rectangle(frame, _EMPTY, _FRAME)
            ink = _FAINT
        else:
            draw.rectangle(frame, outline=_FRAME)
            at = left + (tile - seen.width) // 2, top + (tile - seen.height) // 2
            sheet.paste(seen, at, seen if seen.mode == "RGBA" else None)
        draw_line(draw, (left, top + tile + 6 + _LABEL_SIZE), label, _LABEL_SIZE, ink, tile)
    target = BytesIO()
    sheet.save(target, "JPEG", quality=88, optimize=True)
    return pack([json.dumps(empty).encode(), target.getvalue()])
