"""Describes one column: how much is missing, how many values differ, how they spread, which are frequent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from app.reports.columns.kinds import MISSING, Finding, Kind, trimmed
from app.reports.engine import Connection, rows_of

EXACT_UP_TO: Final = 200_000
"""Rows up to which distinct values and quantiles are exact; beyond, they are estimates (HyperLogLog, t-digest)."""
FEW_VALUES: Final = 50_000
TOP, BINS = 10, 20
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
LONGEST_VALUE: Final = 200
_NUMERIC, _TIMED = ("integer", "number"), ("date", "timestamp")


def describe(connection: Connection, column: str, finding: Finding, rows: int, *, typed: bool) -> dict[str, Any]:
    """The column's part of the report."""
    kind, exact = finding.kind, rows <= EXACT_UP_TO
    _make_values(connection, column, kind, typed=typed)
    distinct = "count(distinct v)" if exact else "least(approx_count_distinct(v), count(v))"
    counts = "count(v), count(*) filter (where is_word)"
    present, words, different, *spread = rows_of(
        connection, f"select {counts}, {distinct}, {', '.join(_measures(kind, exact=exact))} from v"
    )[0]
    nulls = rows - present
    found: dict[str, Any] = {
        "type": kind.name,
        "format": kind.format,
        "nulls": nulls,
        "null_share": round(nulls / rows, 6) if rows else 0.0,
        "distinct": int(different),
        "distinct_is_estimate": not exact,
    }
    if words:
        found["null_words"] = words
    if finding.mostly:
        found["mostly"] = finding.mostly
    if not present:
        return found
    found |= _named(kind, spread)
    found["top_values"] = _top(connection, present, found["distinct"])
    if kind.name in (*_NUMERIC, *_TIMED):
        found["histogram"] = _histogram(connection, kind, *spread[-2:])
    return found


def _make_values(connection: Connection, column: str, kind: Kind, *, typed: bool) -> None:
    """Make the table `v`: the values as what they are, and whether a missing one is a word for "missing"."""
    if typed:
        value = f"case when isfinite({column}) then {column} end" if kind.type in ("FLOAT", "DOUBLE") else column
        select = f"select {value} as v, false as is_word from data"
    elif kind.name in ("text", "empty"):
        select = f"select {trimmed(column)} as v, false as is_word from data"
    else:
        values = f"(select {trimmed(column)} as t from data)"
        select = f"select case when not {MISSING} then {kind.value} end as v, t is not null and v is null as is_word"
        select = f"{select} from {values}"
    connection.execute(f"create or replace temp table v as {select}")


def _measures(kind: Kind, *, exact: bool) -> list[str]:
    """What is asked of a column of this kind, in SQL; of numbers and times the last two are the ends of the axis."""
    shares = f"[{', '.join(map(str, QUANTILES))}]"
    if kind.name in _NUMERIC:
        quantile = "approx_quantile" if not exact else "quantile_disc" if kind.name == "integer" else "quantile_cont"
        return [
            *("min(v)", "max(v)", "avg(v::double)", "stddev_samp(v::double)", f"{quantile}(v, {shares})"),
            *("count(*) filter (where v = 0)", "count(*) filter (where v < 0)", "min(v::double)", "max(v::double)"),
        ]
    if kind.name in _TIMED:
        quantile, seconds = "quantile_disc" if exact else "approx_quantile", "epoch(v::timestamp)"
        return ["min(v)", "max(v)", f"{quantile}(v, 0.5)", f"min({seconds})", f"max({seconds})"]
    if kind.name == "text":
        return ["min(left(v, 200))", "max(left(v, 200))", "min(length(v))", "max(length(v))", "avg(length(v))"]
    return ["min(v)", "max(v)"]


def _named(kind: Kind, spread: Sequence[Any]) -> dict[str, Any]:
    """The answers to `_measures` under their names."""
    low, high, *more = spread
    found: dict[str, Any] = {"min": plain(low), "max": plain(high)}
    if kind.name in _NUMERIC:
        mean, deviation, quantiles, zeros, negatives, *_ = more
        names = [f"p{round(share * 100)}" for share in QUANTILES]
        found |= {"mean": plain(mean), "std": plain(deviation), "zeros": zeros, "negatives": negatives}
        found["quantiles"] = dict(zip(names, map(plain, quantiles), strict=True))
    elif kind.name in _TIMED:
        found["quantiles"] = {"p50": plain(more[0])}
    elif kind.name == "text":
        found |= {"min_length": more[0], "max_length": more[1], "mean_length": plain(more[2])}
    return found


def _top(connection: Connection, present: int, distinct: int) -> list[dict[str, Any]]:
    """The most frequent values with their counts; among very many, found in one pass and counted in another."""
    order = "order by n desc, v limit"
    if distinct <= FEW_VALUES:
        query = f"select v, count(*) as n from v where v is not null group by v {order} {TOP}"
    else:
        frequent = f"select unnest(approx_top_k(v, {TOP * 5})) from v where v is not null"
        query = f"select v, count(*) as n from v where v in ({frequent}) group by v {order} {TOP}"
    rows = rows_of(connection, query)
    if distinct > TOP and rows and rows[0][1] == 1:  # every value stands once: none is more frequent than another
        return []
    return [{"value": plain(value), "count": count, "share": round(count / present, 6)} for value, count in rows]


def _histogram(connection: Connection, kind: Kind, low: float, high: float) -> list[dict[str, Any]]:
    """Equal bins from the least to the greatest value, each from `from` up to but without `to`; the last with it."""
    number = "v::double" if kind.name in _NUMERIC else "epoch(v::timestamp)"
    if not (math.isfinite(low) and math.isfinite(high)) or not math.isfinite(high - low) or low == high:
        return []
    bins = min(BINS, int(high - low) + 1) if kind.name == "integer" else BINS
    step = (high - low) / bins
    place = f"least({bins - 1}, floor(({number} - {low!r}) / {step!r}))::integer"
    counts = dict(rows_of(connection, f"select {place} as place, count(*) from v where v is not null group by place"))
    edges: Sequence[Any] = [low + step * index for index in range(bins + 1)]
    if kind.name in _TIMED:
        edges = [_moment(edge, only_date=kind.name == "date") for edge in edges]
    return [
        {"from": plain(edges[index]), "to": plain(edges[index + 1]), "count": counts.get(index, 0)}
        for index in range(bins)
    ]


def _moment(seconds: float, *, only_date: bool) -> str:
    try:
        moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return moment.date().isoformat() if only_date else moment.isoformat(timespec="seconds")


def plain(value: Any) -> Any:
    """A value of DuckDB as JSON that PostgreSQL can keep: finite, short, without U+0000."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return float(f"{value:.10g}") if math.isfinite(value) else None
        case Decimal():
            return plain(float(value))
        case datetime() | date() | time():
            return value.isoformat()
        case str():
            text = value.replace("\x00", "")
            return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
        case bytes():
            return value[:50].hex()
    return plain(str(value))
