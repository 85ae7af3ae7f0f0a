"""Names read off file names: whose batch it is, what is in it, and the folder that its results go by."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import date

from app.files.names import display_name, split_suffix

MAX_PREFIX = 20
"""The column's length: a longer prefix is cut here and not refused there."""
_PREFIX = re.compile(r"^([A-Za-z]{2,5})[_\- ]([A-Za-z]{2,}\d*)(?=[_\-. ]|$)")
_VIEWS = frozenset(
    (
        *("front", "back", "side", "left", "right", "top", "bottom", "rear"),
        *("detail", "closeup", "angle", "iso", "isometric", "perspective", "hero", "3q"),
    )
)
_CAMERAS = frozenset(
    (
        *(
            "img",
            "imgp",
            "cimg",
            "dsc",
            "dscn",
            "dscf",
            "pxl",
            "mvi",
            "vid",
            "mov",
            "gopr",
            "gh",
            "dji",
            "hpim",
            "pict",
        ),
        *("pic", "photo", "image", "scan", "pano", "burst"),
    )
)


def _stem(filename: str) -> str:
    name = re.split(r"[/\\]", filename)[-1]
    name = "".join(c for c in name if c.isprintable())
    return name.rpartition(".")[0] or name


def customer_prefix(filename: str) -> str | None:
    """The customer's prefix of one file name (`PL_DXB191_GI_..._Front.png` -> `PL_DXB191`), or None."""
    match = _PREFIX.match(_stem(filename))
    if match is None:
        return None
    first, second = match.group(1), match.group(2)
    if first.lower() in _CAMERAS or second.lower() in _VIEWS:
        return None
    return f"{first}_{second}".upper()[:MAX_PREFIX]


def common_prefix(filenames: Sequence[str]) -> tuple[str | None, bool]:
    """The most frequent prefix, the first uploaded on a tie, and whether the files are a mixture of customers."""
    found = [prefix for prefix in map(customer_prefix, filenames) if prefix]
    if not found:
        return None, False
    counts = Counter(found)  # keeps the order of first appearance, which max() respects
    return max(counts, key=lambda prefix: counts[prefix]), len(counts) > 1


_COUNTER = re.compile(r"\(?\d+\)?")


def _words(filename: str) -> list[str]:
    """The words of a name; a counter at its end, or a browser's `(1)`, is none."""
    words = [word for word in re.split(r"[_\-. ]+", _stem(filename)) if word]
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
        return unicodedata.normalize("NFC", _stem(filename)).casefold()
    return unicodedata.normalize("NFC", "_".join(words[:-1])).casefold()


def job_description(filenames: Sequence[str], description: str | None = None) -> str:
    """The user's own words, else `{n}-view_Render` when every file ends in a view word, else `{n}-file_Render`."""
    if description:
        return re.sub(r"[^\w.-]+", "_", description).strip("_.")[:80] or "Batch"
    views = {view_of(name) for name in filenames}
    if views and None not in views:
        return f"{len(views)}-view_Render"
    return f"{len(filenames)}-file_Render"


def base_directory_name(prefix: str | None, description: str, day: date) -> str:
    """`{prefix}_{description}_{YYYY-MM-DD}`; without a prefix, the other two."""
    return "_".join(part for part in (prefix, description, day.isoformat()) if part)[:255]


def job_folder(sequence: int, filename: str | None, pipeline: str | None) -> str:
    """`003 Lakeside Invitational`: the job's number first, so that folders sort as the jobs do and never collide.

    `pipeline` is given when the batch has several.
    """
    stem, _ = split_suffix(display_name(filename or "record"))
    return f"{sequence:03d} {stem[:60]} {pipeline}" if pipeline else f"{sequence:03d} {stem}"[:100]
