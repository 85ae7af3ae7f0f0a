"""Who swam, for whom, and when they were born: the cells of a row before its time."""

from __future__ import annotations

import re

from app.extractions.layouts.splash.columns import (
    BIRTH_DATE,
    NEAR,
    YEAR,
    YEAR_BEFORE,
    Columns,
    is_class,
    is_mark,
    is_nation,
)
from app.extractions.layouts.splash.legs import is_reason
from app.extractions.layouts.splash.row import Row
from app.extractions.layouts.splash.titles import cells_of, text_of
from app.extractions.layouts.splash.vocabulary import GRADES, folded
from app.extractions.pdf.page import Word

_YEAR_AT_THE_END = re.compile(r"(?:(?:19|20)\d\d|(?<!\d)\d\d)$")
_TEAM_NUMBER = re.compile(r"\s([1-9]|[A-H])")
_BLANK = 0.5  # of the height of a line: less is a blank inside a cell, which takes 0.3
_WIDE = 1.2  # of the height: more parts two cells where a double blank inside one is possible


def read_team(words: list[Word], columns: Columns, row: Row) -> None:
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
    if row.state and others and (len(others) > 1 or is_reason(others[0])):
        row.note = others.pop()
    if others or (own is not None and len(texts) > 1):
        row.name = row.team = others[0] if others else texts[1]
        number = _TEAM_NUMBER.fullmatch(named[len(row.team) :]) if named.startswith(row.team) else None
        row.letter = number[1] if number else None


def read_person(words: list[Word], columns: Columns, row: Row) -> None:
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
    while behind and behind[0].x0 < edge - 0.3 * behind[0].height:  # a name too long for its cell goes on over the year
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
        elif (at := _YEAR_AT_THE_END.search(text)) and any(map(str.isalpha, text)) and word.x1 < year[1] + 3:
            row.year = at[0]
            edge = word.x1 - (word.x1 - word.x0) * len(at[0]) / len(text)
            return [*words[:index], word._replace(text=text[: at.start()], x1=edge)], words[index + 1 :], word.x1
        elif index and (glued := YEAR_BEFORE.fullmatch(text)) and abs(word.x0 - year[0]) < 3:
            row.year = glued[1]
            if is_mark(glued[2]):
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
    while len(cells) > 1 and is_mark(text_of(cells[-1])):
        cells.pop()
    return " ".join([text_of(cell) for cell in cells])


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
    return folded(text) in GRADES or is_class(text)
