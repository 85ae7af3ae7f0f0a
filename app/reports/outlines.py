"""The outline of a report: so much of each column as tables are compared by, side by side and with earlier ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

MOST_OUTLINED: Final = 500
_FACTS: Final = ("name", "type", "format", "unit", "date_order", "null_share", "distinct", "min", "max", "mean")


def outline_of(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of the first columns, the counts of their histograms, and what goes together.

    A histogram is `bins`, all of one width, with `from` and `to` as the ends of its axis.
    """
    columns = []
    for column in profile["columns"][:MOST_OUTLINED]:
        facts = {name: column[name] for name in _FACTS if column.get(name) is not None}
        if histogram := column.get("histogram"):
            facts |= {"bins": [entry["count"] for entry in histogram]}
            facts |= {"from": histogram[0]["from"], "to": histogram[-1]["to"]}
        columns.append(facts)
    found: dict[str, Any] = {"columns": columns}
    if correlations := profile.get("correlations"):
        found["correlations"] = correlations
    return found


def shape_of(profile: Mapping[str, Any]) -> str:
    """The same for all reports whose columns have the same names, in any order."""
    names = sorted(str(column["name"]) for column in profile["columns"])
    return hashlib.sha256("\x1f".join(names).encode("utf-8", "replace")).hexdigest()[:32]
