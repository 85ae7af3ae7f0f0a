"""Columns of one name that do not mean the same in all files of a batch: types, orders of dates, units of numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

MOST_COLUMNS, MOST_FILES_NAMED = 500, 20
AMBIGUOUS: Final = "ambiguous"
_EITHER: Final = ("dmy", "mdy")
"""The orders that one can be taken for the other; nobody writes the year first and then the day."""
Job = Mapping[str, Any]


def type_conflicts(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Columns that are of different types, with the files of each type; a column without values has none."""
    found = _by_value(jobs, "type", leave_out="empty")
    differing = [{"name": name, "types": _named(kinds)} for name, kinds in found.items() if len(kinds) > 1]
    return differing[:MOST_COLUMNS]


def unit_conflicts(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Columns of numbers whose unit differs; one that is without a unit in some files stands under an empty word."""
    units: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for job, column in _columns(jobs):
        if column["type"] in ("integer", "number"):
            units[column["name"]][column.get("unit") or ""].append(_name(job))
    differing = [{"name": name, "units": _named(kinds)} for name, kinds in units.items() if len(kinds) > 1]
    return differing[:MOST_COLUMNS]


def date_orders(jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """Columns of dates that can be read in two ways in a file, or are written in two ways in two files.

    `orders` has the files of each order. `conflict`: two files are surely of different orders. `decided` is how an
    ambiguous one is to be read, by the same column of other files, or else by all other columns that are sure;
    None where nothing tells.
    """
    found = _by_value(jobs, "date_order")
    everywhere = {order for orders in found.values() for order in orders if order in _EITHER}
    told = []
    for name, orders in found.items():
        sure = [order for order in orders if order in _EITHER]
        if AMBIGUOUS not in orders and len(sure) < 2:
            continue
        decided = sure[0] if len(sure) == 1 else None
        if not sure and len(everywhere) == 1:
            decided = next(iter(everywhere))
        told.append({"name": name, "orders": _named(orders), "conflict": len(sure) > 1, "decided": decided})
    return told[:MOST_COLUMNS]


def _columns(jobs: Sequence[Job]) -> Iterator[tuple[Job, Mapping[str, Any]]]:
    return ((job, column) for job in jobs for column in job["result"]["columns"])


def _by_value(jobs: Sequence[Job], member: str, *, leave_out: str = "") -> dict[str, dict[str, list[str]]]:
    """The files of each value that columns of one name have."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for job, column in _columns(jobs):
        value = column.get(member)
        if value and value != leave_out:
            found[column["name"]][value].append(_name(job))
    return found


def _named(kinds: Mapping[str, list[str]]) -> dict[str, list[str]]:
    return {kind: files[:MOST_FILES_NAMED] for kind, files in kinds.items()}


def _name(job: Job) -> str:
    return job["filename"] or ""
