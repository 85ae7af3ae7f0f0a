"""The notes of a whole report, its columns' as well, one for each code: few enough for a list, and none is lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from app.reports.notes import CODES, MOST_EXAMPLES, MOST_LINES

MOST_NAMED: Final = 20
_JOINED: Final = {"lines": MOST_LINES, "examples": MOST_EXAMPLES, "choices": MOST_NAMED}


def grouped_notes(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each code that the file or one of its columns has, the gravest first.

    `count` is the sum; of notes about columns `columns` says in how many they are, `in_columns` names the first. The
    message is that of the first; `lines`, `examples` and `choices` are put together.
    """
    groups: dict[tuple[str, bool], dict[str, Any]] = {}
    for each in profile.get("notes", ()):
        _add(groups, each, None)
    for column in profile["columns"]:
        for each in column.get("notes", ()):
            _add(groups, each, column["name"])
    order = ("low", "check", "high")
    return sorted(groups.values(), key=lambda group: order.index(group["confidence"]))


def _add(groups: dict[tuple[str, bool], dict[str, Any]], each: Mapping[str, Any], column: str | None) -> None:
    confidence = CODES.get(each["code"], "check")
    first = {"code": each["code"], "confidence": confidence, "message": each["message"], "count": 0}
    group = groups.setdefault((each["code"], column is not None), first)
    group["count"] += each["count"]
    if column is not None:
        group["columns"] = group.get("columns", 0) + 1
        names = group.setdefault("in_columns", [])
        if len(names) < MOST_NAMED:
            names.append(column)
    if "parameter" in each:
        group["parameter"] = each["parameter"]
    for name, most in _JOINED.items():
        if name in each:
            group[name] = list(dict.fromkeys([*group.get(name, ()), *each[name]]))[:most]
