"""Which way a picture is up, by the evidence there is: EXIF in whatever state it is, else XMP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any, Final

from PIL import Image

from app.assets.pictures.ifds import read_directory, read_header

ORIENTATION: Final = 0x0112
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MARK: Final = b"Exif\0\0"
_XMP: Final = re.compile(rb"tiff:Orientation(?:=[\"']|>)\s{0,9}([1-8])\s{0,9}[\"'<]")


def orientation_of(info: Mapping[Any, Any]) -> tuple[int, bool]:
    """1 to 8 by what Pillow found beside the pixels, and whether its metadata is broken.

    The EXIF of cameras and tools is at times cut, marked twice or of the wrong type; only this one entry matters here.
    """
    exif = info.get("exif") or _from_text(info.get("Raw profile type exif") or info.get("Raw profile type APP1"))
    found, broken = orientation_in(exif) if isinstance(exif, bytes) and exif else (None, False)
    if found is None:
        xmp = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
        said = _XMP.search(xmp.encode() if isinstance(xmp, str) else xmp)
        found = int(said[1]) if said else None
    return found or 1, broken


def orientation_in(exif: bytes) -> tuple[int | None, bool]:
    """What EXIF says (None: nothing, or nothing that is possible), and whether it is broken."""
    while exif.startswith(_MARK):
        exif = exif[len(_MARK) :]
    header = read_header(exif)
    if header is None:
        return None, any(exif)
    directory = read_directory(BytesIO(exif), header, header.first)
    value = directory.number(ORIENTATION, 0)
    return (value if 1 <= value <= 8 else None), directory.broken


def _from_text(text: object) -> bytes | None:
    """EXIF that ImageMagick wrote into a text of a PNG, as hexadecimal digits in lines after a name and a length."""
    if not isinstance(text, str):
        return None
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return b"\xff"  # not to be read, and said to be broken


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The image as it is meant to be seen."""
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
