"""What was found odd, or decided, while a picture was read: with a code, and a sentence for people."""

from __future__ import annotations

from typing import Final, TypedDict

CODES: Final = frozenset(
    {
        "COLOURS_ASSUMED",
        "EMBEDDED_PREVIEW",
        "LINKS_LEFT_OUT",
        "METADATA_BROKEN",
        "NAME_SAYS_OTHERWISE",
        "PAGE_CHOSEN",
        "PROFILE_NOT_USED",
        "SAMPLES_SCALED",
        "SAMPLES_WITHOUT_VALUE",
    }
)
"""Every code that a note of a picture may have; each has a row in docs/assets.md."""


class Note(TypedDict):
    """One of the CODES, and what it says about this picture."""

    code: str
    message: str


def note(code: str, message: str) -> Note:
    """A note with one of the CODES."""
    if code not in CODES:
        raise KeyError(code)
    return Note(code=code, message=message)
