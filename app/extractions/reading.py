"""How sure a reading of a sheet is: what was read, what was not, and what looks odd, by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypedDict, TypeGuard, get_args

Confidence = Literal["high", "check", "low"]
READ_BY_AI: Final = "READ_BY_AI"
"""The code of the warning that a model has read the swims: it answers for one swimmer and leaves no lines behind."""


class ReadingWarning(TypedDict):
    """Something a person should look at. `page` is None for what concerns the whole sheet."""

    code: str
    page: int | None
    count: int
    message: str


class UnreadLine(TypedDict):
    """A line that looks like a result and became nothing."""

    page: int
    text: str


class PageReading(TypedDict):
    """A page that is not `high`: how many rows were read, and how many lines that look like rows were not."""

    page: int
    rows: int
    unread: int
    confidence: Confidence


class Reading(TypedDict):
    """The report on one reading.

    `rows` counts swimmers and relay teams, `unread` the lines that look like results and were not read, on all pages;
    `unread_lines` and `pages_to_check` hold the first of them, `pages_high` counts the pages without doubts.
    """

    confidence: Confidence
    rows: int
    unread: int
    pages_high: int
    pages_to_check: list[PageReading]
    warnings: list[ReadingWarning]
    unread_lines: list[UnreadLine]


def is_reading(value: Any) -> TypeGuard[Reading]:
    """Whether a value that came from somewhere else is a report."""
    if not isinstance(value, dict) or value.keys() != Reading.__annotations__.keys():
        return False
    lists = [value[name] for name in ("pages_to_check", "warnings", "unread_lines")]
    kinds = (PageReading, ReadingWarning, UnreadLine)
    return (
        value["confidence"] in get_args(Confidence)
        and all(isinstance(value[name], int) for name in ("rows", "unread", "pages_high"))
        and all(isinstance(entries, list) for entries in lists)
        and all(_fits(entry, kind) for entries, kind in zip(lists, kinds, strict=True) for entry in entries)
    )


def _fits(entry: Any, kind: type) -> bool:
    names = kind.__annotations__.keys()
    return isinstance(entry, dict) and entry.keys() == names and isinstance(entry["page"], int | None)


def pages_text(pages: Sequence[int], most: int = 8) -> str:
    """`page 2`, `pages 2 and 5`, `pages 2, 3, 4 and 12 more`."""
    shown = [str(page) for page in pages[:most]]
    if len(pages) > most:
        shown.append(f"{len(pages) - most} more")
    several = ", ".join(shown[:-1]) + " and " if len(shown) > 1 else ""
    return f"{'page' if len(pages) == 1 else 'pages'} {several}{shown[-1]}"


def unread_text(reading: Reading) -> str:
    """What was not read, as the end of a sentence: `3 lines were not read (page 2)`; empty when nothing was left."""
    if not reading["unread"]:
        return ""
    pages = sorted({page["page"] for page in reading["pages_to_check"] if page["unread"]})
    pages = pages or sorted({line["page"] for line in reading["unread_lines"]})
    lines = "line was" if reading["unread"] == 1 else "lines were"
    return f"{reading['unread']:,} {lines} not read" + (f" ({pages_text(pages)})" if pages else "")


def why_not_found(reading: Reading, swimmer_name: str) -> str:
    """Why nobody can say from a `low` reading that a swimmer is not on the sheet."""
    left = unread_text(reading) or "Much of this sheet was not read with certainty"
    pages = [page["page"] for page in reading["pages_to_check"]]
    where = pages_text(pages) if pages else "the sheet"
    return f"{left}, so {swimmer_name} may be on this sheet: check {where}."
