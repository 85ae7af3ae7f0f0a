"""What people write for "no value"."""

from __future__ import annotations

from typing import Final

NULL_WORDS: Final = ("na", "n/a", "#n/a", "null", "none", "nan", "nil", "-", "--", ".", "?", "\\n")
"""What people write for "no value". They count as missing only in a column that otherwise is not text."""
