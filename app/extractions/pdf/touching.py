"""Words in which two cells may have run together, so that the place of each of their characters is needed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

SCHOOL_YEARS: Final = "FR|SO|JR|SR|GS|GR|FY|SY|5Y|HS|PG|RS|UN"
"""What American sheets print in place of an age, as a pattern."""
# Not in a time with a mark: reading where each of its signs stands would double the work on a page.
_MAY_HOLD_AGE = re.compile(
    rf"(?![xXJ]?[\d:]+\.\d\d)(?:.*?(?:{SCHOOL_YEARS}|\d\d?)[A-Z]|.*(?:[A-Za-z']|[A-Za-z]\.)(?:{SCHOOL_YEARS}|\d\d?)$)"
)
_LONGEST: Final = 100
"""Characters; two cells that ran together have half as many."""


@lru_cache(maxsize=4096)  # names and clubs come again
def may_hold_age(text: str) -> bool:
    """Whether an age or school year may have run into the cell before or after it (`FRSCAR-SC`)."""
    return len(text) <= _LONGEST and _MAY_HOLD_AGE.match(text) is not None
