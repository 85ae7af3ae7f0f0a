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
from app.extractions.pdf.page import LEFT, MIDDLE, RIGHT, TEXT, Line, PageLines, Pages, Word, iterate_lines, to_lines

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
_EVENT_SIGN, _PLACE_SIGN, _START_SIGN, _END_SIGN = 1, 2, 4, 8
_NARROWEST = 120.0  # points; three columns on a letter page are 190 wide
_MARGIN = 20.0  # points: a table may reach a little farther right than the page's title
_LONGEST_TITLE = 200  # characters
_HEAD_LINES = 9
_HEAD_HEIGHT = 160.0


_Spans = tuple[list[float], list[float]]


class _Body(NamedTuple):
    """The words of a page below its title, and those among them that tell where its columns stand.

    `events` are the indices of words with which the heading of an event may start, `places` those of words that have
    the form of a place. `starts` name the first column of a table, `ends` its last ones.
    """

    words: list[Word]
    events: list[int]
    places: list[int]
    starts: list[Word]
    ends: list[Word]


class _Signs(dict[str, int]):
    """What words of a text may be, as the sum of the signs below: 0 for most, and most come again."""

    def __missing__(self, text: str) -> int:
        bare = text[1:] if text[0] == "(" else text
        sign = _EVENT_SIGN if bare in _STARTS or bare[:1] == "#" else 0
        if len(text) <= 4 and text[0] in _PLACE_STARTS and _PLACE.fullmatch(text):
            sign |= _PLACE_SIGN
        if text[:2] in HEAD_BEGINNINGS and (kinds := head_kinds(text)):
            sign |= _START_SIGN if kinds[0][0] in _TABLE_STARTS else 0
            sign |= _END_SIGN if kinds[-1][0] in _TABLE_ENDS else 0
        self[text] = sign
        return sign


@lru_cache(maxsize=1)
def reading_order(sheet: Pages) -> list[PageLines]:
    """The lines of all pages.

    Columns are found from all pages together, since one of them may continue without any heading.
    """
    pages = sheet.words
    signs = _Signs()
    tops = [_split_head(page.words) for page in pages]
    bodies = [_body(words, signs) for _, words in tops]
    anchors = [_anchors(body) for body in bodies]
    right = max((max(map(RIGHT, page.words)) for page in pages if page.words), default=0.0)
    edges = _edges([x for page_anchors in anchors for x in page_anchors], bodies, right)
    result: list[PageLines] = []
    for page, (header, _), body, page_anchors in zip(pages, tops, bodies, anchors, strict=True):
        lines: list[Line] = []
        for left, words in _columns(body, edges, page_anchors):
            lines += to_lines(words, left)
        result.append(PageLines(page.number, header, lines))
    return result


def _body(words: list[Word], signs: _Signs) -> _Body:
    body = _Body(words, [], [], [], [])
    for index, sign in enumerate(map(signs.__getitem__, map(TEXT, words))):
        if not sign:
            continue
        if sign & _EVENT_SIGN:
            body.events.append(index)
        if sign & _PLACE_SIGN:
            body.places.append(index)
        if sign & _START_SIGN:
            body.starts.append(words[index])
        if sign & _END_SIGN:
            body.ends.append(words[index])
    return body


def _split_head(words: list[Word]) -> tuple[list[Line], list[Word]]:
    """The title lines across the page, and the words below them."""
    heights = list(map(MIDDLE, words))
    lowest = max(heights, default=0.0) - _HEAD_HEIGHT
    highest = [word for word, y in zip(words, heights, strict=True) if y > lowest]
    lines = list(islice(iterate_lines(highest, 0.0), _HEAD_LINES))
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
    count = len(inside)
    if {word.order for word in words[:count]} == inside:  # as they are first in most files
        return header, words[count:]
    return header, [word for word in words if word.order not in inside]


def _in_the_middle(line: Line, above: Line) -> bool:
    """Whether a line stands as titles do: neither near the left edge nor in two pieces."""
    gap = max((b.x0 - a.x1 for a, b in zip(line.words, line.words[1:], strict=False)), default=0.0)
    return line.words[0].x0 > above.words[0].x0 + 60 and gap < 20


def _anchors(body: _Body) -> list[float]:
    """Where event headings start: their left edge is the left edge of the column."""
    words = body.words
    found: list[float] = []
    for index in body.events:
        word = words[index]
        text = word.text[1:] if word.text[0] == "(" else word.text
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


