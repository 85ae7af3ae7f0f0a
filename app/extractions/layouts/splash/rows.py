"""Which lines are rows, and what they say."""

from __future__ import annotations

import re

from app.extractions.layouts.splash.columns import NEAR, PLACE, Columns, read_state
from app.extractions.layouts.splash.row import Row
from app.extractions.layouts.splash.row_names import read_person, read_team
from app.extractions.layouts.splash.row_numbers import read_end, read_numbers, read_time
from app.extractions.pdf.page import Line, Word

_STATE_GLUED = re.compile(r"(DSQ|DNS|DNF|DFS|WDR|SCR|EXH|DQ)([^\W_].+)")
_NAME = re.compile(r"[(*\"'‘’«„“]{0,2}[^\W\d_]")
_LANE = re.compile(r"\d{1,3}(?:/\d{1,2})?|[/-]")
_LONGEST_MARK = 8
_TWO_LETTERS = re.compile(r"[^\W\d_].{0,80}?[^\W\d_]")
_SHARED = "place shared with the row above, not printed"


def starts_row(line: Line) -> bool:
    """Whether the line starts as rows do: with a place or a mark, then a name."""
    first = line.words[0].text
    if (place := PLACE.fullmatch(first)) and len(line.words) > 2 - bool(place[2]):
        return not place[2] or _NAME.match(place[2]) is not None or line.words[1].text[0].isalpha()
    return (read_state(first) is not None and len(line.words) > 2) or _STATE_GLUED.fullmatch(first) is not None


def read_row(line: Line, columns: Columns, *, relay: bool, last: Row | None) -> Row | None:
    """The row that stands in the line, or None. `last` is the one above it in the same table.

    A row with a mark that is not known, or without place and time, is one only if it has a year of birth and a club
    where those stand; the mark is then its note.
    """
    words = list(line.words)
    row = Row("")
    first = words[0]
    if place := PLACE.fullmatch(first.text):
        row.place = int(place[1])
        words[0:1] = [first._replace(text=place[2])] if place[2] else []
    elif (state := read_state(first.text)) and (columns.name is None or first.x1 < columns.name + 1):
        row.state = state
        del words[0]
    elif glued := _glued_state(first, columns):
        row.state = read_state(glued[0])
        words[0] = first._replace(text=glued[1])
    elif columns.name is None:
        return None
    elif abs(first.x0 - columns.name) <= NEAR:
        if last is None:
            return None
        row.placed = False
    elif not relay and _is_unknown_mark(words, columns.name):
        row.note = words.pop(0).text
    else:
        return None
    if not relay:
        words = _without_lane(words)
    if not words or not (relay or _NAME.match(words[0].text)):
        return None
    left, right = read_time(words, columns, row, last)
    told = row.place is not None or row.state is not None
    if row.time is None and row.state is None:
        if row.place is not None or relay:
            return None
        row.state = "NT"
    if row.state == "EXH":
        row.state, row.exhibition = None if row.time else "NT", True
    left = read_numbers(left, columns, row)
    if relay:
        read_team(left, columns, row)
    else:
        read_person(left, columns, row)
    read_end(right, columns, row)
    if not _TWO_LETTERS.search(row.name) or not (row.place or row.team or row.year):
        return None
    if not told and not (row.team and (row.year or (relay and row.time))):
        return None
    if row.state:
        row.note = row.note or row.time
        row.time = None
        row.place = None
    if not row.placed and last and last.place and last.time == row.time:
        row.place, row.note = last.place, _SHARED
    return row


def _is_unknown_mark(words: list[Word], name: float) -> bool:
    """Whether the line starts with a word where marks stand, before a name: a mark in a language that is not known."""
    mark = words[0].text
    if len(words) < 3 or len(mark) > _LONGEST_MARK or not mark[0].isalpha() or any(map(str.isdigit, mark)):
        return False
    return words[0].x1 < name + 1 and abs(words[1].x0 - name) <= NEAR


def _glued_state(word: Word, columns: Columns) -> tuple[str, str] | None:
    """The mark that has run into a name, and the name: `DSQda Silva`, and `BAJASilva` where names start there."""
    if found := _STATE_GLUED.fullmatch(word.text):
        return found[1], found[2]
    if columns.name is None or word.x0 > columns.name - NEAR:
        return None
    width = (word.x1 - word.x0) / len(word.text)
    for end in range(min(10, len(word.text) - 2), 1, -1):
        mark, name = word.text[:end], word.text[end:]
        if name[0].isalpha() and read_state(mark) and abs(word.x0 + end * width - columns.name) < 2 * NEAR:
            return mark, name
    return None


def _without_lane(words: list[Word]) -> list[Word]:
    """Without the heat and lane, which stand before a name (`3/4`)."""
    index = 0
    while index < len(words) - 1 and index < 3 and _LANE.fullmatch(words[index].text):
        index += 1
    return words[index:]
