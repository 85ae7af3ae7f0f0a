"""How sure a reading of a sheet is: what was read, what was not, and what looks odd, by page."""

from __future__ import annotations

from typing import Literal, TypedDict

Confidence = Literal["high", "check", "low"]


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
