"""What a single value looks like, before any column is known: number, date, boolean, text or blank."""

from __future__ import annotations

import re
from typing import Final

from app.reports.columns.figures import PLAIN, STYLED
from app.reports.columns.moments import TIME, TIME_OF_HALF_DAY, form_of
from app.reports.columns.words import NULL_WORDS

LONGEST: Final = 80
_NUMBER: Final = re.compile(r"[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?\s?%?")
_DECORATED: Final = tuple(re.compile(kind.pattern) for kind in (PLAIN, *STYLED) if kind.name == "number")
_TIME: Final = re.compile(f"{TIME.pattern}|{TIME_OF_HALF_DAY.pattern}")
_BOOLEAN: Final = frozenset(("true", "false", "yes", "no"))


def kind_of(value: str) -> str:
    """`number`, `date` (a time as well), `boolean`, `text` or `blank`."""
    value = value.strip()
    if not value or value.casefold() in NULL_WORDS:
        return "blank"
    if value.casefold() in _BOOLEAN:
        return "boolean"
    if len(value) > LONGEST or not any(sign.isdigit() for sign in value):
        return "text"
    if _NUMBER.fullmatch(value):
        return "number"
    if _TIME.fullmatch(value) or form_of(value):
        return "date"
    return "number" if any(pattern.fullmatch(value) for pattern in _DECORATED) else "text"
