"""What a single value looks like, before any column is known: number, date, boolean, text or blank."""

from __future__ import annotations

import re
from typing import Final

NULL_WORDS: Final = ("na", "n/a", "#n/a", "null", "none", "nan", "nil", "-", "--", ".", "?", "\\n")
"""What people write for "no value". They count as missing only in a column that otherwise is not text."""
_NUMBER: Final = re.compile(r"[+-]?[$€£¥]?\s?[+-]?(\d[\d.,]*|[.,]\d+)([eE][+-]?\d+)?\s?%?")
_DATE: Final = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2,4}"
    r"|[A-Za-z]{3,9} \d{1,2}, \d{4})([T ]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
)
_BOOLEAN: Final = frozenset(("true", "false", "yes", "no"))


def kind_of(value: str) -> str:
    """`number`, `date` (a time as well), `boolean`, `text` or `blank`."""
    value = value.strip()
    if not value or value.casefold() in NULL_WORDS:
        return "blank"
    if _NUMBER.fullmatch(value):
        return "number"
    if _DATE.fullmatch(value):
        return "date"
    return "boolean" if value.casefold() in _BOOLEAN else "text"
