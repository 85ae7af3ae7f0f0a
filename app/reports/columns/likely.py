"""Which kinds are worth trying on a column, by some of its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from app.reports.columns.figures import CANDIDATES as NUMBERS
from app.reports.columns.kinds import BLANKS, BOOLEAN, Kind
from app.reports.columns.moments import TIME, TIME_OF_HALF_DAY, moment_kinds
from app.reports.columns.words import NULL_WORDS

LONGEST: Final = 80
"""Characters of a value that may be something else than text."""
_ADDRESS: Final = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}")


def known_values(examples: Sequence[Any]) -> list[str]:
    """The different values among the examples that say something, trimmed."""
    texts = dict.fromkeys(str(example).strip(BLANKS) for example in examples if example is not None)
    return [text for text in texts if text and text.lower() not in NULL_WORDS]


def likely_kinds(known: Sequence[str]) -> list[tuple[Kind, int]]:
    """The kinds that at least half of the values look like, with how many do; the narrower first.

    A number whose plain look explains all values has no other kinds beside it than those that read it otherwise.
    """
    if not known or sum(len(text) <= LONGEST for text in known) * 2 < len(known):
        return []
    short = [text for text in known if len(text) <= LONGEST]
    has_digits = sum(any(sign.isdigit() for sign in text) for text in short) * 2 >= len(known)
    candidates = family_of(short) if has_digits else (BOOLEAN,)
    found = []
    for kind in candidates:
        count = _count(kind, short)
        if count * 2 >= len(known):
            found.append((kind, count))
            if count == len(known) and kind.name == "integer" and kind.digits and kind.sign is None:
                break
    return found


def family_of(known: Sequence[str]) -> tuple[Kind, ...]:
    """All kinds that values with digits may be read as, the narrower first."""
    if sum(_ADDRESS.fullmatch(text) is not None for text in known) * 2 >= len(known):
        return ()
    return (*NUMBERS, TIME, TIME_OF_HALF_DAY, *moment_kinds(known))


def _count(kind: Kind, known: Sequence[str]) -> int:
    pattern = re.compile(kind.pattern)
    return sum(pattern.fullmatch(text) is not None for text in known)
