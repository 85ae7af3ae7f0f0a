"""From words to lines in the order a reader takes: page header first, then column by column."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from app.extractions.layouts.hytek.headings import (
    is_licence,
    is_results_title,
    mentions_event,
    read_event,
    report_kind,
)
from app.extractions.layouts.hytek.languages import words as words_for
from app.extractions.layouts.hytek.table_headers import HEAD_BEGINNINGS, head_kinds
from app.extractions.pdf.page import MIDDLE, RIGHT, Line, PageLines, Pages, Word, iterate_lines, to_lines

_NUMBER = re.compile(r"#?\d+[A-Z]*")
_EVENTS = frozenset(form for word in words_for("event") for form in (word, word.upper()))
_SEXES = frozenset(
    form for sex in words_for("sexes") for end in ("", "s", "'s", "’s") for form in (sex + end, (sex + end).upper())
)
_STARTS = frozenset((*_EVENTS, *_SEXES))
_PLACE = re.compile(r"\*?\d{1,3}|-{2,3}")
_PLACE_STARTS = frozenset("0123456789*-")
_TABLE_STARTS = frozenset(("name", "team"))
_TABLE_ENDS = frozenset(("time", "final", "points"))
_NARROWEST = 120.0  # points; three columns on a letter page are 190 wide
_MARGIN = 20.0  # points: a table may reach a little farther right than the page's title
_LONGEST_TITLE = 200  # characters
_HEAD_LINES = 9
_HEAD_HEIGHT = 160.0


class _Heads(NamedTuple):
    """The words of a page that name the first column of a table, and those that name its last ones."""

    starts: list[Word]
    ends: list[Word]


@lru_cache(maxsize=1)
def reading_order(sheet: Pages) -> list[PageLines]:
    """The lines of all pages.

    Columns are found from all pages together, since one of them may continue without any heading.
    """
    pages = sheet.words
    tops = [_split_head(page.words) for page in pages]
    anchors = [_anchors(body) for _, body in tops]
    right = max((max(map(RIGHT, page.words)) for page in pages if page.words), default=0.0)
    heads = [_heads(body) for _, body in tops]
    edges = _edges([x for page_anchors in anchors for x in page_anchors], [body for _, body in tops], heads, right)
    result: list[PageLines] = []
    for page, (header, body), page_anchors, page_heads in zip(pages, tops, anchors, heads, strict=True):
        lines: list[Line] = []
        for left, words in _columns(body, edges, page_anchors, page_heads):
            lines += to_lines(words, left)
        result.append(PageLines(page.number, header, lines))
    return result


def _split_head(words: list[Word]) -> tuple[list[Line], list[Word]]:
    """The title lines across the page, and the words below them."""
    top = max(map(MIDDLE, words), default=0.0)
    lines = list(islice(iterate_lines([word for word in words if word.y > top - _HEAD_HEIGHT], 0.0), _HEAD_LINES))
    end = 0
    licensed = False
    for index, line in enumerate(lines):
        if is_licence(line.text):
            end, licensed = index + 1, True
        elif mentions_event(line.text):
            break
        elif report_kind(line.text):
            end = index + 1
            if is_results_title(line.text):
                break
        elif licensed and end == index and _in_the_middle(line, lines[end - 1]):
            end = index + 1
    header = lines[:end]
    if not header:
        return [], words
    inside = {word.order for line in header for word in line.words}
    return header, [word for word in words if word.order not in inside]


def _in_the_middle(line: Line, above: Line) -> bool:
    """Whether a line stands as titles do: neither near the left edge nor in two pieces."""
    gap = max((b.x0 - a.x1 for a, b in zip(line.words, line.words[1:], strict=False)), default=0.0)
    return line.words[0].x0 > above.words[0].x0 + 60 and gap < 20


def _anchors(words: list[Word]) -> list[float]:
    """Where event headings start: their left edge is the left edge of the column."""
    found: list[float] = []
    for index, word in enumerate(words):
        text = word.text
        if text not in _STARTS:
            if text[0] not in "(#":
                continue
            text = text[1:] if text[0] == "(" else text
            if text not in _STARTS and not text.startswith("#"):
                continue
        if text in _EVENTS:
            after = words[index + 1 : index + 3]
            if len(after) < 2 or not _NUMBER.fullmatch(after[0].text) or not _is_title(words[index + 2 : index + 12]):
                continue
        else:
            title = " ".join([following.text for following in words[index : index + 7]]).strip("()")
            if len(title) >= _LONGEST_TITLE or not read_event(title):
                continue
        before = words[index - 1] if index else None
        if not before or abs(before.y - word.y) > 1 or not -1 <= word.x0 - before.x1 < 12:
            found.append(word.x0)
    return found


def _is_title(words: list[Word]) -> bool:
    """Whether what follows the number of an event is its title."""
    if words[0].text in _SEXES:
        return True
    title = " ".join([word.text for word in words])
    return len(title) < _LONGEST_TITLE and read_event(f"#1 {title}") is not None


def _edges(anchors: list[float], bodies: list[list[Word]], heads: list[_Heads], right: float) -> list[float]:
    """The left edges of the columns, from the left; empty when the sheet has no event headings.

    `right` is the right edge of what is printed.
    """
    edges: list[float] = []
    for x in sorted(anchors):
        if not edges or x - edges[-1] > _NARROWEST:
            edges.append(x)
    words = [word for body in bodies for word in body]
    starts = [word.x0 for page in heads for word in page.starts]
    kept = [
        x
        for x in edges
        if x == edges[0] or (_crossings(words, x) <= 0.02 * len(words) and _repeats(words, starts, edges[0], x))
    ]
    if edges:
        kept += [x for x in _unheaded(bodies, heads, kept, right) if _crossings(words, x) <= 0.02 * len(words)]
    return sorted(kept)


def _unheaded(bodies: list[list[Word]], heads: list[_Heads], edges: list[float], right: float) -> list[float]:
    """Where columns start in which no event does: a table's width from the last edge, with room for another table."""
    first = edges[0]
    width = max((_table_width(page, first) for page in heads), default=0.0)
    places = sorted(word.x1 for words in bodies for word in _places(words))
    if not width or not places or places[0] > first + _NARROWEST / 2:
        return []
    indent = places[0] - first
    found: list[float] = []
    for x in places:
        start = x - indent
        before = max((edge for edge in (*edges, *found) if edge < start + 1), default=first)
        if start - before >= width and start + width <= right + _MARGIN:
            found.append(start)
    return found


