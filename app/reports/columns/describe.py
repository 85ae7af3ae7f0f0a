"""Describes the columns of a table: how much is missing, how many values differ, how they spread, which are frequent.

All columns are typed once, in a table of their own, and then asked together, some at a time: a query for each column
would cost more than its answer in a wide table.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from app.reports.columns.kinds import MISSING, Finding, Kind, trimmed
from app.reports.engine import Connection, rows_of

EXACT_UP_TO: Final = 200_000
"""Rows up to which distinct values and quantiles are exact; beyond, they are estimates (HyperLogLog, t-digest)."""
FEW_VALUES: Final = 50_000
TOP, BINS = 10, 20
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
LONGEST_VALUE: Final = 200
AT_ONCE: Final = 25
"""Columns in one query: DuckDB's planning time grows faster than their number."""
CELLS_AT_ONCE: Final = 4_000_000
"""Values that exact quantiles and distinct values may hold in memory at once."""
_LITERAL_OR_T: Final = re.compile(r"'(?:[^']|'')*'|\bt\b")
_NUMERIC, _TIMED = ("integer", "number"), ("date", "timestamp")


@dataclass(slots=True)
class Column:
    """One column of the table `typed`: its values are `v{place}`; `w{place}` is true for words that mean "missing"."""

    place: int
    finding: Finding
    has_words: bool
    present: int = 0
    spread: Sequence[Any] = ()
    distinct: int = 0
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return self.finding.kind

    @property
    def value(self) -> str:
        return f"v{self.place}"


