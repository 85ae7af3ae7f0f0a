"""Which columns of numbers of one table go together, by a sample of its rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from app.reports.columns.kinds import Finding, missing
from app.reports.columns.spread import NUMERIC
from app.reports.columns.store import Store, Stored
from app.reports.engine import rows_of

ROWS, FEWEST_ROWS, FEWEST_DISTINCT = 5000, 30, 3
MOST_COLUMNS, MOST_PAIRS = 16, 20
WEAKEST: Final = 0.3
"""Anything less says nothing."""
_LARGEST: Final = 1e100
"""Squares of larger numbers are beyond a double."""


def correlate(store: Store, findings: Sequence[Finding], columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Pearson's r of pairs of columns, the strongest first, each over the `rows` that have both values.

    Taken are the first columns of numbers that are neither keys nor nearly constant, at even distances so many rows.
    """
    chosen = [
        (stored, finding, column["name"])
        for stored, finding, column in zip(store.columns, findings, columns, strict=False)
        if stored.table == store.columns[0].table and _is_measure(column, store.rows)
    ][:MOST_COLUMNS]
    if len(chosen) < 2 or store.rows < FEWEST_ROWS:
        return []
    values = ", ".join(f"{_value(stored, finding)} as n{place}" for place, (stored, finding, _) in enumerate(chosen))
    step = max(1, -(-store.rows // ROWS))
    pairs = list(combinations(range(len(chosen)), 2))
    asked = ", ".join(f"corr(n{one}, n{other}), regr_count(n{one}, n{other})" for one, other in pairs)
    bounded = ", ".join(f"case when abs(n{at}) < {_LARGEST} then n{at} end as n{at}" for at in range(len(chosen)))
    rows = f"(select {values} from {chosen[0][0].table} where rowid % {step} = 0)"
    answer = rows_of(store, f"select {asked} from (select {bounded} from {rows})")[0]
    found = [
        {"columns": [chosen[one][2], chosen[other][2]], "r": round(r, 4), "rows": count}
        for (one, other), r, count in zip(pairs, answer[::2], answer[1::2], strict=True)
        if r is not None and math.isfinite(r) and abs(r) >= WEAKEST and count >= FEWEST_ROWS
    ]
    return sorted(found, key=lambda pair: -abs(pair["r"]))[:MOST_PAIRS]


def _is_measure(column: Mapping[str, Any], rows: int) -> bool:
    if column["type"] not in NUMERIC or column["distinct"] < FEWEST_DISTINCT:
        return False
    present = rows - column["nulls"]
    low, high = column.get("min"), column.get("max")
    if column["type"] != "integer" or column["distinct"] < present:
        return True
    return not (
        isinstance(low, int) and isinstance(high, int) and high - low < 2 * present
    )  # numbers one after another


def _value(stored: Stored, finding: Finding) -> str:
    if stored.native:
        return f"try_cast({stored.text} as double)"
    if stored.kept and stored.form in finding.kind.keeps and stored.others == finding.misfits + finding.words:
        return f"{stored.value}::double"
    value = f"try_cast({finding.kind.of(stored.text)} as double)"
    return f"case when not {missing(stored.text)} then {value} end" if finding.words else value
