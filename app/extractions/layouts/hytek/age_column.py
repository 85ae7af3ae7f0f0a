"""Where ages end, for rows in which the age has run into the cells beside it."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from app.extractions.layouts.cells import inner_ages
from app.extractions.layouts.hytek.table_headers import TableHeader
from app.extractions.pdf.page import PageLines, Word
from app.extractions.pdf.touching import SCHOOL_YEARS

_YEARS = frozenset(SCHOOL_YEARS.split("|"))
_NEAR = 2.5  # points
_ABOUT = 5.0  # points: a head is set flush with its column, or a little beside it


class AgeColumn:
    """The right edge of the ages of a sheet: where school years that stand alone end, or else their head."""

    def __init__(self, pages: list[PageLines]) -> None:
        self._pages = pages

    @cached_property
    def _end(self) -> float | None:
        """Points from the left edge of a page column."""
        ends = Counter(
            round(2 * (word.x1 - line.left))
            for page in self._pages
            for line in page.body
            for word in line.words
            if word.text in _YEARS
        )
        return ends.most_common(1)[0][0] / 2 if ends else None

    def cut(self, word: Word, header: TableHeader) -> tuple[str, str, str] | None:
        """A word taken apart into what is before the age in it, the age, and what is behind, or None if it has none."""
        age = header.column("age")
        if age is None or not word.lefts:
            return None
        end, most = age.x1, _ABOUT
        if self._end is not None and abs(header.left + self._end - age.x1) < 2 * _ABOUT:
            end, most = header.left + self._end, _NEAR
        if not word.x0 < end < word.x1 + _NEAR:
            return None
        rights = [*word.lefts[1:], word.x1]
        spans = [(abs(rights[last - 1] - end), first, last) for first, last in inner_ages(word.text)]
        distance, first, last = min(spans, default=(most, 0, 0))
        return (word.text[:first], word.text[first:last], word.text[last:]) if distance < most else None
