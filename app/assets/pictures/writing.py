"""Writing a picture for pages, in several formats and widths: what runs in sandboxed children."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

from PIL import AvifImagePlugin, Image, JpegImagePlugin, WebPImagePlugin

from app.assets.packing import pack
from app.assets.pictures.colours import picture
from app.assets.pictures.opening import Opened, opened

BEHIND: Final = (255, 255, 255)
"""The colour behind a picture with transparent parts when its format has none."""
_WRITERS: Final = (AvifImagePlugin, JpegImagePlugin, WebPImagePlugin)


def describe(path: str, name: str | None) -> dict[str, Any]:
    """Format, size and kind of an image that may be processed, from its header."""
    with opened(path, name) as source:
        return _facts(source)


def _facts(source: Opened) -> dict[str, Any]:
    image = source.image
    sides = (image.width, image.height) if source.orientation < 5 else (image.height, image.width)
    return {
        "format": source.format,
        "width": sides[0],
        "height": sides[1],
        "mode": image.mode,
        "frames": source.frames,
        "has_profile": bool(image.info.get("icc_profile")),
    }


def encoded(image: Image.Image, kind: str, quality: int, effort: int) -> bytes:
    """An RGB or RGBA image as WebP, AVIF or JPEG. `quality` 1 to 100; `effort` 0 to 6 buys smaller files with time."""
    target = BytesIO()
    if kind == "webp":
        image.save(target, "WEBP", quality=quality, method=effort)
    elif kind == "avif":
        image.save(target, "AVIF", quality=quality, speed=10 - effort, max_threads=1)
    else:
        flat = image
        if image.mode == "RGBA":
            flat = Image.new("RGB", image.size, BEHIND)
            flat.paste(image, mask=image.getchannel("A"))
        flat.save(target, "JPEG", quality=quality, optimize=effort > 0, progressive=effort > 3)
    return target.getvalue()


def make_web_images(
    path: str,
    name: str | None,
    max_size: int,
    thumbnail: int,
    widths: Sequence[int],
    formats: Sequence[tuple[str, int]],
    effort: int,
) -> bytes:
    """All files of an image, packed: what they are in JSON, then the files in that order.

    `formats` are the wanted ones of `webp`, `avif` and `jpeg`, with the quality of each; `widths` in pixels, beside the
    image of `max_size`, and narrower than that. The thumbnail is written in the first format.
    """
    with opened(path, name) as source:
        large = picture(source, max_size)
        notes = source.notes
    small = large.copy()
    small.thumbnail((thumbnail, thumbnail), Image.Resampling.LANCZOS)
    described, files = [], []
    for role, image in [("image", large), *_narrower(large, widths), ("thumbnail", small)]:
        for kind, quality in formats if role != "thumbnail" else formats[:1]:
            files.append(encoded(image, kind, quality, effort))
            described.append({"role": role, "format": kind, "width": image.width, "height": image.height})
    return pack([json.dumps({"files": described, "notes": notes}).encode(), *files])


def _narrower(large: Image.Image, widths: Sequence[int]) -> list[tuple[str, Image.Image]]:
    """The image in each width that is smaller than its own."""
    made = []
    for width in sorted({*widths}):
        if width < large.width:
            height = max(1, round(large.height * width / large.width))
            made.append(("width", large.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)))
    return made
