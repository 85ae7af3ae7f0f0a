"""Questions to all columns of a table, in few passes over its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from app.reports.columns.kinds import missing, trimmed
from app.reports.engine import Connection, rows_of

MOST_ANSWERS: Final = 120
"""Aggregates of one query; more of them cost more memory than another pass costs time."""


def ask(connection: Connection, questions: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[Any, ...]]:
    """The answers to each question: a column, and aggregates over its trimmed text, which they call `§`."""
    answers: list[tuple[Any, ...]] = []
    for group in _groups(questions):
        texts = {column: f"t{place}" for place, column in enumerate(dict.fromkeys(column for column, _ in group))}
        inner = ", ".join(f"{trimmed(column)} as {name}" for column, name in texts.items())
        asked = [each.replace("§", texts[column]) for column, aggregates in group for each in aggregates]
        row = iter(rows_of(connection, f"select {', '.join(asked)} from (select {inner} from data)")[0])
        answers += [tuple(next(row) for _ in aggregates) for _, aggregates in group]
    return answers


def _groups(questions: Iterable[tuple[str, Sequence[str]]]) -> Iterator[list[tuple[str, Sequence[str]]]]:
    group: list[tuple[str, Sequence[str]]] = []
    size = 0
    for question in questions:
        if group and size + len(question[1]) > MOST_ANSWERS:
            yield group
            group, size = [], 0
        group.append(question)
        size += len(question[1])
    if group:
        yield group


FILLED: Final = "count(§)"
WORDS: Final = f"count(*) filter (where {missing('§')})"
