"""A row of a table: who swam, for whom, in what time, and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.extractions.layouts.cells import plain_time
from app.extractions.layouts.splash.columns import (
    BIRTH_DATE,
    CLOCK,
    CLOCK_AT_THE_END,
    NEAR,
    PLACE,
    REACTION,
    YEAR,
    Columns,
    is_class,
    is_nation,
    read_state,
)
from app.extractions.layouts.splash.titles import cells_of, text_of
from app.extractions.layouts.splash.vocabulary import GRADES
from app.extractions.pdf.page import Line, Word

_STATE_GLUED = re.compile(r"(DSQ|DNS|DNF|DFS|WDR|SCR|EXH|DQ)([^\W\d_].+)")
_REACTION_AT_THE_END = re.compile(r"(?:[+-]\d?|0)[.,]\d\d$")
_NAME = re.compile(r"[(*\"'‘’«„“]{0,2}[^\W\d_]")
_YEAR_BEHIND = re.compile(r"(.*[^\d\W].*?)((?:19|20)?\d\d)")
_YEAR_BEFORE = re.compile(r"((?:19|20)\d\d|\d\d)([^\W\d_].*)")
_NUMBER = re.compile(r"\d{1,4}(?:[.,]\d{1,2})?")
_NUMBER_AT_THE_END = re.compile(r"(?<![\d.,])\d{1,4}(?:[.,]\d{1,2})?$")
_MARKED = re.compile(r"((?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d)(?:[A-Za-z]{1,2}|[*#!]{1,2})")
_TEAM_NUMBER = re.compile(r"\s([1-9]|[A-H])")
_SHARED = "place shared with the row above, not printed"
_BLANK = 0.5  # of the height of a line: less is a blank inside a cell, which takes 0.3
_WIDE = 1.2  # of the height: more parts two cells where a double blank inside one is possible


@dataclass(slots=True)
class Row:
    """A row as printed. `state` is a status of `Swim.status`; `placed` is false where no place or mark is printed."""

    name: str
    team: str | None = None
    letter: str | None = None
    place: int | None = None
    placed: bool = True
    state: str | None = None
    exhibition: bool = False
    year: str | None = None
    birth_date: str | None = None
    time: str | None = None
    seed: str | None = None
    points: str | None = None
    fina: str | None = None
    standard: str | None = None
    note: str | None = None
    splits: list[str] = field(default_factory=list)


def starts_row(line: Line) -> bool:
    """Whether the line starts as rows do: with a place or a mark, then a name."""
    first = line.words[0].text
    if (place := PLACE.fullmatch(first)) and (place[2] or len(line.words) > 2):
        return not place[2] or _NAME.match(place[2]) is not None or line.words[1].text[0].isalpha()
    return (read_state(first) is not None and len(line.words) > 2) or _STATE_GLUED.fullmatch(first) is not None


def read_row(line: Line, columns: Columns, *, relay: bool, last: Row | None) -> Row | None:
    """The row that stands in the line, or None. `last` is the one above it in the same table."""
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
    elif last is None or columns.name is None or abs(first.x0 - columns.name) > NEAR:
        return None
    else:
        row.placed = False
    if not relay:
        words = _without_lane(words)
    if not words or not (_NAME.match(words[0].text) or (relay and row.placed)):
        return None
    left, right = _at_the_time(words, columns, row, last)
    if row.time is None and row.state is None:
        return None
    if row.state == "EXH":
        row.state, row.exhibition = None if row.time else "NT", True
    left = _without_numbers(left, columns, row)
    if relay:
        _read_team(left, columns, row)
    else:
        _read_person(left, columns, row)
    _read_end(right, columns, row)
    if sum(sign.isalpha() for sign in row.name) < 2 or not (row.place or row.team or row.year):
        return None
    if row.state:
        row.note = row.note or row.time
        row.time = None
        row.place = None
    if not row.placed and last and last.place and last.time == row.time:
        row.place, row.note = last.place, _SHARED
    return row


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
    while index < len(words) - 1 and index < 3 and re.fullmatch(r"\d{1,3}(?:/\d{1,2})?|[/-]", words[index].text):
        index += 1
    return words[index:]


def _at_the_time(words: list[Word], columns: Columns, row: Row, last: Row | None) -> tuple[list[Word], list[Word]]:
    """The words before the column of the times and those behind it; the time or the mark in it goes into the row."""
    right = columns.time
    for index, word in enumerate(words[1:], 1):
        clock = CLOCK_AT_THE_END.search(word.text)
        marked = None if clock else _MARKED.fullmatch(word.text)
        if not clock and not marked:
            continue
        if right is None and REACTION.fullmatch(word.text):
            continue
        if right is not None and not -NEAR <= word.x1 - right <= (NEAR if clock else 3 * NEAR):
            continue
        before, behind = words[:index], words[index + 1 :]
        if marked:
            row.time = plain_time(marked[1])
        elif clock and clock.start() == 0:
            row.time = plain_time(word.text)
        elif clock and any(sign.isalpha() or not sign.isascii() for sign in word.text[: clock.start()]):
            text = _glued_time(word.text, clock.start(), last if row.place else None)
            row.time = plain_time(word.text[len(text) :])
            edge = word.x1 - (word.x1 - word.x0) * len(row.time) / len(word.text)
            before = [*before, word._replace(text=text, x1=edge)]
            overrun = [other for other in behind if other.x0 < word.x1 - 1]
            behind = behind[len(overrun) :]
            if overrun and not text[-1].isalnum():
                before[-1] = before[-1]._replace(text=text + overrun[0].text)
                del overrun[0]
            return [*before, *overrun], behind
        else:
            continue
        overrun = [other for other in behind if other.x0 < word.x1 - 1]
        return [*before, *overrun], behind[len(overrun) :]
    edge = right if right is not None else 1e9
    for index, word in enumerate(words[1:], 1):
        if row.state is None and edge - 40 < word.x1 and word.x0 < edge + 2 and (state := read_state(word.text)):
            row.state = state
            return words[:index], words[index + 1 :]
    return [word for word in words if word.x0 < edge], [word for word in words if word.x0 >= edge]


def _glued_time(text: str, start: int, last: Row | None) -> str:
    """What stands before a time that has run into a number (`№141:04.83`): times of a ranking do not fall."""
    if last is not None and last.time and start + 1 < len(text) and text[start + 1].isdigit():
        shorter = text[start + 1 :]
        if _hundredths(last.time) <= _hundredths(shorter) and CLOCK.fullmatch(shorter):
            return text[: start + 1]
    return text[:start]


def _hundredths(time: str) -> int:
    total = 0
    for part in time.replace(",", ".").split(":"):
        total = (
            total * 60 + round(float(part) * 100)
            if "." in part
            else (total + int(part)) * 60 * (100 if not total else 1)
        )
    return total


def _without_numbers(words: list[Word], columns: Columns, row: Row) -> list[Word]:
    """Without the reaction time, the entry time and the splits that stand before the time."""
    rest: list[Word] = []
    for word in words:
        text = word.text
        if columns.seed is not None and abs(word.x1 - columns.seed) < NEAR and (CLOCK.fullmatch(text) or text == "NT"):
            row.seed = text if text == "NT" else plain_time(text)
        elif REACTION.fullmatch(text) and (text[0] in "+-" or _is_near(word, columns.reaction)):
            continue
        elif CLOCK.fullmatch(text) and not BIRTH_DATE.fullmatch(text):
            if any(abs(word.x1 - edge) < NEAR for edge in columns.splits):
                row.splits.append(plain_time(text))
        elif (glued := _REACTION_AT_THE_END.search(text)) and _is_near(word, columns.reaction):
            rest.append(word._replace(text=text[: glued.start()]))
        else:
            rest.append(word)
    return rest


def _is_near(word: Word, edge: float | None) -> bool:
    return edge is None or abs(word.x1 - edge) < NEAR


def _read_team(words: list[Word], columns: Columns, row: Row) -> None:
    """A relay team: its name, and the club in a column of its own, which then counts."""
    own = next((i for i, word in enumerate(words) if i and columns.club and abs(word.x0 - columns.club) < 2.5), None)
    if own is not None:
        cells = [words[:own], words[own:]]
        cells[1:] = cells_of(cells[1], _WIDE)
    else:
        cells = cells_of(words, 0.7)
    texts = [text for cell in cells if not (text := text_of(cell)).isdigit()]
    if not texts:
        return
    named, others = texts[0], [text for text in texts[1:] if not is_nation(text) and any(map(str.isalpha, text))]
    row.name = row.team = named
    if row.state and len(others) > (own is not None):
        row.note = others.pop()
    if others or (own is not None and len(texts) > 1):
        row.name = row.team = others[0] if others else texts[1]
        number = _TEAM_NUMBER.fullmatch(named[len(row.team) :]) if named.startswith(row.team) else None
        row.letter = number[1] if number else None


def _read_person(words: list[Word], columns: Columns, row: Row) -> None:
    """Name, year of birth and club."""
    club, year = columns.club, columns.year
    if club is not None and year is not None and club < year[0]:
        _read_club_first(words, club, year, row)
        return
    found = _find_year(words, year, row)
    if found is None:
        before = [word for word in words if word.x0 < year[0] - 1] if year else words
        _read_without_year(before, words[len(before) :], club, row)
        return
    name, behind, edge = found
    while behind and behind[0].x0 < edge - 1:  # a name too long for its cell goes on over the year
        name.append(behind.pop(0))
        while (
            behind and -2 < behind[0].x0 - name[-1].x1 < _BLANK * behind[0].height and behind[0].x0 < (club or edge) - 3
        ):
            name.append(behind.pop(0))
    row.name = _name_of(name)
    _read_club(behind, columns, row)


def _find_year(
    words: list[Word], year: tuple[float, float] | None, row: Row
) -> tuple[list[Word], list[Word], float] | None:
    """The words of the name, the words behind the year, and the right edge of the year, which goes into the row."""
    if year is None:
        return None
    for index, word in enumerate(words):
        if not (word.x0 < year[1] + 2 and word.x1 > year[0] - 2):
            continue
        text = word.text
        if index and YEAR.fullmatch(text):
            row.year = text.strip("()")
        elif index and BIRTH_DATE.fullmatch(text):
            row.birth_date, row.year = text, re.split(r"[./-]", text)[-1]
        elif (glued := _YEAR_BEHIND.fullmatch(text)) and word.x1 < year[1] + 3:
            row.year = glued[2]
            edge = word.x1 - (word.x1 - word.x0) * 2 / len(text)
            return [*words[:index], word._replace(text=glued[1], x1=edge)], words[index + 1 :], word.x1
        elif index and (glued := _YEAR_BEFORE.fullmatch(text)) and abs(word.x0 - year[0]) < 3:
            row.year = glued[1]
            if _is_mark(glued[2]):
                return list(words[:index]), list(words[index + 1 :]), word.x1
            return [*words[:index], word._replace(text=glued[2])], words[index + 1 :], word.x1
        else:
            continue
        return list(words[:index]), list(words[index + 1 :]), word.x1
    return None


def _read_without_year(before: list[Word], behind: list[Word], club: float | None, row: Row) -> None:
    """A row without a year: its name ends where the club starts, or at a gap."""
    if behind:
        row.name = _name_of(before)
        _read_club(behind, Columns(club=club), row)
        return
    start = next((index for index, word in enumerate(before) if index and club and word.x0 > club - 2.5), None)
    if start is not None:
        row.name = _name_of(before[:start])
        _read_club(before[start:], Columns(club=club), row)
        return
    cells = cells_of(before, 0.7)
    row.name = text_of(cells[0]) if cells else ""
    _read_club([word for cell in cells[1:] for word in cell], Columns(), row)


def _read_club_first(words: list[Word], club: float, year: tuple[float, float], row: Row) -> None:
    """A row in which the club stands before the year."""
    years = [word for word in words if YEAR.fullmatch(word.text) and word.x0 < year[1] + 2 and word.x1 > year[0] - 2]
    row.year = years[-1].text.strip("()") if years else None
    rest = [word for word in words if word not in years]
    start = next((index for index, word in enumerate(rest) if index and word.x0 > club - 2.5), len(rest))
    row.name = _name_of(rest[:start])
    _read_club([word for word in rest[start:] if word.x0 < year[0]], Columns(club=club), row)


def _name_of(words: list[Word]) -> str:
    """The name without grades, classes and numbers in cells of their own behind it."""
    cells = cells_of(words, _BLANK)
    while len(cells) > 1 and _is_mark(text_of(cells[-1])):
        cells.pop()
    return " ".join([text_of(cell) for cell in cells])


def _is_mark(text: str) -> bool:
    lower = text.casefold()
    return lower in GRADES or is_class(text) or is_nation(text) or not any(map(str.isalpha, text))


def _read_club(words: list[Word], columns: Columns, row: Row) -> None:
    """The club among the cells behind a year: grades, classes and nations stand in cells of their own."""
    club = columns.club
    if columns.nation is not None:
        words = [w for w in words if not (abs(w.x0 - columns.nation) < NEAR and is_nation(w.text))] or words
    start = next((index for index, word in enumerate(words) if club is not None and word.x0 > club - 2.5), None)
    if start is not None:
        cells = cells_of(words[start:], _WIDE)
        row.team, others = text_of(cells[0]), [text_of(cell) for cell in cells[1:]]
    else:
        texts = [text for cell in cells_of(words, _BLANK) if not _is_grade(text := text_of(cell))]
        names = [text for text in texts if not is_nation(text) and any(map(str.isalpha, text))] or texts
        row.team, others = (names[0], names[1:]) if names else (None, [])
    if row.state and (said := [text for text in others if not is_nation(text) and len(text) > 3]):
        row.note = " ".join(said)


def _is_grade(text: str) -> bool:
    return text.casefold() in GRADES or is_class(text)


def _read_end(words: list[Word], columns: Columns, row: Row) -> None:
    """What stands behind the time: points, splits, and the standard that was reached."""
    for word in words:
        text = word.text
        if CLOCK.fullmatch(text) and any(abs(word.x1 - edge) < NEAR for edge in columns.splits):
            row.splits.append(plain_time(text))
        elif _NUMBER.fullmatch(text):
            kind = next((kind for kind, edge in columns.points if abs(word.x1 - edge) < NEAR), None)
            if kind == "fina":
                row.fina = text
            elif kind == "points" or (not columns.points and row.points is None and not text.startswith("+")):
                row.points = text
            elif not columns.points and row.fina is None and "." not in text:
                row.fina = text
            elif "." in text:
                row.splits.append(text)
        elif columns.points and (glued := _NUMBER_AT_THE_END.search(text)) and glued.start():
            kind = next((kind for kind, edge in columns.points if abs(word.x1 - edge) < NEAR), None)
            row.points, row.fina = (
                (glued[0] if kind == "points" else row.points),
                (glued[0] if kind == "fina" else row.fina),
            )
        elif CLOCK.fullmatch(text):
            row.splits.append(plain_time(text))
        elif text.casefold() in GRADES:
            row.standard = text
