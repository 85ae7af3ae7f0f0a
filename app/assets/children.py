"""What the service asks of a child about pictures. Only the child loads Pillow."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Final

_HEADER: Final = struct.Struct("<III")


def describe(path: str, name: str | None) -> dict[str, Any]:
    """Format, size and kind of the image at `path`; raises ImageRefused."""
    from app.assets import images

    return images.describe(path, name)


def make_web_images(path: str, name: str | None, max_size: int, thumbnail: int, quality: int, effort: int) -> bytes:
    """Both files of an image, packed: a header with their sizes, what they are in JSON, the image, the thumbnail."""
    from app.assets import images

    description, large, small = images.make_web_images(path, name, max_size, thumbnail, quality, effort)
    about = json.dumps(description).encode()
    return _HEADER.pack(len(about), len(large), len(small)) + about + large + small


def unpack(answer: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """What make_web_images packed."""
    description, large, small = _HEADER.unpack_from(answer)
    at = _HEADER.size
    ends = at + description, at + description + large, at + description + large + small
    return json.loads(answer[at : ends[0]]), answer[ends[0] : ends[1]], answer[ends[1] : ends[2]]


def first_readable(paths: Sequence[str], names: Sequence[str], own: int) -> int:
    """The place of the first image that can be decoded, up to the own one, which must be; raises ImageRefused."""
    from app.assets import contact_sheet_drawing

    return contact_sheet_drawing.first_readable(paths, names, own)


def draw_sheet(title: str, paths: Sequence[str], names: Sequence[str], labels: Sequence[str], tile: int) -> bytes:
    """A JPEG with a labelled tile for each image."""
    from app.assets import contact_sheet_drawing

    return contact_sheet_drawing.draw_sheet(title, paths, names, labels, tile)
