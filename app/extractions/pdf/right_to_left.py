"""Words that are written from right to left, as Hebrew and Arabic names are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from app.extractions.pdf.page import Box, Word

IS_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_BLANK = 0.6  # of the height of a word: a wider gap is one between cells


def word_of(text: str, boxes: Sequence[Box], order: int) -> Word:
    """A word whose characters stand from right to left; the shapes of Arabic letters become the letters."""
    top, bottom = max(box[1] for box in boxes), min(box[3] for box in boxes)
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    return Word(unicodedata.normalize("NFKC", text), left, right, (top + bottom) / 2, top - bottom, order)


def joined(words: list[Word]) -> list[Word]:
    """The words, with those side by side that run from right to left as one, in the order they are read in.

    Lines are put together from left to right, which would turn a name of two words around.
    """
    own = [word for word in words if IS_RIGHT_TO_LEFT.search(word.text)]
    others = [word for word in words if not IS_RIGHT_TO_LEFT.search(word.text)]
    own.sort(key=lambda word: (-round(word.y), -word.x0))
    runs: list[Word] = []
    for word in own:
        last = runs[-1] if runs else None
        gap = last.x0 - word.x1 if last else 0.0
        if last and abs(last.y - word.y) < 0.3 * word.height and -0.3 * word.height < gap < _BLANK * word.height:
            runs[-1] = last._replace(text=f"{last.text} {word.text}", x0=word.x0)
        else:
            runs.append(word)
    return sorted([*others, *runs], key=lambda word: word.order)