def describe(connection: Connection, findings: Sequence[Finding], rows: int, *, typed: bool) -> list[dict[str, Any]]:
    """What the report says of the first columns of the table `data`; `typed`: they are no text there."""
    columns = [
        Column(place, finding, not typed and finding.kind.name not in ("text", "empty"))
        for place, finding in enumerate(findings)
    ]
    exact = rows <= EXACT_UP_TO
    at_once = max(1, min(AT_ONCE, CELLS_AT_ONCE // max(1, rows) if exact else AT_ONCE))
    for start in range(0, len(columns), AT_ONCE):
        group = columns[start : start + AT_ONCE]
        _make_typed(connection, group, typed=typed)
        for first in range(0, len(group), at_once):
            some = group[first : first + at_once]
            _measure(connection, some, rows, exact=exact)
            _count_values(connection, some, exact=exact)
        _draw(connection, group)
    return [column.found for column in columns]


def _make_typed(connection: Connection, columns: Sequence[Column], *, typed: bool) -> None:
    """Make the table `typed`: the values as what they are, and whether a missing one is a word for "missing"."""
    texts, values = [], []
    for column in columns:
        name, kind = f"c{column.place}", column.kind
        if typed:
            value = f"case when isfinite({name}) then {name} end" if kind.type in ("FLOAT", "DOUBLE") else name
            texts.append(name)
        else:
            text = f"t{column.place}"
            value = (
                f"case when not {_over(text, MISSING)} then {_over(text, kind.value)} end" if column.has_words else text
            )
            texts.append(f"{trimmed(name)} as {text}")
        values.append(f"{value} as v{column.place}")
        if column.has_words:
            values.append(f"t{column.place} is not null and v{column.place} is null as w{column.place}")
    query = f"select {', '.join(values)} from (select {', '.join(texts)} from data)"
    connection.execute(f"create or replace temp table typed as {query}")


def _over(text: str, sql: str) -> str:
    """SQL over `t` as SQL over another name."""
    return _LITERAL_OR_T.sub(lambda match: text if match[0] == "t" else match[0], sql)


def _measure(connection: Connection, columns: Sequence[Column], rows: int, *, exact: bool) -> None:
    """Count what is missing, and ask each column what its kind is asked."""
    asked: list[str] = []
    for column in columns:
        words = f"count_if(w{column.place})" if column.has_words else "0"
        different = "0" if exact else f"least(approx_count_distinct({column.value}), count({column.value}))"
        questions = [f"count({column.value})", words, different, *_measures(column.kind, exact=exact)]
        asked += [question.replace("§", column.value) for question in questions]
    answers = iter(rows_of(connection, f"select {', '.join(asked)} from typed")[0])
    for column in columns:
        column.present, words, column.distinct = next(answers), next(answers), next(answers)
        column.spread = [next(answers) for _ in _measures(column.kind, exact=exact)]
        nulls = rows - column.present
        column.found = {
            "type": column.kind.name,
            "format": column.kind.format,
            "nulls": nulls,
            "null_share": round(nulls / rows, 6) if rows else 0.0,
            "distinct": column.distinct,
            "distinct_is_estimate": not exact,
        }
        if words:
            column.found["null_words"] = words
        if column.finding.mostly:
            column.found["mostly"] = column.finding.mostly
        if column.present:
            column.found |= _named(column.kind, column.spread)


def _measures(kind: Kind, *, exact: bool) -> list[str]:
    """What is asked of a column of this kind, in SQL; of numbers and times the last two are the ends of the axis."""
    shares = f"[{', '.join(map(str, QUANTILES))}]"
    if kind.name in _NUMERIC:
        quantile = "approx_quantile" if not exact else "quantile_disc" if kind.name == "integer" else "quantile_cont"
        number = "§" if kind.type == "double" else "§::double"
        return [
            *("min(§)", "max(§)", f"avg({number})", f"stddev_samp({number})", f"{quantile}(§, {shares})"),
            *("count_if(§ = 0)", "count_if(§ < 0)", "min(§)::double", "max(§)::double"),
        ]
    if kind.name in _TIMED:
        quantile, seconds = "quantile_disc" if exact else "approx_quantile", "epoch({}(§)::timestamp)"
        return ["min(§)", "max(§)", f"{quantile}(§, 0.5)", seconds.format("min"), seconds.format("max")]
    if kind.name == "text":
        shortened = f"left({{}}(§), {LONGEST_VALUE + 1})"
        lengths = ("min(length(§))", "max(length(§))", "avg(length(§))")
        return [shortened.format("min"), shortened.format("max"), *lengths]
    return ["min(§)", "max(§)"]


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


def _count_values(connection: Connection, columns: Sequence[Column], *, exact: bool) -> None:
    """The most frequent values with their counts; among very many, found in one pass and counted in another."""
    filled = [column for column in columns if column.present]
    queries = []
    for column in filled:
        value, chosen = column.value, f"{column.value} is not null"
        if not exact and column.distinct > FEW_VALUES:
            chosen = f"{value} in (select unnest(approx_top_k({value}, {TOP * 5})) from typed where {chosen})"
        groups = f"select {value} as v, count(*) as n from typed where {chosen} group by all"
        # The least of negative counts: equally frequent values come in their own order.
        queries.append(f"(select {{'different': count(*), 'top': min({{'n': -n, 'v': v}}, {TOP})}} from ({groups}))")
    if not queries:
        return
    for column, answer in zip(filled, rows_of(connection, f"select {', '.join(queries)}")[0], strict=True):
        if exact:
            column.found["distinct"] = column.distinct = answer["different"]
        top = [(each["v"], -each["n"]) for each in answer["top"]]
        if column.distinct > TOP and top[0][1] == 1:  # every value stands once: none is more frequent than another
            top = []
        column.found["top_values"] = [
            {"value": plain(value), "count": count, "share": round(count / column.present, 6)} for value, count in top
        ]


def _draw(connection: Connection, columns: Sequence[Column]) -> None:
    """Equal bins from the least to the greatest value, each from `from` up to but without `to`; the last with it."""
    drawn, places = [], []
    for column in columns:
        if not column.present or column.kind.name not in (*_NUMERIC, *_TIMED):
            continue
        low, high = column.spread[-2:]
        column.found["histogram"] = []
        if not (math.isfinite(low) and math.isfinite(high)) or not math.isfinite(high - low) or low == high:
            continue
        number = f"{column.value}::double" if column.kind.name in _NUMERIC else f"epoch({column.value}::timestamp)"
        bins = min(BINS, int(high - low) + 1) if column.kind.name == "integer" else BINS
        step = (high - low) / bins
        place = f"least({bins - 1}, floor(({number} - {low!r}) / {step!r}))::tinyint"
        places.append(f"histogram({place}) filter (where {column.value} is not null)")
        drawn.append((column, [low + step * index for index in range(bins + 1)]))
    if not drawn:
        return
    for (column, numbers), counts in zip(
        drawn, rows_of(connection, f"select {', '.join(places)} from typed")[0], strict=True
    ):
        edges: Sequence[Any] = numbers
        if column.kind.name in _TIMED:
            edges = [_moment(edge, only_date=column.kind.name == "date") for edge in numbers]
        column.found["histogram"] = [
            {"from": plain(start), "to": plain(end), "count": counts.get(index, 0)}
            for index, (start, end) in enumerate(pairwise(edges))
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
