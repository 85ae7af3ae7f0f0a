"""Two pages of a sheet side by side on one, as they are printed to save paper."""

from __future__ import annotations

from app.extractions.pdf.page import Box, Word

_LANDSCAPE = 1.2  # width by height
_SAME_HEAD = 0.6  # of the words of the first line; the number of the page differs
_SAME_PLACE = 0.03  # of the width


def halves(words: list[Word], bounds: Box) -> list[list[Word]]:
    """The words of each page: of two if both halves of the page in `bounds` begin with the same line."""
    left, top, right, bottom = bounds
    width, middle = right - left, (left + right) / 2
    if width < _LANDSCAPE * (top - bottom):
        return [words]
    first = [word for word in words if word.x1 <= middle + 1]
    second = [word for word in words if word.x0 >= middle - 1]
    if len(first) + len(second) != len(words) or not first or not second:
        return [words]
    heads = [_first_line(half) for half in (first, second)]
    same = [
        word
        for word in heads[0]
        for other in heads[1]
        if word.text == other.text
        and abs(other.x0 - word.x0 - width / 2) < _SAME_PLACE * width
        and abs(other.y - word.y) < word.height / 2
    ]
    return [first, second] if len(same) > 1 and len(same) >= _SAME_HEAD * max(map(len, heads)) else [words]


def _first_line(words: list[Word]) -> list[Word]:
    highest = max(words, key=lambda word: word.y)
    return [word for word in words if highest.y - word.y < highest.height / 2]
