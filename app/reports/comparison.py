"""A report beside an earlier one: columns that came, went or changed their type, and how much their values moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.reports.side_by_side import place_of

MEMBERS: Final = ("null_share", "distinct", "min", "max", "mean")
_FORM: Final = ("type", "format", "unit", "date_order")
"""What a column is, in place of what is in it: a change of these is drift."""


@dataclass(frozen=True, slots=True)
class ColumnComparison:
    """One column in both reports. `changed` names the members that differ, `drift` those that say what it is."""

    name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changed: list[str]
    drift: list[str]
    out_of_range: bool


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The data of two reports side by side, columns matched by name in the order of the later one.

    `schema_drift` has what was added, removed, moved or is of another kind; `rows` and `problems` both counts and how
    they changed; `columns` the facts of those that both have. A column is out of range where its least or greatest
    value lies beyond those from before. A column without values has no type that could have changed.
    """
    old, new = _by_name(before), _by_name(after)
    both = [name for name in new if name in old]
    columns = [_column(name, old[name], new[name]) for name in both]
    return {
        "rows": _count(before["rows"], after["rows"]),
        "schema_drift": {
            "added": [_named(new[name]) for name in new if name not in old],
            "removed": [_named(old[name]) for name in old if name not in new],
            "type_changed": [
                {"name": column.name, "before": column.before["type"], "after": column.after["type"]}
                for column in columns
                if "type" in column.drift
            ],
            "order_changed": [name for name in old if name in new] != both,
        },
        "problems": {
            name: _count(before["problems"].get(name, 0), after["problems"].get(name, 0))
            for name in dict.fromkeys([*before["problems"], *after["problems"]])
            if isinstance(after["problems"].get(name, before["problems"].get(name)), int)
        },
        "facts": {
            name: {"before": before.get(name), "after": after.get(name)}
            for name in ("format", "encoding", "delimiter", "sheet", "header", "confidence")
            if before.get(name) != after.get(name)
        },
        "columns": [asdict(column) for column in columns],
    }


def _by_name(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for column in report["columns"]:
        found.setdefault(column["name"], column)
    return found


def _named(column: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": column["name"], "type": column["type"], "position": column.get("position")}


def _count(before: int, after: int) -> dict[str, Any]:
    change = None if not before else round((after - before) / before, 6)
    return {"before": before, "after": after, "difference": after - before, "change": change}


def _column(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> ColumnComparison:
    old, new = ({member: one.get(member) for member in (*_FORM, *MEMBERS)} for one in (before, after))
    changed = [member for member in (*_FORM, *MEMBERS) if old[member] != new[member]]
    is_known = "empty" not in (old["type"], new["type"])
    drift = [member for member in changed if member in _FORM and is_known]
    low, high, least, most = (place_of(value) for value in (old["min"], old["max"], new["min"], new["max"]))
    beyond = (low is not None and least is not None and least < low) or (
        high is not None and most is not None and most > high
    )
    return ColumnComparison(name, old, new, changed, drift, "type" not in drift and beyond)
