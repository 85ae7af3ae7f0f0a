"""Cells that have types already, as in JSON and workbooks: their text, and what types a column's cells are of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.reports.readers.table import Known

TEXT, NUMBER, BOOLEAN, DATE, TIMESTAMP, TIME, OTHER, DURATION = (1 << place for place in range(8))
"""One bit for each type. A column's bits are those of its cells; 0 stands for a cell without a value."""
_KNOWN: Final[dict[int, Known]] = {
    TEXT: "text",
    NUMBER: "number",
    BOOLEAN: "boolean",
    DATE: "date",
    TIMESTAMP: "timestamp",
    DATE | TIMESTAMP: "timestamp",
    TIME: "time",
    DURATION: "number",
}


def known_types(bits: Sequence[int]) -> dict[int, Known]:
    """The types of the columns whose cells all have the same, by place."""
    return {place: _KNOWN[found] for place, found in enumerate(bits) if found in _KNOWN}
