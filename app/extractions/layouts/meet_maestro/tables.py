"""The tables of Meet Maestro: what their heads name, and the cells of their rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from app.extractions.layouts.cells import read_place, read_state, read_time
from app.extractions.pdf.page import Line, Word

_KINDS: Final = {
    "Pl": "place",
    "Name": "name",
    "Athlete": "name",
    "Age": "age",
    "Team": "team",
    "Relay": "letter",
    "Seed": "seed",
    "Official": "result",
    "Pts": "points",
}
_TAIL: Final = re.compile(r"(.*?[^\s\d:.])((?:[xX]?(?:\d{1,2}:){0,2}\d{1,2}\.\d\d)|NT|NS|DQ|DNF|SCR|DFS)")
_AGE: Final = re.compile(r"(.*\D)?(\d{1,3})")
_POINTS: Final = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_LETTER: Final = re.compile(r"[A-Z]")
_GLUED_LETTER: Final = re.compile(r"(.+)([A-Z])")
_COMMA: Final = re.compile(r",(?=[^\W\d_])")
_OUTSIDE: Final = frozenset(("X", "EX", "EXH"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table: `columns` are the left and right edges of its head's cells in points, by kind.

    `relay`: its rows are teams. `two_lines`: age and club, or the letter of a team, stand on the line below a row.
    """

    left: float
    relay: bool
    two_lines: bool
    columns: dict[str, tuple[float, float]]

    @property
    def has_results(self) -> bool:
        """Whether there is a column of results; lists of scores have none."""
        return "result" in self.columns


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row as printed; `who` is a person or a team."""

    place: int | None
    who: str
    age: str | None
    team: str | None
    letter: str | None
    seed: str | None
    time: str | None
    status: str
    points: str | None
    exhibition: bool


def read_table(line: Line) -> Table | None:
    """The table whose head this line is, or None."""
    words = line.words
    if words[0].text != "Pl" or len(words) < 2:
        return None
    columns: dict[str, tuple[float, float]] = {}
    for word in words:
        if kind := _KINDS.get(word.text):
            columns.setdefault(kind, (word.x0, word.x1))
    first = words[1].text
    if first not in ("Name", "Team", "Athlete", "Relay"):
        return None
    columns["name"] = (words[1].x0, words[1].x1)
    return Table(line.left, first in ("Team", "Relay"), first in ("Athlete", "Relay"), columns)


def moved(table: Table, left: float) -> Table:
    """The same table in another column of the page."""
    by = left - table.left
    if abs(by) < 1:
        return table
    return replace(table, left=left, columns={kind: (x0 + by, x1 + by) for kind, (x0, x1) in table.columns.items()})


def read_row(line: Line, table: Table) -> Row | None:
    """The row this line is, or None. A row has a place or dashes, a name, and a result unless none is printed."""
    words = list(line.words)
    first, height = words[0], words[0].height
    outside = first.text in _OUTSIDE
    is_place, place = (True, None) if outside else read_place(first.text)
    placed = is_place and first.x0 < table.columns["name"][0] - 0.3 * height
    if placed:
        words.pop(0)
    points = _take(words, table, "points", height)
    result = _take(words, table, "result", height)
    seed = _take(words, table, "seed", height)
    if not words or not any(sign.isalpha() for word in words for sign in word.text):
        return None
    if not placed and (result is None or words[0].x0 < table.columns["name"][0] - 0.3 * height):
        return None
    if points is not None and not _POINTS.fullmatch(points):
        return None
    read = _read_result(result)
    if read is None:
        return None
    time, status, exhibition = read
    who, age, team, letter = _who(words, table, height)
    exhibition = exhibition or outside
    return Row(place, who, age, team, letter, seed, time, status, points, exhibition) if who else None


def _take(words: list[Word], table: Table, kind: str, height: float) -> str | None:
    """Takes the last cell off if it ends where the column `kind` ends; a name too long for its cell may touch it."""
    edge = table.columns.get(kind)
    if not edge or not words or abs(words[-1].x1 - edge[1]) > 0.6 * height:
        return None
    word = words[-1]
    if not read_time(word.text) and not read_state(word.text) and (tail := _TAIL.fullmatch(word.text)):
        words[-1] = _cut(word, len(tail[1]))
        return tail[2]
    words.pop()
    return word.text


def _read_result(text: str | None) -> tuple[str | None, str, bool] | None:
    """Time, status and whether it is an exhibition's; None if the cell holds something else."""
    if text is None or text == "NT":
        return None, "NT", False
    if state := read_state(text):
        return None, state, text[0] in "xX"
    found = read_time(text)
    return (found.value, "OK", found.exhibition) if found else None


def _who(words: list[Word], table: Table, height: float) -> tuple[str, str | None, str | None, str | None]:
    """Who swam: the name with age and club, or the team with its letter."""
    if table.two_lines:
        return with_blank(_text(words)), None, None, None
    if table.relay:
        team, letter = _team(words, height)
        return team, None, team, letter
    right = table.columns.get("age", (0.0, 0.0))[1]
    for index, word in enumerate(words):
        age = _AGE.fullmatch(word.text)
        if age and right - height < word.x1 < right + 0.5 * height and (index or age[1]):
            name = [*words[:index], *([_cut(word, len(age[1]))] if age[1] else [])]
            return with_blank(_text(name)), age[2], _text(words[index + 1 :]) or None, None
    start = table.columns.get("team", (1e9, 0.0))[0] - height
    name = [word for word in words if word.x0 < start]
    return with_blank(_text(name)), None, _text(words[len(name) :]) or None, None


def _team(words: list[Word], height: float) -> tuple[str, str | None]:
    """The name of a team and its letter, before which it may be cut (`of the NortA`); the club's code comes last."""
    if len(words) > 2 and _LETTER.fullmatch(words[-2].text):
        return _text(words[:-2]), words[-2].text
    if len(words) > 1 and _LETTER.fullmatch(words[-1].text):
        return _text(words[:-1]), words[-1].text
    touches = len(words) > 1 and words[-1].x0 - words[-2].x1 < 0.8 * height
    if touches and (glued := _GLUED_LETTER.fullmatch(words[-2].text)):
        return _text([*words[:-2], _cut(words[-2], len(glued[1]))]), glued[2]
    return _text(words[:-1] if len(words) > 1 else words), None


def with_blank(name: str) -> str:
    """The name with the blank behind its comma: some printers draw none, and it is narrow."""
    return _COMMA.sub(", ", name)


def _cut(word: Word, length: int) -> Word:
    """The first characters of a word."""
    return word._replace(text=word.text[:length], x1=word.x0 + (word.x1 - word.x0) * length / len(word.text))


def _text(words: list[Word]) -> str:
    return " ".join([word.text for word in words])
