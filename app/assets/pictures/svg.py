"""SVG as pixels, drawn by resvg from a copy that we write of it.

resvg reads local files that an `href` names. So the file is read by expat, which fetches nothing, and only what it has
seen is written down for resvg: without document type, instructions and any reference that leaves the file.
"""

from __future__ import annotations

import io
import re
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import resvg_py
from PIL import Image

from app.assets.errors import ImageRefused

MAX_BYTES, MOST_ELEMENTS, DEEPEST = 20 << 20, 300_000, 200
MOST_PIXELS: Final = 16_000_000
_UNITS: Final = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
    "q": 96 / 101.6,
}
_LENGTH: Final = re.compile(r"\s{0,9}\+?([0-9]{0,9}\.?[0-9]{0,9}(?:[eE][+-]?[0-9]{1,2})?)\s{0,9}([A-Za-z]{0,2})\s{0,9}")
_WITHIN: Final = ("#", "data:")


class _Copy:
    """What is kept of the file, as text; the attributes of its root, and whether it has letters to be set."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.name, self.root = "", {"": ""}
        self.has_text, self.left_out = False, 0
        self._open: list[str] = []
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._open) >= DEEPEST:
            raise ImageRefused("DECOMPRESSION_LIMIT", "The SVG has more elements than a picture may.")
        if not self._open:
            self.name, self.root = name, attributes
        self._open.append(_local(name))
        kept = {key: value for key, value in attributes.items() if _stays(key, value)}
        self.left_out += len(kept) < len(attributes) and _local(name) in ("image", "use", "feImage")
        self.parts.append(_tag(name, kept))

    def end(self, name: str) -> None:
        self._open.pop()
        self.parts.append(f"</{name}>")

    def text(self, text: str) -> None:
        if not text.isspace() and "text" in self._open:
            self.has_text = True
        self.parts.append(escape(text))


def _tag(name: str, attributes: dict[str, str]) -> str:
    return "".join((f"<{name}", *(f" {key}={quoteattr(value)}" for key, value in attributes.items()), ">"))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _stays(key: str, value: str) -> bool:
    return key != "xml:base" and (_local(key) != "href" or value.lstrip().startswith(_WITHIN))


def draw_svg(content: bytes) -> tuple[Image.Image, int]:
    """The picture in its own size at 96 pixels an inch, at most in 16 million pixels; and how many parts are left out.

    Those are parts that lie in other files. Raises ImageRefused.
    """
    if len(content) > MAX_BYTES:
        raise ImageRefused("DECOMPRESSION_LIMIT", "The SVG is larger than a picture may be.")
    copy = _read(content)
    if _local(copy.name) != "svg":
        raise ImageRefused("NOT_AN_IMAGE", "The content is XML, and no SVG.")
    if copy.has_text:
        raise ImageRefused(
            "IMAGE_FORMAT_NOT_SUPPORTED",
            "The SVG has text, whose fonts are not here. Convert its text to paths, or export it as PNG.",
        )
    width, height = _size(copy.root)
    scale = min(1.0, (MOST_PIXELS / (width * height)) ** 0.5)
    wanted = max(1, round(width * scale)), max(1, round(height * scale))
    root = {"viewBox": f"0 0 {width} {height}"} | copy.root | {"width": f"{wanted[0]}", "height": f"{wanted[1]}"}
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=_tag(copy.name, root) + "".join(copy.parts[1:]), skip_system_fonts=True
        )
    except (ValueError, OSError, RuntimeError, TypeError):
        raise ImageRefused("IMAGE_DAMAGED", "The SVG cannot be drawn.") from None
    return Image.open(io.BytesIO(drawn), formats=("PNG",)), copy.left_out


def _read(content: bytes) -> _Copy:
    copy = _Copy()
    parser = expat.ParserCreate()
    parser.ordered_attributes = False
    parser.buffer_text = True
    parser.StartElementHandler = copy.start
    parser.EndElementHandler = copy.end
    parser.CharacterDataHandler = copy.text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise ImageRefused("IMAGE_DAMAGED", "The SVG is not well-formed XML, or ends before its time.") from None
    return copy


def _size(root: dict[str, str]) -> tuple[float, float]:
    """Width and height as the file states them; what it does not state follows from its view box."""
    box = [_number(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip()[:200])]
    inner = (box[2], box[3]) if len(box) == 4 and box[2] and box[3] else None
    width, height = _number(root.get("width")), _number(root.get("height"))
    if inner and inner[0] and inner[1]:
        width = width or (height * inner[0] / inner[1] if height else inner[0])
        height = height or width * inner[1] / inner[0]
    if not width or not height or not 0.1 <= width <= 1e6 or not 0.1 <= height <= 1e6:
        raise ImageRefused("IMAGE_DAMAGED", "The SVG states no size that can be drawn.")
    return width, height


def _number(text: str | None) -> float | None:
    found = _LENGTH.fullmatch(text or "")
    if not found or not found[1].strip(".eE+-") or found[2].lower() not in _UNITS:
        return None
    try:
        return float(found[1]) * _UNITS[found[2].lower()]
    except ValueError:
        return None
