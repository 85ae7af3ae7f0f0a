"""A page of a PDF as a picture, with one row of it marked. What runs in sandboxed children."""

from __future__ import annotations

import ctypes
import io
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pypdfium2.raw as raw
from PIL import Image, ImageChops, ImageDraw

from app.extractions.pdf.char_boxes import unturned, upright_turns
from app.extractions.pdf.words import opened
from app.extractions.sheet_errors import NO_PDF, NO_SUCH_PAGE, PDF_UNREADABLE, SheetError

MAX_PIXELS: Final = 12_000_000
"""A page that would have more, as one of a hundred times its width in height, is drawn smaller."""
_HEAD_BYTES: Final = 1024
_TINT, _EDGE = (255, 233, 138), (168, 84, 0)


def draw_page(path: str, number: int, width: int, box: Sequence[float] | None) -> bytes:
    """Page `number` (from 1) of the PDF at `path` as a PNG of `width` pixels, with `box`, that of a `Swim`, marked.

    Before it stands a line: where the marked row begins and ends, as shares of the height from the top (`0.412-0.431`),
    or nothing where none is marked. Raises `SheetError`: `NO_PDF`, `NO_SUCH_PAGE`, or what `opened` says of a broken
    file.
    """
    with Path(path).open("rb") as file:
        if b"%PDF-" not in file.read(_HEAD_BYTES):
            raise SheetError(NO_PDF, "The sheet is not a PDF, so it has no pages to show.")
    with opened(path) as document:
        if number > len(document):
            raise SheetError(NO_SUCH_PAGE, f"The sheet has {len(document):,} pages.")
        with closing(document[number - 1]) as page:
            wide, high = page.get_size()
            if not (0 < wide < 1e6 and 0 < high < 1e6):
                raise SheetError(PDF_UNREADABLE, "A page of the PDF is broken.")
            scale = min(width / wide, (MAX_PIXELS / (wide * high)) ** 0.5)
            picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
            row = _mark(picture, _place(page, box, picture.size)) if box else ""
    content = io.BytesIO()
    picture.save(content, "PNG", compress_level=4)
    return row.encode() + b"\n" + content.getvalue()


def _place(page: Any, box: Sequence[float], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of the box in pixels. PDFium knows how the page is turned and cropped."""
    left, top, right, bottom = box
    with closing(page.get_textpage()) as textpage:
        corners = unturned((left, top, right, bottom), upright_turns(textpage))
    x, y = ctypes.c_int(), ctypes.c_int()
    found = []
    for across, up in (corners[:2], corners[2:]):
        raw.FPDF_PageToDevice(page, 0, 0, *size, 0, across, up, x, y)
        found.append((x.value, y.value))
    (x0, y0), (x1, y1) = found
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _mark(picture: Image.Image, place: tuple[int, int, int, int]) -> str:
    """Tints the place, and draws a line around it for those who do not see the tint; the rows it takes."""
    wide, high = picture.size
    pad = max(2, high // 300)
    left, top, right, bottom = place
    area = (max(0, left - 2 * pad), max(0, top - pad), min(wide, right + 2 * pad), min(high, bottom + pad))
    if area[0] >= area[2] or area[1] >= area[3]:
        return ""  # on a part of the page that is cut off
    row = picture.crop(area)
    picture.paste(ImageChops.multiply(row, Image.new("RGB", row.size, _TINT)), area[:2])
    ImageDraw.Draw(picture).rectangle(
        (area[0], area[1], area[2] - 1, area[3] - 1), outline=_EDGE, width=max(1, pad // 2)
    )
    return f"{area[1] / high:.4f}-{area[3] / high:.4f}"
