"""Values of DuckDB as JSON."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from app.reports.columns.kinds import Kind

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


def shown(kind: Kind, value: Any) -> Any:
    """A value of a column as JSON; moments have the column's offset from UTC behind them."""
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat()}{kind.suffix}"
    if kind.name == "timestamp" and isinstance(value, str):
        return f"{value.replace(' ', 'T')}{kind.suffix}"
    return plain(value)
