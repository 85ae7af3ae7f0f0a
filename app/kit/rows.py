"""Rows of a query as named tuples, by the names of their columns."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T", bound=tuple[Any, ...])


def read_row(kind: type[T], row: Any) -> T:
    """The columns of a row that a NamedTuple has fields for. The row: one of asyncpg, or a mapping of SQLAlchemy's."""
    return kind(*[row[name] for name in kind._fields])  # type: ignore[attr-defined]
