"""From words to lines in the order a reader takes: the title of a page, then column by column."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Final, NamedTuple

from app.extractions.pdf.page import Line, Page, PageLines, Word, to_lines

_TEXT: Final = itemgetter(Word._fields.index("text"))
_FIRST: Final = "Pl"
_FIRST_CELLS: Final = frozenset(("Name", "Team", "Athlete", "Relay"))
_LAST_CELLS: Final = frozenset(("Official", "Pts"))
_CELLS: Final = 6  # of a table's head behind the place
_NEAR: Final = 20.0  # points: the left edges of one column lie no farther apart
_SLACK: Final = 3.0
_CROSSINGS: Final = 0.01  # of the words of all pages; where more words cross an edge, no column starts


class Title(NamedTuple):
    """The title line of a page: what kind of report it is, the name of the meet with its dates, and where it stands."""

    kind: str
    name: str
    left: float
    right: float
    y: float
    height: float


def reading_order(pages: Sequence[Page]) -> list[PageLines]:
    """The lines of all pages. A column may go on without any heading, so that columns are found from all of them."""
    titles = [find_title(page.words) for page in pages]
    edges = _edges(pages, titles)
    result = []
    for page, title in zip(pages, titles, strict=True):
        header, body = _split_off(page.words, title)
        lines: list[Line] = []
        for left, words in _columns(body, edges):
            lines += to_lines(words, left)
        result.append(PageLines(page.number, header, lines))
    return result


def find_title(words: list[Word]) -> Title | None:
    """The title line, which ends with `Page 1 of 14`; the name of a meet may stand on two lines around its middle."""
    for index, word in enumerate(words[:-3]):
        number, of, count = words[index + 1 : index + 4]
        if word.text == "Page" and of.text == "of" and number.text.isdigit() and count.text.isdigit():
            y, height = word.y, word.height
            own = sorted((other for other in words if abs(other.y - y) < 1.2 * height), key=lambda other: other.x0)
            kind = _first_cell([other for other in own if abs(other.y - y) < 0.3 * height])
            outside = {word.order, number.order, of.order, count.order, *(other.order for other in kind)}
            name = to_lines([other for other in own if other.order not in outside], 0.0)
            right = max(other.x1 for other in own)
            text = " ".join(line.text for line in name)
            return Title(" ".join(other.text for other in kind), text, own[0].x0, right, y, height)
    return None


def _first_cell(words: list[Word]) -> list[Word]:
    end = next((index for index, (a, b) in enumerate(pairwise(words), 1) if b.x0 - a.x1 > a.height), len(words))
    return words[:end]


def heads(words: list[Word]) -> Iterator[tuple[float, float]]:
    """The left and the right edge of each table's head (`Pl Name ... Official Pts`)."""
    if _FIRST not in map(_TEXT, words):  # as on every page of every other kind of sheet
        return
    for index, word in enumerate(words[:-1]):
        if word.text != _FIRST or words[index + 1].text not in _FIRST_CELLS:
            continue
        row = [other for other in words[index + 1 : index + 1 + _CELLS] if abs(other.y - word.y) < 2]
        ends = [other.x1 for other in row if other.text in _LAST_CELLS]
        if ends:
            yield word.x0, max(ends)


def _edges(pages: Sequence[Page], titles: list[Title | None]) -> list[float]:
    """The left edges of the columns: where heads start, and where others have room within the width of the title."""
    found = [head for page in pages for head in heads(page.words)]
    edges: list[float] = []
    for left, _ in sorted(found):
        if not edges or left - edges[-1] > _NEAR:
            edges.append(left)
    title = next((title for title in titles if title), None)
    if not found or not title:
        return edges
    width = max(right - left for left, right in found)
    count = int((title.right - title.left) / max(width, 1.0))
    if 1 < count < 10:
        step = (title.right - title.left - width) / (count - 1)
        for x in (title.left + index * step for index in range(count)):
            if all(abs(x - edge) > _NEAR for edge in edges) and not _is_crossed(pages, titles, x):
                edges.append(x)
    return sorted(edges)


def _is_crossed(pages: Sequence[Page], titles: list[Title | None], x: float) -> bool:
    words = [word for page, title in zip(pages, titles, strict=True) for word in _split_off(page.words, title)[1]]
    return sum(word.x0 < x - _SLACK and word.x1 > x for word in words) > _CROSSINGS * len(words)


def _split_off(words: list[Word], title: Title | None) -> tuple[list[Line], list[Word]]:
    """The lines of the title and the foot of a page, and the words between them."""
    highest = title.y - 1.2 * title.height if title else 1e9
    middle = (max(word.y for word in words) + min(word.y for word in words)) / 2 if words else 0.0
    feet = [word for word in words if word.text.startswith(("Maestro", "https://")) and word.y < middle]
    lowest = max((word.y + word.height / 2 for word in feet), default=-1e9)
    tops = [word for word in words if word.text.startswith("Maestro") and word.y > middle]
    highest = min(highest, *(word.y - word.height / 2 for word in tops), 1e9)
    outside = [word for word in words if word.y >= highest or word.y <= lowest]
    return to_lines(outside, 0.0), [word for word in words if lowest < word.y < highest]


def _columns(words: list[Word], edges: list[float]) -> list[tuple[float, list[Word]]]:
    if not edges:
        return [(0.0, words)]
    columns: list[list[Word]] = [[] for _ in edges]
    starts = [x - _SLACK for x in edges[1:]]
    for word in words:
        columns[bisect_right(starts, word.x0)].append(word)
    return list(zip(edges, columns, strict=True))
