"""What people write for "no value"."""

from __future__ import annotations

from typing import Final

NULL_WORDS: Final = (
    *("na", "n/a", "#n/a", "null", "(null)", "none", "nan", "nat", "nil", "<na>", "n.a.", "k.a.", "-", "--", "\u2013"),
    *("\u2014", ".", "..", "...", "\u2026", "?", "\\n", "0000-00-00", "0000-00-00 00:00:00"),
)
"""What people write for "no value". They count as missing only in a column that otherwise is not text."""
