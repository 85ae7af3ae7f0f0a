"""Rows of a query as named tuples, by the names of their columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])


def read_row(kind: type[T], row: Any) -> T:
    """The columns of a row that a NamedTuple has fields for. The row: one of asyncpg, or a mapping of SQLAlchemy's."""
    return kind._make(_values_for(kind)(row))  # type: ignore[attr-defined,no-any-return]


@cache
def _values_for(kind: type[tuple[Any, ...]]) -> Callable[[Any], tuple[Any, ...]]:
    """Takes the values of the fields, two at least, out of a row."""
    return itemgetter(*kind._fields)  # type: ignore[attr-defined]
