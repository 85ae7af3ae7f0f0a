"""Describes the columns of a table: how much is missing, how many values differ, how they spread, which are frequent.

All columns are typed once, in a table of their own, and then asked together, some at a time: a query for each column
would cost more than its answer in a wide table.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

from app.reports.columns.kinds import Finding, Kind, missing, trimmed
from app.reports.columns.spread import NUMERIC, TIMED, measures, named, second_measures
from app.reports.columns.values import LARGEST_SAFE, exactly, plain, shown
from app.reports.engine import Connection, rows_of
from app.reports.notes import Note, note

EXACT_UP_TO: Final = 200_000
"""Rows up to which distinct values and quantiles are exact; beyond, they are estimates (HyperLogLog, t-digest)."""
FEW_VALUES: Final = 50_000
TOP, BINS = 10, 20
AT_ONCE: Final = 25
"""Columns in one query: DuckDB's planning time grows faster than their number."""
CELLS_AT_ONCE: Final = 4_000_000
"""Values that exact quantiles and distinct values may hold in memory at once."""


@dataclass(slots=True)
class Column:
    """One column of the table `typed`: its values are `v{place}`."""

    place: int
    finding: Finding
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
    columns = [Column(place, finding) for place, finding in enumerate(findings)]
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
    """Make the table `typed`: the values as what they are."""
    texts, values = [], []
    for column in columns:
        name, kind, text = f"c{column.place}", column.kind, f"t{column.place}"
        if typed:
            texts.append(f"{name} as {text}")
            values.append(f"{_native(kind, text)} as {column.value}")
            continue
        texts.append(f"{trimmed(name)} as {text}")
        value = kind.worth(text) if column.finding.is_clean else kind.of(text)
        if column.finding.words:
            value = f"case when not {missing(text)} then {value} end"
        values.append(f"{value} as {column.value}")
    query = f"select {', '.join(values)} from (select {', '.join(texts)} from data)"
    connection.execute(f"create or replace temp table typed as {query}")


def _native(kind: Kind, name: str) -> str:
    """A value of a column that has a type of its own."""
    if kind.type in ("FLOAT", "DOUBLE"):
        return f"case when isfinite({name}) then {name}::double end"
    if kind.type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {name})"
    return kind.worth(name)


def _measure(connection: Connection, columns: Sequence[Column], rows: int, *, exact: bool) -> None:
    """Count what is missing, and ask each column what its kind is asked."""
    asked: list[str] = []
    for column in columns:
        different = "0" if exact else "least(approx_count_distinct(§), count(§))"
        infinite = "0"
        if column.kind.type in ("FLOAT", "DOUBLE"):
            infinite = f"(select count(*) from data where not isfinite(c{column.place}))"
        questions = ["count(§)", infinite, different, *measures(column.kind, exact=exact)]
        asked += [question.replace("§", column.value) for question in questions]
    answers = iter(rows_of(connection, f"select {', '.join(asked)} from typed")[0])
    for column in columns:
        column.present, infinite, column.distinct = next(answers), next(answers), next(answers)
        column.spread = [next(answers) for _ in measures(column.kind, exact=exact)]
        column.found = _counted(column, rows, exact=exact) | _notes(column, infinite)
    _measure_again(connection, [column for column in columns if column.present], exact=exact)


def _measure_again(connection: Connection, columns: Sequence[Column], *, exact: bool) -> None:
    """Ask for what depends on the first answers, and give all of them their names."""
    questions = [second_measures(each.kind, each.present, each.spread, exact=exact) for each in columns]
    asked = [
        question.replace("§", column.value) for column, own in zip(columns, questions, strict=True) for question in own
    ]
    answers = iter(rows_of(connection, f"select {', '.join(asked)} from typed")[0] if asked else ())
    for column, own in zip(columns, questions, strict=True):
        second = [next(answers) for _ in own]
        column.found |= named(column.kind, column.present, column.spread, second, exact=exact)


def _counted(column: Column, rows: int, *, exact: bool) -> dict[str, Any]:
    finding, kind = column.finding, column.kind
    nulls = rows - column.present - finding.misfits
    found: dict[str, Any] = {
        "type": kind.name if column.present or kind.name != "text" else "empty",
        "format": kind.format,
        "nulls": nulls,
        "null_share": round(nulls / rows, 6) if rows else 0.0,
        "distinct": column.distinct,
        "distinct_is_estimate": not exact,
    }
    if finding.words:
        found["null_words"] = finding.words
    if finding.misfits:
        found["misfits"] = finding.misfits
    if kind.order:
        found["date_order"] = "ambiguous" if "readings" in finding.known else kind.order
    return found | finding.known


def _notes(column: Column, infinite: int) -> dict[str, list[Note]]:
    notes = [*column.finding.notes]
    bounds = [bound for bound in column.spread[:2] if bound is not None]
    if column.kind.name == "integer" and any(abs(bound) > LARGEST_SAFE for bound in bounds):
        message = "Integers beyond 2^53 lose digits in programs that keep numbers as doubles; `exact` has them as text."
        notes.append(note("LONG_INTEGERS", message))
    if infinite:
        notes.append(note("NOT_FINITE", "Values that are infinite or not a number count as missing.", infinite))
    return {"notes": notes} if notes else {}


def _count_values(connection: Connection, columns: Sequence[Column], *, exact: bool) -> None:
    """The most frequent values with their counts; among very many, found in one pass and counted in another."""
    filled = [column for column in columns if column.present]
    queries = []
    for column in filled:
        value, chosen = column.value, f"{column.value} is not null"
        if not exact and column.distinct > FEW_VALUES:
            chosen = f"{value} in (select unnest(approx_top_k({value}, {TOP * 5})) from typed where {chosen})"
        groups = f"select {column.kind.shown(value)} as v, count(*) as n from typed where {chosen} group by all"
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
            {"value": shown(column.kind, value), "count": count}
            | {"share": round(count / column.present, 6)}
            | ({"exact": text} if (text := exactly(value)) else {})
            for value, count in top
        ]


def _draw(connection: Connection, columns: Sequence[Column]) -> None:
    """Equal bins from the least to the greatest value, each from `from` up to but without `to`; the last with it."""
    drawn, places = [], []
    for column in columns:
        if not column.present or column.kind.name not in (*NUMERIC, *TIMED):
            continue
        low, high = column.spread[-2:]
        column.found["histogram"] = []
        if not (math.isfinite(low) and math.isfinite(high)) or not math.isfinite(high - low) or low == high:
            continue
        number = f"{column.value}::double" if column.kind.name in NUMERIC else f"epoch({column.value}::timestamp)"
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
        if column.kind.name in TIMED:
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
