"""What was guessed, left out or found odd while a table was read: with a code, how often, where, what overrules it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NotRequired, TypedDict

Confidence = Literal["high", "check", "low"]
MOST_LINES, MOST_EXAMPLES = 20, 5


class Note(TypedDict):
    """A doubt about a file or about one of its columns.

    `count` says how many values, rows or members it concerns; `lines` (from 1) and `examples` are the first of them.
    `parameter` names the parameter of the pipeline that overrules the guess, `choices` what it may be set to here.
    """

    code: str
    message: str
    count: int
    lines: NotRequired[list[int]]
    examples: NotRequired[list[str]]
    parameter: NotRequired[str]
    choices: NotRequired[list[str]]


CODES: Final[Mapping[str, Confidence]] = {
    "AMBIGUOUS_DATES": "low",
    "AMBIGUOUS_DECIMAL": "low",
    "BYTES_OUTSIDE_ENCODING": "check",
    "CARD_NUMBERS": "high",
    "COLUMNS_NOT_DESCRIBED": "high",
    "COLUMNS_SHORTENED": "high",
    "COLUMN_UNREADABLE": "low",
    "COMMENTS_LEFT_OUT": "high",
    "CR_IN_VALUES": "check",
    "DATES_AS_NUMBERS": "check",
    "DELIMITER_DOUBT": "low",
    "DIGITS_LOST": "check",
    "DIGITS_ROUNDED": "check",
    "DUPLICATE_MEMBERS": "check",
    "DURATIONS": "high",
    "ENCODING_DOUBT": "low",
    "ENCODING_GUESSED": "check",
    "ERROR_CELLS": "check",
    "FIXED_WIDTH": "check",
    "FOOTER_LEFT_OUT": "check",
    "FORMULAS_NOT_CALCULATED": "low",
    "FORMULAS_WITHOUT_VALUES": "low",
    "HEADER_DOUBT": "check",
    "HEADER_LINES": "check",
    "HEADER_REPEATED": "check",
    "HIDDEN_SHEETS": "check",
    "IDENTIFIERS": "check",
    "INTEGERS_TOO_LONG": "high",
    "LEADING_ZEROS": "check",
    "LONG_INTEGERS": "high",
    "MERGED_CELLS": "check",
    "MIXED_DATE_ORDERS": "check",
    "MIXED_DECIMALS": "check",
    "MIXED_OFFSETS": "check",
    "MIXED_UNITS": "check",
    "MOSTLY": "check",
    "NESTED_AS_TEXT": "check",
    "NESTED_RECORDS": "high",
    "NOT_FINITE": "check",
    "NO_ROWS": "check",
    "NULS_LEFT_OUT": "check",
    "NUMBERS_AS_TEXT": "high",
    "ONE_TRUTH_VALUE": "check",
    "OTHER_VALUES": "check",
    "PAGE_OF_RECORDS": "check",
    "PREAMBLE_SKIPPED": "check",
    "QUOTES_MENDED": "check",
    "QUOTE_DOUBT": "low",
    "QUOTE_NEVER_CLOSES": "check",
    "RAGGED_ROWS": "check",
    "ROWS_OR_COLUMNS": "low",
    "SCRIPT_AROUND_JSON": "high",
    "SEVERAL_DOCUMENTS": "high",
    "SEVERAL_LISTS": "check",
    "SEVERAL_SHEETS": "check",
    "SHORTENED_NUMBERS": "check",
    "TOTAL_ROW": "check",
    "TRAILING_ZEROS": "check",
    "TWO_DIGIT_YEARS": "check",
    "TYPE_AS_TEXT": "high",
    "UNEVEN_COLUMNS": "check",
    "VERSION_NUMBERS": "check",
}
"""Every code that a note may have, and the confidence of a file or a column that has such a note."""
_ORDER: Final[tuple[Confidence, ...]] = ("high", "check", "low")


def note(
    code: str,
    message: str,
    count: int = 1,
    *,
    lines: Sequence[int] = (),
    examples: Sequence[str] = (),
    parameter: str | None = None,
    choices: Sequence[str] = (),
) -> Note:
    """A note with one of the CODES; `message` is a sentence for people. Members without content are left out."""
    if code not in CODES:
        raise KeyError(code)
    made = Note(code=code, message=message, count=count)
    if lines:
        made["lines"] = [*lines[:MOST_LINES]]
    if examples:
        made["examples"] = [example[:80] for example in examples[:MOST_EXAMPLES]]
    if parameter:
        made["parameter"] = parameter
    if choices:
        made["choices"] = [*choices]
    return made


def confidence_of(notes: Iterable[Mapping[str, Any]]) -> Confidence:
    """The lowest confidence that one of the notes gives; `high` without any."""
    return max((CODES[each["code"]] for each in notes), key=_ORDER.index, default="high")
