"""What is asked of the values of a column of each kind, in SQL, and the answers under their names."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from app.reports.columns.kinds import Kind
from app.reports.columns.values import LONGEST_VALUE, exactly, plain, shown

QUANTILES: Final = (Fraction(1, 20), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(19, 20))
NUMERIC, TIMED = ("integer", "number"), ("date", "timestamp")
LONGEST_SUM: Final = 38
"""Digits that DuckDB adds up exactly."""
_SAFE_DECIMAL: Final = 27


def measures(kind: Kind, *, exact: bool) -> list[str]:
    """Aggregates over the values, which they call `§`; of numbers and times the last two are the ends of the axis.

    `exact`: quantiles are asked in a second query, by `second_measures`, when the number of values is known.
    """
    if kind.name in NUMERIC:
        number = "§" if kind.type.lower() == "double" else "§::double"
        shares = f"[{', '.join(str(float(share)) for share in QUANTILES)}]"
        return [
            *("min(§)", "max(§)", "sum(§)" if _adds_up(kind) else f"avg({number})", f"stddev_samp({number})"),
            "null" if exact else f"approx_quantile(§, {shares})",
            *("count_if(§ = 0)", "count_if(§ < 0)", "min(§)::double", "max(§)::double"),
        ]
    if kind.name in TIMED:
        middle = "null" if exact else f"approx_quantile({_comparable(kind)}, 0.5)"
        seconds = "epoch({}(§)::timestamp)"
        return [kind.shown("min(§)"), kind.shown("max(§)"), middle, seconds.format("min"), seconds.format("max")]
    if kind.name == "text":
        shortened = f"left({{}}(§), {LONGEST_VALUE + 1})"
        lengths = ("min(length(§))", "max(length(§))", "avg(length(§))")
        return [shortened.format("min"), shortened.format("max"), *lengths]
    return ["min(§)", "max(§)"]


def second_measures(kind: Kind, present: int, spread: Sequence[Any], *, exact: bool) -> list[str]:
    """What can only be asked when the number of values and their ends are known: exact quantiles, and long sums."""
    asked = []
    if exact and kind.name in (*NUMERIC, *TIMED):
        shares = ", ".join(str((rank + 0.5) / present) for rank in _ranks(kind, present))
        asked.append(f"quantile_disc({_comparable(kind)}, [{shares}])")
    if kind.name in NUMERIC and not _adds_up(kind) and _is_exact(kind) and _digits(spread, present) <= LONGEST_SUM:
        asked.append("sum(§)")
    return asked


def named(kind: Kind, present: int, spread: Sequence[Any], second: Sequence[Any], *, exact: bool) -> dict[str, Any]:
    """The answers to both under their names."""
    low, high, *more = spread
    found: dict[str, Any] = {"min": shown(kind, low), "max": shown(kind, high)}
    if kind.name in NUMERIC:
        total, deviation, quantiles, zeros, negatives, *_ = more
        mean: Any = total
        if not _adds_up(kind):
            total = second[-1] if _is_exact(kind) and len(second) > exact else None
        if total is not None:
            mean = Fraction(total) / present
        if exact:
            quantiles = _between_ranks(second[0], present)
        figures = {"sum": total, "mean": mean, "std": deviation}
        shares = dict(zip((f"p{round(share * 100)}" for share in QUANTILES), quantiles, strict=True))
        found |= {name: plain(value) for name, value in figures.items() if name != "sum" or value is not None}
        found |= {"zeros": zeros, "negatives": negatives}
        found["quantiles"] = {name: plain(value) for name, value in shares.items()}
        every = {"min": low, "max": high, "sum": total} | shares
        if texts := {name: text for name, value in every.items() if (text := exactly(value))}:
            found["exact"] = texts
    elif kind.name in TIMED:
        found["quantiles"] = {"p50": shown(kind, second[0][0] if exact else more[0])}
    elif kind.name == "text":
        found |= {"min_length": more[0], "max_length": more[1], "mean_length": plain(more[2])}
    return found


def _adds_up(kind: Kind) -> bool:
    """Whether the sum of any number of values fits into what DuckDB makes of it."""
    if match := re.match(r"decimal\((\d+)", kind.type, re.IGNORECASE):
        return int(match[1]) <= _SAFE_DECIMAL
    return kind.name == "integer" and kind.type.lower() not in ("hugeint", "uhugeint")


def _is_exact(kind: Kind) -> bool:
    return kind.type.lower() not in ("double", "float")


def _digits(spread: Sequence[Any], present: int) -> int:
    return max(len(str(bound)) for bound in spread[:2]) + len(str(present))


def _comparable(kind: Kind) -> str:
    return "§::timestamp" if kind.name == "timestamp" and kind.type.lower() != "timestamp" else "§"


def _ranks(kind: Kind, present: int) -> list[int]:
    """The places in the sorted column whose values the quantiles are made of."""
    if kind.name in TIMED:
        return [(present - 1) // 2]
    places = [share * (present - 1) for share in QUANTILES]
    return sorted({rank for place in places for rank in (math.floor(place), math.ceil(place))})


def _between_ranks(values: Sequence[Any], present: int) -> list[Any]:
    """Quantiles as a spreadsheet makes them: a share of the way between the two values next to each place."""
    places = [share * (present - 1) for share in QUANTILES]
    ranks = sorted({rank for place in places for rank in (math.floor(place), math.ceil(place))})
    at = dict(zip(ranks, values, strict=True))
    return [_between(at[math.floor(place)], at[math.ceil(place)], place % 1) for place in places]


def _between(low: Any, high: Any, share: Fraction) -> Any:
    if low == high or not share:
        return low
    if isinstance(low, float):
        return low + float(share) * (high - low)
    value = Fraction(low) + share * (Fraction(high) - Fraction(low))
    return int(value) if value.denominator == 1 else _decimal(value)


def _decimal(value: Fraction) -> Decimal:
    """A fraction of finitely many digits, with all of them: its denominator divides a power of ten."""
    places = next(places for places in range(80) if 10**places % value.denominator == 0)
    return Decimal(f"{int(value * 10**places)}e-{places}")
