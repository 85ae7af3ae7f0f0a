"""A result row: place, name or team, age, club, and what `row_results` reads from its right-hand end."""

from __future__ import annotations

from dataclasses import dataclass

from app.extractions.layouts.cells import is_age, read_place
from app.extractions.layouts.hytek.age_column import AgeColumn
from app.extractions.layouts.hytek.row_results import Labels, RowResult, apart, read_row_result, result_start
from app.extractions.layouts.hytek.table_headers import TableHeader
from app.extractions.pdf.page import TEXT, Line, Word

_ANYWHERE = float("inf")


@dataclass(slots=True)
class Row:
    """A row as printed. For a relay `name` is the team and `relay` its letter."""

    place: int | None
    name: str
    age: str | None
    team: str | None
    relay: str | None
    result: RowResult


def read_row(line: Line, header: TableHeader | None, relay: bool, labels: Labels, ages: AgeColumn) -> Row | None:
    """The row this line holds, or None if it is not one.

    `header` is the last table header seen, in the place of this line's column, or None when the report has none;
    `ages` tells where its ages end.
    """
    words = apart(line.words)
    member = header.column("id") if header else None
    numbered = member is not None and abs(words[0].x0 - member.x0) < 3  # the number of a member without a place
    placed, place = (False, None) if numbered else read_place(words[0].text)
    first = 1 if placed else 0
    name = header.column("name") or header.column("team") if header else None
    if placed and name and words[0].x0 > name.x0 + 3:
        return None
    if not placed and not numbered and (not name or abs(words[0].x0 - name.x0) > 3):
        return None
    if name and member:
        while first < len(words) and words[first].x1 < name.x0 - 1:
            first += 1
    start = result_start(words, first + 1, header)
    result = read_row_result(words[start:], header, labels)
    if result.column is None and (place is not None or not placed):
        return None
    if relay:
        team, letter = _team_and_letter(words[first:start])
        return Row(place, team, None, team, letter, result) if _has_letter(team) else None
    who, age, club = _name_age_team(words[first:start], header, ages)
    if not _has_letter(who) or (not placed and age is None) or (result.column is None and not (age or club)):
        return None
    return Row(place, who, age, club or None, None, result)


def _has_letter(text: str) -> bool:
    return text[:1].isalpha() or any(map(str.isalpha, text))


def _join(words: list[Word]) -> str:
    return " ".join(map(TEXT, words))


def _team_and_letter(words: list[Word]) -> tuple[str, str | None]:
    last = words[-1].text.strip("'\"") if len(words) > 1 else ""
    if len(last) == 1 and last.isalpha() and last.isupper():
        return _join(words[:-1]), last
    return _join(words), None


def _name_age_team(words: list[Word], header: TableHeader | None, ages: AgeColumn) -> tuple[str, str | None, str]:
    if header and not header.column("name"):
        header = None  # that of relays, which says nothing of ages and clubs
    age = header.column("age") if header else None
    team = header.column("team") if header else None
    left, right = (age.x0 - 6, age.x1 + 6) if age else (-_ANYWHERE, _ANYWHERE)
    for index in range(1, len(words)) if age or not header else ():
        text, x0, x1, _, _, _, _ = words[index]
        if left <= (x0 + x1) / 2 <= right and is_age(text) and (age or index + 1 < len(words)):
            return _join(words[:index]), text, _join(words[index + 1 :])
    if header and age:
        for index, word in enumerate(words):
            if parts := ages.cut(word, header):
                who = [*(before.text for before in words[:index]), parts[0]]
                club = [parts[2], *(after.text for after in words[index + 1 :])]
                return " ".join(who).strip(), parts[1], " ".join(club).strip()
    border = _border(words, team.x0) if team else _widest_gap(words)
    return _join(words[:border]), None, _join(words[border:])


def _border(words: list[Word], x: float) -> int:
    """Where the club starts in a row without an age: at the first wide gap from its column on."""
    behind = [index for index in range(1, len(words)) if words[index].x0 >= x - 6]
    for index in behind:
        gap = words[index].x0 - words[index - 1].x1
        if gap > 0.35 * words[index].height or gap < -1:
            return index
    return behind[0] if behind else len(words)


def _widest_gap(words: list[Word]) -> int:
    gaps = [words[index].x0 - words[index - 1].x1 for index in range(1, len(words))]
    widest = max(gaps, default=0.0)
    return gaps.index(widest) + 1 if gaps and widest > 0.6 * words[0].height else len(words)
