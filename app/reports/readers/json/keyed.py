"""Records under their keys, and columns under their names: which of the two an object of objects is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from app.reports.notes import Note, note

_LABEL: Final = re.compile(r"-?\d+(?:\.\d+)?|\d{4}-\d\d?-\d\d?(?:[T ][\d:.+Z-]*)?")
"""What rows are called and columns are not: numbers and days."""
KEY: Final = "key"


@dataclass(slots=True)
class Keyed:
    """`rows` are records with their label as the member `key`, unless the labels only count from 0."""

    rows: list[dict[str, Any]]
    kind: str
    notes: list[Note] = field(default_factory=list)


def is_column(value: Mapping[str, Any]) -> bool:
    """Whether an object of one member is a table of one column, its values under the labels of the rows."""
    (column,) = value.values()
    if (
        not isinstance(column, dict)
        or len(column) < 2
        or any(isinstance(cell, dict | list) for cell in column.values())
    ):
        return False
    return all(_LABEL.fullmatch(label) for label in column)


def keyed_records(value: Mapping[str, Mapping[str, Any]]) -> Keyed | None:
    """The records of an object of objects; None when these have too little in common."""
    inner: dict[str, int] = {}
    for row in value.values():
        for name in row:
            inner[name] = inner.get(name, 0) + 1
    members = sum(inner.values())
    if not members or members * 2 <= len(inner) * len(value):
        return None
    lists = [sum(isinstance(member, list) for member in row.values()) for row in value.values()]
    whole = [count == len(row) > 1 for count, row in zip(lists, value.values(), strict=True)]
    if any(whole) and not all(whole):  # columns as lists, beside what is said about them
        return None
    by_column, notes = _is_by_column(value, inner)
    if by_column is None:
        by_column = False
        message = "Whether the outer names are those of rows or of columns, the document leaves open; rows were taken."
        notes = [note("ROWS_OR_COLUMNS", message, len(value), examples=[*value])]
    if by_column:
        records = ({name: column[label] for name, column in value.items() if label in column} for label in inner)
        return Keyed(_labelled(inner, records), "columns of objects", notes)
    return Keyed(_labelled(value, value.values()), "keyed objects", notes)


def _labelled(labels: Iterable[str], records: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = [*labels]
    if names == [str(place) for place in range(len(names))]:
        return [{**record} for record in records]
    return [{KEY: label, **record} for label, record in zip(names, records, strict=True)]


def _is_by_column(value: Mapping[str, Mapping[str, Any]], inner: Mapping[str, int]) -> tuple[bool | None, list[Note]]:
    """Whether the outer names are those of columns; None when nothing tells."""
    outside = all(_LABEL.fullmatch(name) for name in value)
    inside = all(_LABEL.fullmatch(name) for name in inner)
    if inside != outside:
        return inside, []
    columns_even = all(_is_even(column.values()) for column in value.values())
    rows_even = all(_is_even(row[name] for row in value.values() if name in row) for name in inner)
    if columns_even != rows_even:
        return columns_even, []
    return (False, []) if not columns_even or len(inner) == 1 else (None, [])


def _is_even(values: Iterable[Any]) -> bool:
    """Whether values are of one type."""
    return len({type(value) for value in values if value is not None}) < 2
