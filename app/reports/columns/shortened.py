"""Keeps the report of a very wide table to a size that can be sent, stored and shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

MOST_BYTES: Final = 4 * 1024 * 1024
"""2,000 columns of numbers and short words take 3 MB."""
_KEPT: Final = frozenset(
    (
        *("name", "position", "type", "format", "nulls", "null_share", "null_words", "misfits"),
        *("distinct", "distinct_is_estimate", "date_order", "notes"),
    )
)


def shorten(columns: Sequence[dict[str, Any]], most: int = MOST_BYTES) -> int:
    """Leave figures, frequent values and histograms out of the columns for which the size is used up: how many."""
    size = count = 0
    for column in columns:
        size += len(json.dumps(column))
        if size > most:
            count += 1
            for member in column.keys() - _KEPT:
                del column[member]
    return count
