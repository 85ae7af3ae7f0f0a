"""The meet that a sheet of Omega's is of: its name, its days and the pool."""

from __future__ import annotations

import re

_MONTH = r"[^\W\d_]{3,9}\.?"
_DAY = rf"\d{{1,2}}(?:\s+{_MONTH})?(?:,?\s+\d{{4}})?"
_DATES = re.compile(
    rf"(?:{_DAY}\s*[-–]\s*)?\d{{1,2}}\s+{_MONTH}(?:,?\s+\d{{4}})?"
    rf"|{_MONTH}\s+\d{{1,2}}(?:,?\s+\d{{4}})?(?:\s*[-–]\s*(?:{_MONTH}\s+)?\d{{1,2}})?(?:,?\s+\d{{4}})?"
    r"|\d{1,2}[./]\d{1,2}(?:[./](?:\d{4})?)?\s*[-–]\s*\d{1,2}[./]\d{1,2}[./]\d{4}|\d{1,2}[./]\d{1,2}[./]\d{4}"
)
_BEHIND_PLACE = re.compile(rf".{{1,60}}?,\s+(?P<dates>{_DATES.pattern})")
_OF_EVENT = re.compile(r"\d{1,2} [A-Z]{3} \d{4}(?= - \d{1,2}:\d\d)")
_SHORT_COURSE = re.compile(
    r"\(25 ?m\)|\b25 ?m pool|short course|\bSCM\b|swimming league|\bISL\b|petit bassin", re.IGNORECASE
)
# Held in a pool of 50 m, unless they say otherwise.
_LONG_COURSE = re.compile(
    r"\(50 ?m\)|\b50 ?m pool|long course|\bLCM\b|grand bassin"
    r"|\bworld (?:(?:junior|aquatics|swimming|para) )*championships|\bolympic|\bparalympic|\buniversi(?:ade|ty games)"
    r"|\b(?:commonwealth|asian|european|mediterranean|pan ?american|sea) games"
    r"|\beuropean (?:(?:junior|aquatics|swimming) )*championships",
    re.IGNORECASE,
)
_TOP = 7


def read_dates(texts: list[str]) -> str | None:
    """The days of the meet from the lines at the top of a page, as printed."""
    for text in texts[:_TOP]:
        if _DATES.fullmatch(text):
            return text
        if found := _BEHIND_PLACE.fullmatch(text):
            return found["dates"]
    return None


def read_day(text: str) -> str | None:
    """The day of an event, from the line with its hour."""
    found = _OF_EVENT.search(text) if " - " in text else None
    return found[0] if found else None


def read_course(texts: list[str]) -> str | None:
    """`SCM` or `LCM` from what the top of a page says of the pool, or from the kind of meet."""
    top = " ".join(texts[:_TOP])
    return "SCM" if _SHORT_COURSE.search(top) else "LCM" if _LONG_COURSE.search(top) else None
