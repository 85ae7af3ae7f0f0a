"""Describes one column: how much is missing, how many values differ, how they spread, which are frequent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from app.reports.engine import Connection, rows_of
from app.reports.kinds import MISSING, Finding, Kind, trimmed

EXACT_UP_TO: Final = 200_000
"""Rows up to which distinct values and quantiles are exact; beyond, they are estimates (HyperLogLog, t-digest)."""
FEW_VALUES: Final = 50_000
TOP, BINS = 10, 20
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
LONGEST_VALUE: Final = 200
_NUMERIC, _TIMED = ("integer", "number"), ("date", "timestamp")


def describe(connection: Connection, column: str, finding: Finding, rows: int, *, typed: bool) -> dict[str, Any]:
    """The column's part of the report."""
    kind = finding.kind
    nulls, null_words = _prepare(connection, column, kind, typed=typed)
    exact = rows <= EXACT_UP_TO
    found: dict[str, Any] = {
        "type": kind.name,
        "format": kind.format,
        "nulls": nulls,
        "null_share": round(nulls / rows, 6) if rows else 0.0,
    }
    if null_words:
        found["null_words"] = null_words
    if finding.mostly:
        found["mostly"] = finding.mostly
    if nulls >= rows:
        return found | {"distinct": 0, "distinct_is_estimate": False}
    distinct = "count(distinct v)" if exact else "least(approx_count_distinct(v), count(v))"
    found["distinct"] = int(rows_of(connection, f"select {distinct} from v")[0][0])
    found["distinct_is_estimate"] = not exact
    found |= _spread(connection, kind, exact=exact)
    found["top_values"] = _top(connection, rows - nulls, found["distinct"])
    if kind.name in (*_NUMERIC, *_TIMED):
        found["histogram"] = _histogram(connection, kind)
    return found


def _prepare(connection: Connection, column: str, kind: Kind, *, typed: bool) -> tuple[int, int]:
    """Make the table `v` with the column's values as what they are; how many are missing, and how many by a word."""
    if typed:
        finite = f"case when isfinite({column}) then {column} end" if kind.type in ("FLOAT", "DOUBLE") else column
        connection.execute(f"create or replace temp table v as select {finite} as v from data")
    elif kind.name in ("text", "empty"):
        connection.execute(f"create or replace temp table v as select {trimmed(column)} as v from data")
    else:
        value = f"case when not {MISSING} then {kind.value} end"
        connection.execute(
            f"create or replace temp table v as select {value} as v, t is not null and v is null as is_word"
            f" from (select {trimmed(column)} as t from data)"
        )
        nulls, words = rows_of(connection, "select count(*) - count(v), count(*) filter (where is_word) from v")[0]
        return nulls, words
    return rows_of(connection, "select count(*) - count(v) from v")[0][0], 0


def _spread(connection: Connection, kind: Kind, *, exact: bool) -> dict[str, Any]:
    if kind.name in _NUMERIC:
        quantile = (
            "quantile_disc" if exact and kind.name == "integer" else "quantile_cont" if exact else "approx_quantile"
        )
        shares = f"[{', '.join(map(str, QUANTILES))}]"
        query = (
            f"select min(v), max(v), avg(v::double), stddev_samp(v::double), {quantile}(v, {shares}),"
            " count(*) filter (where v = 0), count(*) filter (where v < 0) from v"
        )
        low, high, mean, deviation, quantiles, zeros, negatives = rows_of(connection, query)[0]
        return {
            "min": plain(low),
            "max": plain(high),
            "mean": plain(mean),
            "std": plain(deviation),
            "quantiles": {f"p{round(share * 100)}": plain(at) for share, at in zip(QUANTILES, quantiles, strict=True)},
            "zeros": zeros,
            "negatives": negatives,
        }
    if kind.name in _TIMED:
        quantile = "quantile_disc" if exact else "approx_quantile"
        low, high, middle = rows_of(connection, f"select min(v), max(v), {quantile}(v, 0.5) from v")[0]
        return {"min": plain(low), "max": plain(high), "quantiles": {"p50": plain(middle)}}
    if kind.name == "text":
        query = "select min(left(v, 200)), max(left(v, 200)), min(length(v)), max(length(v)), avg(length(v)) from v"
        low, high, shortest, longest, mean = rows_of(connection, query)[0]
        lengths = {"min_length": shortest, "max_length": longest, "mean_length": plain(mean)}
        return {"min": plain(low), "max": plain(high), **lengths}
    low, high = rows_of(connection, "select min(v), max(v) from v")[0]
    return {"min": plain(low), "max": plain(high)}


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


def _histogram(connection: Connection, kind: Kind) -> list[dict[str, Any]]:
    """Equal bins from the least to the greatest value, each from `from` up to but without `to`; the last with it."""
    number = "v::double" if kind.name in _NUMERIC else "epoch(v::timestamp)"
    low, high = rows_of(connection, f"select min({number}), max({number}) from v")[0]
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
