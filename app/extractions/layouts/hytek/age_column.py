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
    """The right edge of the ages of a sheet: where most school years end, alone or inside words, or else their head."""

    def __init__(self, pages: list[PageLines]) -> None:
        self._pages = pages
        self._ends: dict[float, tuple[float, float]] = {}

    def cut(self, word: Word, header: TableHeader) -> tuple[str, str, str] | None:
        """A word taken apart into what is before the age in it, the age, and what is behind, or None if it has none."""
        age = header.column("age")
        if age is None or not word.lefts:
            return None
        end, most = self._end(age.x1 - header.left)
        end += header.left
        if not word.x0 < end < word.x1 + _NEAR:
            return None
        spans = [(abs(right - end), first, last) for right, first, last in _inside(word)]
        distance, first, last = min(spans, default=(most, 0, 0))
        return (word.text[:first], word.text[first:last], word.text[last:]) if distance < most else None

    def _end(self, head: float) -> tuple[float, float]:
        """Where ages end whose head ends at `head`, and how far off they may; points from their column's left."""
        if head not in self._ends:
            near = {half: count for half, count in self._votes.items() if abs(half / 2 - head) < 2 * _ABOUT}
            most = max(near, key=lambda half: (near[half], -abs(half / 2 - head)), default=None)
            self._ends[head] = (head, _ABOUT) if most is None else (most / 2, _NEAR)
        return self._ends[head]

    @cached_property
    def _votes(self) -> Counter[int]:
        """How many school years end where, in half points from the left edge of a page column."""
        votes: Counter[int] = Counter()
        for page in self._pages:
            for line in page.body:
                for word in line.words:
                    if word.text in _YEARS:
                        votes[round(2 * (word.x1 - line.left))] += 1
                    elif word.lefts:
                        votes.update(
                            round(2 * (right - line.left))
                            for right, first, last in _inside(word)
                            if word.text[first:last] in _YEARS
                        )
        return votes


def _inside(word: Word) -> list[tuple[float, int, int]]:
    """The ages and school years in a word: where each ends on the page, and its start and end in the text."""
    rights = [*word.lefts[1:], word.x1]
    return [(rights[last - 1], first, last) for first, last in inner_ages(word.text)]