def _edges(anchors: list[float], bodies: list[_Body], right: float) -> list[float]:
    """The left edges of the columns, from the left; empty when the sheet has no event headings.

    `right` is the right edge of what is printed.
    """
    edges: list[float] = []
    for x in sorted(anchors):
        if not edges or x - edges[-1] > _NARROWEST:
            edges.append(x)
    if not edges:
        return []
    starts = [word.x0 for body in bodies for word in body.starts]
    places = [body.words[index].x1 for body in bodies for index in body.places] if len(edges) > 1 else []
    kept = [edges[0]]
    spans: list[_Spans] = []

    def is_clear(x: float) -> bool:
        if not spans:
            spans.extend(map(_spans, bodies))
        return sum(_crossings(page, x) for page in spans) <= 0.02 * sum(len(lefts) for lefts, _ in spans)

    kept += [x for x in edges[1:] if is_clear(x) and _repeats(places, starts, edges[0], x)]
    kept += [x for x in _unheaded(bodies, kept, right) if is_clear(x)]
    return sorted(kept)


def _unheaded(bodies: list[_Body], edges: list[float], right: float) -> list[float]:
    """Where columns start in which no event does: a table's width from the last edge, with room for another table."""
    first = edges[0]
    width = max((_table_width(body, first) for body in bodies), default=0.0)
    places = sorted({x for body in bodies for x in _places(body)}) if width else []
    if not places or places[0] > first + _NARROWEST / 2:
        return []
    indent = places[0] - first
    found: list[float] = []
    for x in places:
        start = x - indent
        before = max((edge for edge in (*edges, *found) if edge < start + 1), default=first)
        if start - before >= width and start + width <= right + _MARGIN:
            found.append(start)
    return found


def _table_width(body: _Body, first: float) -> float:
    """How far the headers of the first column's tables reach from its left edge."""
    width = 0.0
    starts, ends = body.starts, body.ends
    for header in starts:
        if not 0 <= header.x0 - first < _NARROWEST / 2:
            continue
        beside = [word.x0 for word in starts if abs(word.y - header.y) < 2 and word.x0 - header.x0 > _NARROWEST]
        next_table = min(beside, default=1e9)
        within = [word.x1 for word in ends if abs(word.y - header.y) < 2 and header.x0 <= word.x0 < next_table]
        width = max(width, *(x - first for x in within), 0.0)
    return width


def _places(body: _Body) -> set[float]:
    """The right edges of words that can be the place at the start of a row: nothing close before them, a name close
    behind.
    """
    words = body.words
    last = len(words) - 1
    found: set[float] = set()
    for index in body.places:
        word = words[index]
        if word.x1 in found or index == last:
            continue
        before, behind = words[index - 1] if index else None, words[index + 1]
        if before and abs(before.y - word.y) < 2 and 0 <= word.x0 - before.x1 < word.height:
            continue
        if abs(behind.y - word.y) < 2 and 0 < behind.x0 - word.x1 < 3 * word.height and behind.text[0].isalpha():
            found.add(word.x1)
    return found


def _repeats(places: list[float], headers: list[float], first: float, x: float) -> bool:
    """Whether a column that starts at `x` looks like the first: table headers or places stand as far from its edge.

    `places` are the right edges of what may be places, `headers` the left edges of the heads of tables.
    """
    indent = min((header - first for header in headers if header > first), default=0.0)
    if any(abs(header - x - indent) < 4 for header in headers):
        return True
    indent = min((place - first for place in places if place > first), default=0.0)
    return sum(abs(place - x - indent) < 8 for place in places) > 3


def _spans(body: _Body) -> _Spans:
    return list(map(LEFT, body.words)), list(map(RIGHT, body.words))


def _crossings(spans: _Spans, x: float) -> int:
    """How many words, from their left to their right edges, run over `x`."""
    start = x - 3
    return len([None for x0, x1 in zip(*spans, strict=True) if x1 > x and x0 < start])


def _columns(body: _Body, edges: list[float], anchors: list[float]) -> list[tuple[float, list[Word]]]:
    """The words of each column with its left edge. A page with one column among others that have more stays whole."""
    if len(edges) < 2 or not (max(anchors, default=0.0) > edges[1] - 3 or _is_parted(body, edges)):
        return [(edges[0] if edges else 0.0, body.words)]
    columns: list[list[Word]] = [[] for _ in edges]
    starts = [x - 3 for x in edges[1:]]
    add = columns[0].append
    y = end = -1e9
    for word in body.words:
        _, x0, x1, middle, height, _, _ = word
        # A text that runs over the edge of its column stays whole.
        if not -1 <= x0 - end < 0.4 * height or abs(y - middle) > 1:
            add = columns[bisect_right(starts, x0)].append
        add(word)
        y, end = middle, x1
    return list(zip(edges, columns, strict=True))


def _is_parted(body: _Body, edges: list[float]) -> bool:
    """Whether a page without a heading right of the first column has columns nevertheless."""
    spans = _spans(body)
    if sum(_crossings(spans, x) for x in edges[1:]) > 0.01 * len(body.words):
        return False
    for name in body.starts:
        row = [time for time in body.ends if abs(time.y - name.y) < 2 and time.x0 > name.x0]
        if row and name.x0 < edges[1] - 3 <= min(time.x0 for time in row):
            return False
    return True
