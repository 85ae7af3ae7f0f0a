"""The notes of columns: values of another kind, two possible readings, digits and zeros that could be lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.kit.words import quantity
from app.reports.columns.kinds import ALL, Kind, missing
from app.reports.columns.store import Store
from app.reports.columns.values import plain, shown
from app.reports.engine import rows_of
from app.reports.notes import MOST_EXAMPLES, MOST_LINES, Note, note
from app.reports.readers.table import Table

_ARTICLES: Final = {"integer": "an integer"}
_LEADING_ZERO: Final = r"^[+-]?0\d+$"


@dataclass(slots=True)
class Odd:
    """The first values of a column that are of another kind, the rows they stand in, and the lines of these."""

    rows: list[int]
    lines: list[int] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    leading_zeros: int = 0

    def misfits(self, kind: str, count: int) -> Note:
        """Said of a column that has its type by majority."""
        said = (
            f"{quantity(count, 'value')} in this column of type {kind} {'is' if count == 1 else 'are'} something else"
        )
        message = f"{said}; min, max and the other figures leave them out."
        return note("OTHER_VALUES", message, count, lines=self.lines, examples=self.examples)

    def mostly(self, kind: str, count: int) -> Note:
        """Said of a text column."""
        what = f"Most values could be {_ARTICLES.get(kind, f'a {kind}')}, but {quantity(count, 'other')} could not"
        return note("MOSTLY", f"{what}, so the column is text.", count, lines=self.lines, examples=self.examples)

    def kept_zeros(self) -> Note:
        """Said of a text column that would be numbers but for values such as 01234."""
        message = "Some values begin with a zero, which a number would lose: the column is text."
        count = self.leading_zeros
        return note("LEADING_ZEROS", message, count, lines=self.lines, examples=self.examples)


def odd_values(store: Store, column: str, kind: Kind) -> Odd:
    """What stands in a column beside values of the kind."""
    stored = store.column(column)
    texts = stored.other if kind.forms.get(stored.form) == ALL else stored.text
    values = f"(select rowid as place, {texts} as t from {stored.table})"
    other = f"t is not null and not {missing('t')} and ({kind.of('t')}) is null"
    query = f"select place, t from {values} where {other} order by place limit {MOST_LINES}"
    rows = rows_of(store, query)
    examples = list(dict.fromkeys(plain(text) for _, text in rows))[:MOST_EXAMPLES]
    odd = Odd([place for place, _ in rows], examples=examples)
    if kind.name == "integer":
        zeros = f"select count(*) from {values} where {other} and regexp_matches(t, '{_LEADING_ZERO}')"
        odd.leading_zeros = rows_of(store, zeros)[0][0]
    return odd


def place_odd(found: Sequence[Odd], table: Table) -> None:
    """Tell the lines of all of them, for which the file may have to be read once more."""
    rows = sorted({row for odd in found for row in odd.rows})
    lines = dict(zip(rows, table.lines(rows), strict=True)) if rows else {}
    for odd in found:
        odd.lines = [lines[row] for row in odd.rows]


def ambiguous_decimal(sign: str, count: int, examples: Sequence[str]) -> Note:
    """Said of 1,125 and 1.125 where nothing else in the file tells which sign is that of decimals."""
    mark = "." if sign == "point" else ","
    message = f"The numbers can be read in two ways; {mark!r} was taken for the decimal sign."
    shown = [text for text in examples if "," in text or "." in text]
    return note("AMBIGUOUS_DECIMAL", message, count, examples=shown, parameter="decimal", choices=("point", "comma"))


def ambiguous_dates(order: str, count: int, examples: Sequence[str]) -> Note:
    """Said of 03/04/2024 where nothing else in the file tells what comes first."""
    first = "day" if order == "dmy" else "month"
    message = f"Either the day or the month may come first; they were read with the {first} first."
    choices = ("dmy", "mdy")
    return note("AMBIGUOUS_DATES", message, count, examples=examples, parameter="date_order", choices=choices)


def mixed(parameter: str, count: int) -> Note:
    """Said of a column that stays text because no one way reads nearly all of it."""
    if parameter == "decimal":
        message = "Some numbers have a decimal point and some a decimal comma: the column is text."
        return note("MIXED_DECIMALS", message, count, parameter=parameter, choices=("point", "comma"))
    message = "Some dates have the day first and some the month: the column is text."
    return note("MIXED_DATE_ORDERS", message, count, parameter=parameter, choices=("dmy", "mdy"))


def readings(store: Store, column: str, ways: Mapping[str, Kind], parameter: str) -> list[dict[str, Any]]:
    """What the column would be by each of the ways to read it."""
    asked = [f"{bound}({kind.of('t')})" for kind in ways.values() for bound in ("min", "max")]
    query = f"select {', '.join(asked)} from (select {column} as t from data)"
    bounds = iter(rows_of(store, query)[0])
    return [
        {
            parameter: way,
            "type": kind.name,
            "min": shown(kind, next(bounds)),
            "max": shown(kind, next(bounds)),
        }
        for way, kind in ways.items()
    ]
