"""Names read off file names: whose batch it is, what is in it, and the folder that its results go by (document 001)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date

MAX_PREFIX = 20
"""VARCHAR(20) of document 001: longer prefixes are cut here, not by the column."""
_PREFIX = re.compile(r"^([A-Za-z]{2,5})[_\- ]([A-Za-z]{2,}\d*)(?=[_\-. ]|$)")
_VIEWS = frozenset(
    (
        *("front", "back", "side", "left", "right", "top", "bottom", "rear"),
        *("detail", "angle", "iso", "perspective", "hero", "3q"),
    )
)
_CAMERAS = frozenset(
    ("img", "dsc", "dscn", "dscf", "pxl", "mvi", "vid", "gopr", "gh", "pic", "photo", "scan", "screenshot")
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


def _last_word(filename: str) -> str:
    """The last word of a name, which may be a view: a counter after it, or a browser's `(1)`, is none."""
    words = re.split(r"[_\-. ]+", _stem(filename).lower())
    while len(words) > 1 and re.fullmatch(r"\(?\d+\)?", words[-1]):
        words.pop()
    return words[-1]


def job_description(filenames: Sequence[str], description: str | None = None) -> str:
    """The user's own words, else `{n}-view_Render` when every file ends in a view word, else `{n}-file_Render`."""
    if description:
        return re.sub(r"[^\w.-]+", "_", description).strip("_.")[:80] or "Batch"
    views = {_last_word(name) for name in filenames}
    if views and views <= _VIEWS:
        return f"{len(views)}-view_Render"
    return f"{len(filenames)}-file_Render"


def base_directory_name(prefix: str | None, description: str, day: date) -> str:
    """`{prefix}_{description}_{YYYY-MM-DD}`; without a prefix, the other two."""
    return "_".join(part for part in (prefix, description, day.isoformat()) if part)[:255]
