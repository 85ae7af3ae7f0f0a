"""What the columns of a table hold, decided for all of them together.

Some values of a column tell which kinds are worth trying; every kind is then counted over all rows. A column has the
kind of nearly all of its values. Where a value can be read in two ways (1,125 and 03/04/2024), the other columns of the
file decide, and when they do not, a note says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from app.reports.choices import Choices
from app.reports.columns import doubts
from app.reports.columns.figures import are_thousands, money_sign
from app.reports.columns.kinds import ALL, BOOLEAN, TEXT, Finding, Kind, native_kind
from app.reports.columns.likely import family_of, known_values, likely_kinds
from app.reports.columns.refine import Asked, refine
from app.reports.columns.store import Store, Stored
from app.reports.columns.survey import FILLED, WORDS, Question, ask
from app.reports.engine import rows_of
from app.reports.notes import Note
from app.reports.readers.table import Known, Table

MAJORITY: Final = 0.95
"""The share of values that gives a column its kind; the others are counted and listed."""
MOSTLY: Final = 0.8
"""A text column that is of another kind in so large a share of its values is said to be so."""
EXAMPLES: Final = 60


@dataclass(slots=True)
class Column:
    """One column on its way to its kind.

    `given` is the type that the file itself gives to the values. `counts` are over all rows, in the order of `kinds`.
    `both` says of which parameter there are values for each choice, and how many at least.
    """

    place: int
    name: str
    known: list[str]
    given: Known | None = None
    kinds: list[Kind] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    filled: int = 0
    words: int = 0
    both: tuple[str, int] | None = None
    notes: list[Note] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        return f"c{self.place}"

    @property
    def present(self) -> int:
        return self.filled - self.words

    @property
    def best(self) -> int:
        """The place of the kind that most values have; of several the narrowest."""
        return max(range(len(self.counts)), key=self.counts.__getitem__)

    @property
    def share(self) -> float:
        """How much of the values are of that kind."""
        return self.counts[self.best] / self.present if self.present else 0.0

    def readings(self, member: str) -> dict[str, int]:
        """How many values each decimal sign (`sign`) or order of the date (`order`) explains."""
        found: dict[str, int] = {}
        for kind, count in zip(self.kinds, self.counts, strict=True):
            if way := getattr(kind, member):
                found[way] = max(found.get(way, 0), count)
        return found

    def is_whole(self, count: int) -> bool:
        """Whether so many values are integers whatever the decimal sign is."""
        signs = {
            kind.sign
            for kind, own in zip(self.kinds, self.counts, strict=True)
            if own == count and (kind.name == "integer" or kind.sign is None)
        }
        return None in signs or len(signs) == 2

    def keep(self, member: str, way: str) -> None:
        """Drop the kinds that read the values in another way."""
        kept = [
            (kind, count)
            for kind, count in zip(self.kinds, self.counts, strict=True)
            if getattr(kind, member) in (None, way)
        ]
        self.kinds, self.counts = [kind for kind, _ in kept], [count for _, count in kept]


def find_kinds(
    store: Store, table: Table, rows: int, width: int, examples: Sequence[Sequence[Any]], choices: Choices
) -> list[Finding]:
    """The kinds of the first `width` columns of the table `data`. `examples` are some of its rows."""
    if table.typed:
        return [Finding(native_kind(column.native or "")) for column in store.columns[:width]]
    columns = [
        Column(place, table.names[place], _known(store, place, examples, rows), table.known.get(place))
        for place in range(width)
    ]
    tried = [column for column in columns if _choose_kinds(column, store.columns[column.place])]
    _count(store, tried)
    again = [column for column in tried if column.counts[column.best] < column.present]
    for column in again:
        column.kinds = [BOOLEAN] if column.kinds == [BOOLEAN] else [*family_of(column.known)]
    _count(store, again)
    sign = _decide_signs(store, tried, table, choices)
    _decide_orders(store, tried, sign, choices)
    odd = {
        column.place: doubts.odd_values(store, column.sql, column.kinds[column.best])
        for column in tried
        if column.share < 1 and column.share >= MOSTLY and column.kinds[column.best] is not BOOLEAN
    }
    doubts.place_odd(list(odd.values()), table)
    findings = [_finding(column, odd.get(column.place)) for column in tried]
    asked = [Asked(column.sql, column.name, column.known, column.given, column.present) for column in tried]
    refined = dict(zip((column.place for column in tried), refine(store, asked, findings), strict=True))
    return [refined.get(column.place) or Finding(TEXT) for column in columns]


def _known(store: Store, place: int, examples: Sequence[Sequence[Any]], rows: int) -> list[str]:
    filled = [row[place] for row in examples if row[place]]
    known = known_values(filled)
    if len(filled) < 3 and rows > len(examples):
        stored = store.columns[place]
        more = f"select {stored.text} from {stored.table} where {stored.text} <> '' limit {EXAMPLES}"
        known = known_values([*known, *(row[0] for row in rows_of(store, more))])
    return known[:EXAMPLES]


def _choose_kinds(column: Column, stored: Stored) -> bool:
    """Take the kinds to count: one when the examples leave no doubt, else all that they allow."""
    # Where all values are written alike, one tells as much as all; but in 0.125 and 1.125 the points are not alike.
    likely = likely_kinds(column.known[:1] if stored.is_uniform and stored.scale != 3 else column.known)
    if not likely:
        return False
    most = max(count for _, count in likely)
    equal = [kind for kind, count in likely if count == most]
    ways = {(kind.sign, kind.order) for kind in equal}
    is_open = (equal[0].sign or equal[0].order) and len(ways) > 1
    narrowest = {(kind.sign, kind.order, kind.name): kind for kind in reversed(equal)}
    column.kinds = sorted(narrowest.values(), key=equal.index) if is_open else equal[:1]
    return True


def _count(store: Store, columns: Sequence[Column]) -> None:
    """Count the values of each kind. Words for a missing value fit none, so they are counted where some do not fit."""
    asked = []
    for column in columns:
        stored = store.columns[column.place]
        if stored.is_uniform and all(kind.forms.get(stored.form) == ALL for kind in column.kinds):
            column.filled, column.counts = stored.values, [stored.values] * len(column.kinds)
        else:
            asked.append(column)
    questions: list[tuple[str, list[Question]]] = [(column.sql, [FILLED, *column.kinds]) for column in asked]
    for column, (filled, *counts) in zip(asked, ask(store, questions), strict=True):
        column.filled, column.counts = filled, counts
    unlike = [column for column in columns if max(column.counts) < column.filled]
    answers = ask(store, [(column.sql, [WORDS]) for column in unlike])
    for column, (words,) in zip(unlike, answers, strict=True):
        column.words = words


def _decide_signs(store: Store, columns: Sequence[Column], table: Table, choices: Choices) -> str:
    """Settle what the decimal sign is, column by column and then for those that can be read both ways."""
    votes: set[str] = set()
    open_columns: list[Column] = []
    for column in columns:
        ways = column.readings("sign")
        most = max(column.counts)
        if not ways or column.is_whole(most):
            continue
        lowest, way = column.present * MAJORITY, max(ways, key=ways.__getitem__)
        if choices.decimal != "auto" and ways.get(choices.decimal, 0) >= lowest:
            column.keep("sign", choices.decimal)
        elif ways.get("point") == ways.get("comma") and most >= lowest:
            open_columns.append(column)
        else:
            if ways[way] >= lowest:
                votes.add(way)
            elif ways.get("point") and ways.get("comma"):
                column.both = ("decimal", min(ways.values()))
            column.keep("sign", way)
    sign: str
    if choices.decimal != "auto":
        sign, is_sure = choices.decimal, True
    elif len(votes) == 1:
        sign, is_sure = next(iter(votes)), True
    elif not votes and are_thousands([text for column in open_columns for text in column.known]):
        sign, is_sure = "point", True
    else:
        sign, is_sure = ("comma" if table.facts.get("delimiter") == ";" else "point"), False
    for column in open_columns:
        if column.given in ("integer", "number"):
            column.keep("sign", "point")  # the format itself wrote the numbers
            continue
        own = None if is_sure else money_sign(column.known)
        if not is_sure and own is None:
            _doubt(store, column, "sign", "decimal")
            column.notes.append(doubts.ambiguous_decimal(sign, column.counts[column.best], column.known))
        column.keep("sign", own or sign)
    return sign if is_sure and choices.decimal == "auto" else ""


def _decide_orders(store: Store, columns: Sequence[Column], sign: str, choices: Choices) -> None:
    """Settle whether the day or the month comes first in the same way."""
    votes: set[str] = set()
    open_columns: list[Column] = []
    for column in columns:
        ways = column.readings("order")
        if not ways:
            continue
        chosen = choices.date_order
        best, lowest = max(ways.values()), column.present * MAJORITY
        if chosen != "auto" and ways.get(chosen, 0) >= lowest:
            column.keep("order", chosen)
        elif len(ways) > 1 and ways.get("dmy") == ways.get("mdy") == best >= lowest:
            open_columns.append(column)
        else:
            way = max(("dmy", "mdy", "ymd"), key=lambda each: ways.get(each, 0))
            if best < lowest and ways.get("dmy") and ways.get("mdy"):
                column.both = ("date_order", min(ways["dmy"], ways["mdy"]))
            if best >= lowest and len(ways) > 1:
                votes.add(way)
            column.keep("order", way)
    is_sure = len(votes) == 1 or choices.date_order != "auto"
    is_dotted = any(kind.format and "DD.MM" in kind.format for column in columns for kind in column.kinds[:1])
    order = next(iter(votes)) if len(votes) == 1 else "dmy" if sign == "comma" or is_dotted else "mdy"
    for column in open_columns:
        if not is_sure:
            _doubt(store, column, "order", "date_order")
            column.notes.append(doubts.ambiguous_dates(order, column.counts[column.best], column.known))
        column.keep("order", order)


def _doubt(store: Store, column: Column, member: str, parameter: str) -> None:
    """Keep what the column would be by each reading."""
    most = max(column.readings(member).values())
    ways: dict[str, Kind] = {}
    for kind, count in zip(column.kinds, column.counts, strict=True):
        if count == most and (way := getattr(kind, member)):
            ways.setdefault(way, kind)
    column.more["readings"] = doubts.readings(store, column.sql, ways, parameter)


def _finding(column: Column, odd: doubts.Odd | None) -> Finding:
    """The kind by majority."""
    if not column.present or not column.kinds:
        return Finding(TEXT)
    kind, others = column.kinds[column.best], column.present - column.counts[column.best]
    if not others:
        return Finding(kind, 0, column.words, column.notes, column.more)
    if odd is None:
        return Finding(TEXT, notes=[doubts.mixed(*column.both)] if column.both else [])
    if column.share < MAJORITY:
        mostly = {"type": kind.name, "share": round(column.share, 4), "others": others, "examples": odd.examples}
        return Finding(TEXT, notes=[odd.mostly(kind.name, others)], known={"mostly": mostly})
    if odd.leading_zeros:
        return Finding(TEXT, notes=[odd.kept_zeros()])
    return Finding(kind, others, column.words, [*column.notes, odd.misfits(kind.name, others)], column.more)
