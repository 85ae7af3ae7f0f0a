"""What file names of pictures tell: the customer, what is seen, and from which side."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from app.pipelines.naming import Naming, stem_of

_VIEWS = frozenset(
    (
        *("front", "back", "side", "left", "right", "top", "bottom", "rear"),
        *("detail", "closeup", "angle", "iso", "isometric", "perspective", "hero", "3q"),
    )
)
_CAMERAS = frozenset(
    (
        *("img", "imgp", "cimg", "dsc", "dscn", "dscf", "pxl", "mvi", "vid", "mov", "gopr", "gh", "dji", "hpim"),
        *("pict", "pic", "photo", "image", "scan", "pano", "burst"),
    )
)
_COUNTER = re.compile(r"\(?\d+\)?")


def _words(filename: str) -> list[str]:
    """The words of a name; a counter at its end, or a browser's `(1)`, is none."""
    words = [word for word in re.split(r"[_\-. ]+", stem_of(filename)) if word]
    while len(words) > 1 and _COUNTER.fullmatch(words[-1]):
        words.pop()
    return words


def view_of(filename: str) -> str | None:
    """The view that a file name ends in (`PL_DXB191_Chair_Front.png` -> `front`), or None."""
    words = _words(filename)
    view = words[-1].lower() if words else ""
    return view if view in _VIEWS else None


def asset_of(filename: str) -> str:
    """What is seen on a picture: its file name without the view (`PL_DXB191_Chair_Front_02.png` -> `pl_dxb191_chair`).

    The same for every spelling of the separators and of upper and lower case. A name without a view is its own asset; a
    name that is nothing but a view belongs to the asset "".
    """
    words = _words(filename)
    if view_of(filename) is None:
        return unicodedata.normalize("NFC", stem_of(filename)).casefold()
    return unicodedata.normalize("NFC", "_".join(words[:-1])).casefold()


class PictureNaming(Naming):
    """Cameras and views are no customers, and pictures that each end in a view are counted by views."""

    def customer_of(self, filename: str) -> str | None:
        first, _, second = (super().customer_of(filename) or "").partition("_")
        return None if not second or first.lower() in _CAMERAS or second.lower() in _VIEWS else f"{first}_{second}"

    def describe(self, filenames: Sequence[str]) -> str:
        views = {view_of(name) for name in filenames}
        if views and None not in views:
            return f"{len(views)}-view_Render"
        return super().describe(filenames)


PICTURES = PictureNaming()
