"""Describes the columns of a table: how much is missing, how many values differ, how they spread, which are frequent.

All columns are typed once, in a table of their own, and then asked together, some at a time: a query for each column
would cost more than its answer in a wide table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, Final

from app.reports.columns.kinds import TEXT, Finding, Kind, missing
from app.reports.columns.spread import NUMERIC, TIMED, measures, named, second_measures
from app.reports.columns.store import Store, Stored
from app.reports.columns.values import LARGEST_SAFE, exactly, plain, shown
from app.reports.engine import Connection, rows_of, side_by_side
from app.reports.notes import Note, note

EXACT_UP_TO: Final = 200_000
"""Rows up to which quantiles are exact, and distinct values however many differ; beyond, they are estimates."""
FEW_VALUES: Final = 50_000
WIDE, MOST_CELLS, FEW_OF_WIDE = 500, 5_000_000, 1000
"""Of so many columns with so many values in all of them, more different values than that are not all counted."""
TOP, BINS = 10, 20
AT_ONCE: Final = 25
"""Columns in one query: DuckDB's planning time grows faster than their number."""
CELLS_AT_ONCE: Final = 4_000_000
"""Values that exact quantiles and distinct values may hold in memory at once."""


@dataclass(slots=True)
class Column:
    """One column, and where its values stand as what they are: the table, and their name in it."""

    stored: Stored
    finding: Finding
    table: str = ""
    value: str = ""
    present: int = 0
    spread: Sequence[Any] = ()
    distinct: int = 0
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        return self.finding.kind


