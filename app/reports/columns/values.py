"""Values of DuckDB as JSON."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

LONGEST_VALUE: Final = 200
LARGEST_SAFE: Final = 2**53
"""Integers up to this one are the same in programs that keep every number as a double, such as a browser."""


def plain(value: Any) -> Any:
    """A value as JSON that PostgreSQL can keep: finite, short, without U+0000.

    Integers stay exact at any length. Fractions become the nearest double; `exactly` tells whether that loses digits.
    """
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal() | Fraction():
            return plain(float(value))
        case datetime() | date() | time():
            return value.isoformat()
        case str():
            text = value.replace("\x00", "")
            return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
        case bytes():
            return value[:50].hex()
    return plain(str(value))


def exactly(value: Any) -> str | None:
    """All digits of a number that a double would round; None for every other value."""
    match value:
        case bool():
            return None
        case int() if abs(value) > LARGEST_SAFE:
            return str(value)
        case Decimal() if value.is_finite() and Decimal(repr(float(value))) != value:
            text = f"{value:f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
    return None


def moment_text(value: Any, suffix: str) -> Any:
    """A date or a time of day with the column's offset from UTC behind it; anything else as it is."""
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}{suffix}"
    return value