def _table_width(heads: _Heads, first: float) -> float:
    """How far the headers of the first column's tables reach from its left edge."""
    width = 0.0
    starts, ends = heads
    for header in starts:
        if not 0 <= header.x0 - first < _NARROWEST / 2:
            continue
        beside = [word.x0 for word in starts if abs(word.y - header.y) < 2 and word.x0 - header.x0 > _NARROWEST]
        next_table = min(beside, default=1e9)
        within = [word.x1 for word in ends if abs(word.y - header.y) < 2 and header.x0 <= word.x0 < next_table]
        width = max(width, *(x - first for x in within), 0.0)
    return width


def _heads(words: list[Word]) -> _Heads:
    starts: list[Word] = []
    ends: list[Word] = []
    for word in words:
        if word.text[:2] in HEAD_BEGINNINGS and (kinds := head_kinds(word.text)):
            if kinds[0][0] in _TABLE_STARTS:
                starts.append(word)
            if kinds[-1][0] in _TABLE_ENDS:
                ends.append(word)
    return _Heads(starts, ends)


def _places(words: list[Word]) -> list[Word]:
    """Words that can be the place at the start of a row: nothing close before them, a name close behind."""
    found: list[Word] = []
    for index, word in enumerate(words[:-1]):
        text = word.text
        if len(text) > 4 or text[0] not in _PLACE_STARTS or not _PLACE.fullmatch(text):
            continue
        before, behind = words[index - 1] if index else None, words[index + 1]
        if before and abs(before.y - word.y) < 2 and 0 <= word.x0 - before.x1 < word.height:
            continue
        if abs(behind.y - word.y) < 2 and 0 < behind.x0 - word.x1 < 3 * word.height and behind.text[0].isalpha():
            found.append(word)
    return found


def _repeats(words: list[Word], headers: list[float], first: float, x: float) -> bool:
    """Whether a column that starts at `x` looks like the first: table headers or places stand as far from its edge."""
    indent = min((header - first for header in headers if header > first), default=0.0)
    if any(abs(header - x - indent) < 4 for header in headers):
        return True
    places = [word.x1 for word in words if _PLACE.fullmatch(word.text)]
    indent = min((place - first for place in places if place > first), default=0.0)
    return sum(abs(place - x - indent) < 8 for place in places) > 3


def _crossings(words: list[Word], x: float) -> int:
    return len([None for word in words if word.x0 < x - 3 and word.x1 > x])


def _columns(
    words: list[Word], edges: list[float], anchors: list[float], heads: _Heads
) -> list[tuple[float, list[Word]]]:
    """The words of each column with its left edge. A page with one column among others that have more stays whole."""
    if len(edges) < 2 or not (max(anchors, default=0.0) > edges[1] - 3 or _is_parted(words, heads, edges)):
        return [(edges[0] if edges else 0.0, words)]
    columns: list[list[Word]] = [[] for _ in edges]
    starts = [x - 3 for x in edges[1:]]
    add = columns[0].append
    y = end = -1e9
    for word in words:
        # A text that runs over the edge of its column stays whole.
        if not -1 <= word.x0 - end < 0.4 * word.height or abs(y - word.y) > 1:
            add = columns[bisect_right(starts, word.x0)].append
        add(word)
        y, end = word.y, word.x1
    return list(zip(edges, columns, strict=True))


def _is_parted(words: list[Word], heads: _Heads, edges: list[float]) -> bool:
    """Whether a page without a heading right of the first column has columns nevertheless."""
    if sum(_crossings(words, x) for x in edges[1:]) > 0.01 * len(words):
        return False
    names, times = heads
    for name in names:
        row = [time for time in times if abs(time.y - name.y) < 2 and time.x0 > name.x0]
        if row and name.x0 < edges[1] - 3 <= min(time.x0 for time in row):
            return False
    return True