def describe(store: Store, findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """What the report says of the first columns of a table."""
    columns = [Column(stored, finding) for stored, finding in zip(store.columns, findings, strict=False)]
    exact = store.rows <= EXACT_UP_TO
    is_wide = len(columns) > WIDE and store.rows * len(columns) > MOST_CELLS
    few = FEW_OF_WIDE if is_wide else store.rows if exact else FEW_VALUES
    most = max(1, min(AT_ONCE, CELLS_AT_ONCE // max(1, store.rows) if exact else AT_ONCE))
    groups = [[*own] for _, own in groupby(columns, key=lambda column: column.stored.table)]

    def tell(connection: Connection, group: list[Column]) -> None:
        own = replace(store, connection=connection)
        for start in range(0, len(group), AT_ONCE):
            _make_typed(own, group[start : start + AT_ONCE])
            for some in _together(group[start : start + AT_ONCE], most):
                _measure(own, some, few, exact=exact)
                _count_values(own, some, few, is_wide=is_wide)
                _draw(own, some)

    side_by_side(store.connection, tell, groups)
    return [column.found for column in columns]


def _together(columns: Sequence[Column], most: int) -> Iterator[list[Column]]:
    """Columns of the same table, at most so many at once."""
    by_table: dict[str, list[Column]] = {}
    for column in columns:
        by_table.setdefault(column.table, []).append(column)
    for own in by_table.values():
        for start in range(0, len(own), most):
            yield own[start : start + most]


def _make_typed(store: Store, columns: Sequence[Column]) -> None:
    """Make the table `typed` of those columns of which the store has no values of their kind: say where all stand."""
    texts, values = [], []
    for column in columns:
        stored, kind, finding = column.stored, column.kind, column.finding
        place, text = stored.place, f"t{stored.place}"
        is_kept = stored.kept is not None and stored.form in kind.keeps
        if is_kept and stored.kept == kind.type and stored.others == finding.misfits + finding.words:
            column.table, column.value = stored.table, stored.value
            continue
        if kind is TEXT and not stored.kept and not stored.native:
            column.table, column.value = stored.table, stored.text
            continue
        column.table, column.value = "typed", f"v{place}"
        if stored.native:
            texts.append(f"{stored.text} as {text}")
            values.append(f"{_native(kind, text)} as {column.value}")
            continue
        texts.append(f"{stored.other if is_kept else stored.text} as {text}")
        value = kind.worth(text) if finding.is_clean else kind.of(text)
        if finding.words:
            value = f"case when not {missing(text)} then {value} end"
        if is_kept:
            texts.append(f"{stored.value} as k{place}")
            value = f"coalesce(k{place}::{kind.type}, {value})"
        values.append(f"{value} as {column.value}")
    if values:
        query = f"select {', '.join(values)} from (select {', '.join(texts)} from {columns[0].stored.table})"
        store.execute(f"create or replace temp table typed as {query}")


def _native(kind: Kind, name: str) -> str:
    """A value of a column that has a type of its own."""
    if kind.type in ("FLOAT", "DOUBLE"):
        return f"case when isfinite({name}) then {name}::double end"
    if kind.type == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {name})"
    return kind.worth(name)


def _measure(store: Store, columns: Sequence[Column], few: int, *, exact: bool) -> None:
    """Count what is missing, and ask each column what its kind is asked."""
    asked: list[str] = []
    for column in columns:
        different = "0" if few >= store.rows else "least(approx_count_distinct(§), count(§))"
        infinite = "0"
        if column.kind.type in ("FLOAT", "DOUBLE"):
            infinite = f"(select count(*) from {column.stored.table} where not isfinite({column.stored.text}))"
        questions = ["count(§)", infinite, different, *measures(column.kind, exact=exact)]
        asked += [question.replace("§", column.value) for question in questions]
    answers = iter(rows_of(store, f"select {', '.join(asked)} from {columns[0].table}")[0])
    for column in columns:
        column.present, infinite, column.distinct = next(answers), next(answers), next(answers)
        column.spread = [next(answers) for _ in measures(column.kind, exact=exact)]
        column.found = _counted(column, store.rows) | _notes(column, infinite)
    _measure_again(store, [column for column in columns if column.present], exact=exact)


def _measure_again(store: Store, columns: Sequence[Column], *, exact: bool) -> None:
    """Ask for what depends on the first answers, and give all of them their names."""
    questions = [second_measures(each.kind, each.present, each.spread, exact=exact) for each in columns]
    asked = [
        question.replace("§", column.value) for column, own in zip(columns, questions, strict=True) for question in own
    ]
    answers = iter(rows_of(store, f"select {', '.join(asked)} from {columns[0].table}")[0] if asked else ())
    for column, own in zip(columns, questions, strict=True):
        second = [next(answers) for _ in own]
        column.found |= named(column.kind, column.present, column.spread, second, exact=exact)


def _counted(column: Column, rows: int) -> dict[str, Any]:
    finding, kind = column.finding, column.kind
    nulls = rows - column.present - finding.misfits
    found: dict[str, Any] = {
        "type": kind.name if column.present or kind.name != "text" else "empty",
        "format": kind.format,
        "nulls": nulls,
        "null_share": round(nulls / rows, 6) if rows else 0.0,
        "distinct": column.distinct,
        "distinct_is_estimate": False,
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


def _count_values(store: Store, columns: Sequence[Column], few: int, *, is_wide: bool) -> None:
    """The most frequent values with their counts; among very many, found in one pass and counted in another."""
    filled, queries = [], []
    for column in columns:
        many = column.distinct > few
        column.found["distinct_is_estimate"] = many
        if not column.present:
            continue
        if many and is_wide and column.kind.name in (*NUMERIC, *TIMED):  # it has a histogram
            column.found["top_values"] = []
            continue
        filled.append(column)
        value, chosen = column.value, f"{column.value} is not null"
        if many:
            chosen = f"{value} in (select unnest(approx_top_k({value}, {TOP * 5})) from {column.table} where {chosen})"
        groups = (
            f"select {column.kind.shown(value)} as v, count(*) as n from {column.table} where {chosen} group by all"
        )
        # The least of negative counts: equally frequent values come in their own order.
        queries.append(f"(select {{'different': count(*), 'top': min({{'n': -n, 'v': v}}, {TOP})}} from ({groups}))")
    if not queries:
        return
    for column, answer in zip(filled, rows_of(store, f"select {', '.join(queries)}")[0], strict=True):
        if not column.found["distinct_is_estimate"]:
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


def _draw(store: Store, columns: Sequence[Column]) -> None:
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
        edges = [low + step * index for index in range(bins + 1)]
        if len({*edges}) < len(edges):
            continue
        # DuckDB's bins hold their upper ends; of the negative numbers these are our lower ones.
        uppers = ", ".join(repr(-edge) for edge in reversed(edges[:-1]))
        places.append(f"histogram(-{number}, [{uppers}]::double[])")
        drawn.append((column, edges))
    if not drawn:
        return
    for (column, numbers), counts in zip(
        drawn, rows_of(store, f"select {', '.join(places)} from {columns[0].table}")[0], strict=True
    ):
        ends: Sequence[Any] = numbers
        if column.kind.name in TIMED:
            ends = [_moment(edge, only_date=column.kind.name == "date") for edge in numbers]
        column.found["histogram"] = [
            {"from": plain(start), "to": plain(end), "count": count}
            for (start, end), count in zip(pairwise(ends), reversed(counts.values()), strict=True)
        ]


def _moment(seconds: float, *, only_date: bool) -> str:
    try:
        moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    except OverflowError:
        return ""
    return moment.date().isoformat() if only_date else moment.isoformat(timespec="seconds")
