"""Questions to all columns of a table, in few passes over its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.reports.columns.kinds import ALL, NONE, NUMBERS, Kind, T, missing
from app.reports.columns.store import Store, Stored
from app.reports.engine import Connection, rows_of, side_by_side

MOST_ANSWERS: Final = 120
"""Aggregates of one query; more of them cost more memory than another pass costs time."""
FILLED: Final = "count(§)"
WORDS: Final = f"count(*) filter (where {missing('§')})"


@dataclass(frozen=True, slots=True)
class Either:
    """An aggregate over texts, that over the numbers that are kept as values, and the function that joins the two."""

    texts: str
    values: Callable[[Stored], str]
    join: str = "greatest"


Question = str | Kind | Either
"""An aggregate over the trimmed text of a column, which it calls `§`; or a kind, whose values are to be counted."""


def ask(store: Store, questions: Sequence[tuple[str, Sequence[Question]]]) -> list[tuple[Any, ...]]:
    """The answers to what is asked of each column, which is given by its name in `data`."""

    def answers(connection: Connection, group: list[tuple[str, Sequence[Question]]]) -> list[tuple[Any, ...]]:
        columns = [store.column(name) for name, _ in group]
        asked = [_sql(column, each) for column, (_, own) in zip(columns, group, strict=True) for each in own]
        # What is asked may be known without a look at a row; counted with it, it is one row.
        _, *found = rows_of(connection, f"select count(*), {', '.join(asked)} from {columns[0].table}")[0]
        row = iter(found)
        return [tuple(next(row) for _ in own) for _, own in group]

    parts = side_by_side(store.connection, answers, [*_groups(store, questions)])
    return [answer for part in parts for answer in part]


def _sql(column: Stored, question: Question) -> str:
    """The question in SQL; of values that are kept as such it is known what they are."""
    if isinstance(question, Kind):
        form = question.forms.get(column.form)
        if form is None:
            return question.count(column.text)
        counted = {ALL: str(column.values), NONE: "0"}.get(form, f"count({form.replace(T, column.value)})")
        return f"{counted} + coalesce({question.count(column.other)}, 0)" if column.others else counted
    if isinstance(question, Either):
        if column.form not in NUMBERS:
            return question.texts.replace("§", column.text)
        if not column.others:
            return question.values(column)
        return f"{question.join}({question.values(column)}, {question.texts.replace('§', column.other)})"
    if column.kept and question == FILLED:
        return str(column.values + column.others)
    if column.kept and question == WORDS and not column.others:
        return "0"
    return question.replace("§", column.other if question == WORDS else column.text)


def _groups(
    store: Store, questions: Sequence[tuple[str, Sequence[Question]]]
) -> Iterator[list[tuple[str, Sequence[Question]]]]:
    group: list[tuple[str, Sequence[Question]]] = []
    size = 0
    for question in questions:
        is_elsewhere = bool(group) and store.column(group[-1][0]).table != store.column(question[0]).table
        if group and (is_elsewhere or size + len(question[1]) > MOST_ANSWERS):
            yield group
            group, size = [], 0
        group.append(question)
        size += len(question[1])
    if group:
        yield group
