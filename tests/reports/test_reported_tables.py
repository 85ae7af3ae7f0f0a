"""Tables after public bug reports of other tools: each comes out as its author wanted it, or is refused by its code."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from app.reports.profiling import profile_file
from app.reports.table_errors import TableError

_DATA: Final = os.environ.get("TRANCHE_REAL_DATA")
_LISTED: Final = Path(_DATA) / "reported" / "TABLES.json" if _DATA else None
CASES: Final = json.loads(_LISTED.read_text()) if _LISTED and _LISTED.exists() else {}


def wrongs(right: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What in a profile is not as wanted."""
    problems = []
    columns = found["columns"]
    for name in ("rows", "header", "delimiter", "sheet", "column_count"):
        if name in right and found.get(name) != right[name]:
            problems.append(f"{name} is {found.get(name)!r} instead of {right[name]!r}")
    names = [column["name"] for column in columns]
    if names[: len(right.get("names", ()))] != right.get("names", []):
        problems.append(f"names are {names}")
    for name, wanted in right.get("cols", {}).items():
        column = next((column for column in columns if column["name"] == name), None)
        if column is None and name.isdigit() and int(name) < len(columns):
            column = columns[int(name)]
        if column is None:
            problems.append(f"no column {name!r} among {names}")
            continue
        tops = [entry["value"] for entry in column.get("top_values", [])]
        facts = column | column.get("quantiles", {}) | {"top": tops[0] if tops else None}
        for member, value in wanted.items():
            is_right = {
                "type": lambda column=column, value=value: column["type"] in str(value).split(" or "),
                "top_any": lambda tops=tops, value=value: value in tops,
            }.get(member, lambda member=member, facts=facts, value=value: facts.get(member) == value)()
            if not is_right:
                problems.append(f"{name}.{member} is {facts.get(member, tops)!r} instead of {value!r}")
    if "note" in right and not (found["notes"] or any(column.get("notes") for column in columns)):
        problems.append("nothing is said of the doubt")
    return problems


def refusal_or_wrongs(right: Mapping[str, Any], profile: Callable[[], dict[str, Any]]) -> list[str]:
    """What is not as wanted, be it that a table was refused or that one was read."""
    try:
        found = profile()
    except TableError as error:
        is_right = right.get("code") == error.code or ("note" in right and "rows" not in right)
        return [] if is_right else [f"refused: {error.code} {error.message}"]
    return wrongs(right.get("code_or", right), found) if "code_or" in right or "code" not in right else ["it was read"]


@pytest.mark.skipif(not CASES, reason="TRANCHE_REAL_DATA does not name a folder with reported tables")
@pytest.mark.parametrize("name", CASES)
def test_reported_table(name: str, tmp_path: Path) -> None:
    assert _LISTED is not None
    case = CASES[name]
    right, stored = case["right"], case["file"]
    path = _LISTED.parent / "tables" / stored
    assert refusal_or_wrongs(right, lambda: profile_file(str(path), stored.partition("__")[2], str(tmp_path))) == []
