"""Filters on a batch's summary: `summary.formats.csv=2` and `summary={"formats": {"csv": 2}}`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from app.kit.errors import FilterNotReadable
from app.kit.schemas import check_json, check_text
from app.reports.models import PIPELINE_KEY

ROOTS: Final = ("$", f"$.{json.dumps(PIPELINE_KEY)}")
"""Where a summary begins: that of a batch of several pipelines is kept by key."""
PREFIX: Final = "summary."
MOST_FILTERS, DEEPEST, LONGEST = 10, 8, 1000
_LITERAL: Final = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,30})?|true|false|null")


def read_contains(text: str | None) -> dict[str, Any] | None:
    """The object that summaries must contain."""
    if text is None:
        return None
    try:
        value = json.loads(text)
        if not isinstance(value, dict):
            raise TypeError
        check_json(value)
    except (ValueError, TypeError, RecursionError):
        raise FilterNotReadable('`summary` is a JSON object, as in summary={"total_files": 2}.') from None
    return value


def read_paths(query: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The parameters that begin with `summary.` as predicates in SQL/JSON path language.

    `5` and `true` match the number and the word alike. A path goes through arrays by itself (lax mode), so
    `summary.worst_files.file_name=a.csv` finds a file in a list.
    """
    found = [(name.removeprefix(PREFIX), value) for name, value in query if name.startswith(PREFIX)]
    if len(found) > MOST_FILTERS:
        raise FilterNotReadable(f"There may be {MOST_FILTERS} filters on the summary at a time.")
    return tuple(_predicate(path, value) for path, value in found)


def _predicate(path: str, value: str) -> str:
    keys = path.split(".")
    if not all(keys) or len(keys) > DEEPEST or len(path) + len(value) > LONGEST:
        raise FilterNotReadable(f"A path has 1 to {DEEPEST} names with dots between, as summary.formats.csv=2.")
    try:
        check_text(path + value)
    except ValueError as error:
        raise FilterNotReadable(f"A filter {error}.") from None
    return _anywhere("".join(f".{json.dumps(key)}" for key in keys), value)


def _anywhere(place: str, value: str) -> str:
    """Whether a place has the value, in a summary of this pipeline alone or in that of several."""
    wanted = [json.dumps(value), value] if _LITERAL.fullmatch(value) else [json.dumps(value)]
    return " || ".join(f"{root}{place} == {one}" for root in ROOTS for one in wanted)


def read_doubts(confidences: Sequence[str], code: str | None) -> tuple[str, ...]:
    """Predicates for summaries of which a file is so sure, and of which one has a note of this code."""
    found = []
    if confidences:
        found.append(" || ".join(f"{root}.confidence.{word} > 0" for root in ROOTS for word in confidences))
    if code:
        found.append(" || ".join(f"exists ({root}.notes.{json.dumps(code)})" for root in ROOTS))
    return tuple(found)
