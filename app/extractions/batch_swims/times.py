"""A printed time as seconds."""

from __future__ import annotations

import re
from typing import Final

_TIME: Final = re.compile(r"(?:(\d{1,2}):)?(?:(\d{1,3}):)?(\d{1,3}\.\d{1,3})")


def seconds_of(time: str | None) -> float | None:
    """`2:37.96` is 157.96 and `1:02:03.04` is 3723.04; None for anything that is no time."""
    match = _TIME.fullmatch(time or "")
    if match is None:
        return None
    first, second, rest = match.groups()
    hours, minutes = (first, second) if second is not None else (None, first)
    return round(int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(rest), 3)
