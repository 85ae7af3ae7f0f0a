"""The columns of a table: what its head calls them, and where its rows have them.

The organiser chooses the columns, their order, their heads and the language, and may leave a head empty. So a head says
what it can, and the rows of the block say the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from app.extractions.layouts.splash.titles import cells_of, text_of
from app.extractions.layouts.splash.vocabulary import GRADES, HEADS, STATUSES, folded
from app.extractions.pdf.page import Line, Word

NEAR: Final = 5.0  # points: two edges of one column
CLOCK = re.compile(r"(?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d")
CLOCK_AT_THE_END = re.compile(r"(?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d$")
REACTION = re.compile(r"[+-]\d?[.,]\d\d|0[.,]\d\d")
YEAR = re.compile(r"\(?(?:\d\d|(?:19|20)\d\d)\)?")
YEAR_BEFORE = re.compile(r"((?:19|20)\d\d|\d\d)([^\W\d_].*)")
BIRTH_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d)")
PLACE = re.compile(r"(\d{1,4})\.(.*)")
_NEARLY: Final = 12.0  # points: how far a head may stand from its column, and one that has run into another seem to
_LEARNED_FROM: Final = 16  # rows of a block
_SPLIT_HEAD = re.compile(r"(\d{2,4})\s?[mм]")
_FLUSH_RIGHT: Final = ("time", "seed", "points", "fina", "reaction", "behind")
_KIND_OF: Final = {folded(word): kind for kind, words in HEADS.items() for word in words.split("|")}
_WORDS = re.compile(
    "|".join(
        rf"{re.escape(word)}\.?" for word in sorted((word for word in _KIND_OF if len(word) > 1), key=len, reverse=True)
    ),
)


@dataclass(slots=True)
class Columns:
    """Where the columns stand, in points; None for one that is not known.

    `name`, `club` and `nation` are left edges, `year` both edges, `time`, `reaction` and `seed` right edges. `points`
    and `splits` are right edges with what stands there, left to right. `headed` says that a head was read.
    """

    name: float | None = None
    club: float | None = None
    nation: float | None = None
    year: tuple[float, float] | None = None
    time: float | None = None
    reaction: float | None = None
    seed: float | None = None
    points: list[tuple[str, float]] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    headed: bool = False


def read_head(line: Line) -> Columns | None:
    """The columns that a head names, or None if the line is another one."""
    words = line.words
    if len(words) < 2 or any(CLOCK.fullmatch(word.text) for word in words):
        return None
    named = [head for cell in cells_of(words, 0.5) for head in _heads(cell)]
    kinds = {kind for kind, _, _ in named}
    if "time" not in kinds or not kinds & {"rank", "year", "club", "name", "points", "fina", "reaction"}:
        return None
    columns = Columns(headed=True)
    for kind, x0, x1 in named:
        if kind in ("points", "fina"):
            columns.points.append((kind, x1))
        elif kind == "split":
            columns.splits.append(x1)
        elif kind == "name" and columns.name is None:
            columns.name = x0
        elif kind == "club" and columns.club is None:
            columns.club = x0
        elif kind == "nation":
            columns.nation = x0
        elif kind == "year" and columns.year is None:
            columns.year = x0, x1
        elif kind == "time" and columns.time is None:
            columns.time = x1
        elif kind == "reaction":
            columns.reaction = x1
        elif kind == "seed":
            columns.seed = x1
    columns.points = _points(columns.points)
    return columns


def completed(head: Columns, before: Columns) -> Columns:
    """The columns of a head, and those it does not name as they stood in the table before, if that was as wide."""
    if head.time is None or before.time is None or abs(head.time - before.time) > NEAR:
        return head
    return replace(
        head,
        name=head.name if head.name is not None else before.name,
        club=head.club if head.club is not None else before.club,
        year=head.year or before.year,
    )


def read_state(text: str) -> str | None:
    """The status a mark stands for; in small letters it needs a point or a stroke, for it could be a word."""
    if len(text) > 12 or not (text.isupper() or "." in text or "/" in text):
        return None
    return STATUSES.get(folded(text))


def _points(columns: list[tuple[str, float]]) -> list[tuple[str, float]]:
    """One column holds the points, whatever it is called; of two, one is World Aquatics'."""
    if len(columns) < 2:
        return [("points", right) for _, right in columns]
    kinds = [kind for kind, _ in columns]
    if "fina" not in kinds or "points" not in kinds:
        kinds = ["points", "fina"]
    return [(kind, right) for kind, (_, right) in zip(kinds, columns, strict=False)]


def _heads(cell: list[Word]) -> list[tuple[str, float, float]]:
    """The heads in a cell with their edges; heads that have run together come apart."""
    text = text_of(cell)
    lower = folded(text)
    kind = _kind(lower)
    if kind:
        return [(kind, cell[0].x0, cell[-1].x1)]
    if len(cell) > 1 and all(_kind(folded(word.text)) for word in cell):
        return [(_kind(folded(word.text)) or "", word.x0, word.x1) for word in cell]
    heads: list[tuple[str, float, float]] = []
    edges = _edges(cell)
    position = 0
    while position < len(lower):
        found = _WORDS.match(lower, position)
        if found and (kind := _kind(found[0])):
            if not (heads and heads[-1][0] == kind == "name"):
                heads.append((kind, edges[found.start()], edges[found.end()]))
            position = found.end()
        elif lower[position] in " /.":
            position += 1
        else:
            return []
    return heads


def _edges(cell: list[Word]) -> list[float]:
    """About where each character of a cell starts, and where the last one ends."""
    edges: list[float] = []
    for word in cell:
        width = (word.x1 - word.x0) / max(1, len(word.text))
        if edges:
            edges.append(edges[-1] + width)
        edges += [word.x0 + index * width for index in range(len(word.text))]
    return [*edges, cell[-1].x1]


@lru_cache(maxsize=1024)
def _kind(text: str) -> str | None:
    if _SPLIT_HEAD.fullmatch(text):
        return "split"
    return _KIND_OF.get(text) or _KIND_OF.get(text.rstrip(".:"))


def learn(lines: Iterable[Line], known: Columns, relay: bool) -> Columns:
    """The columns of a block: those that `known` has from a head or a block before, completed from its rows."""
    names: Counter[int] = Counter()
    bare: Counter[int] = Counter()
    years: Counter[int] = Counter()
    ends: Counter[int] = Counter()
    clubs: Counter[int] = Counter()
    times: Counter[int] = Counter()
    rows = 0
    for line in lines:
        if len(line.words) < 3:
            continue
        place = PLACE.fullmatch(line.words[0].text)
        if not place:
            if read_state(line.words[0].text) and line.words[1].text[0].isalpha():
                names[round(line.words[1].x0)] += 1
            elif not names and not relay and any(_may_be_year(word, known) for word in line.words[1:]):
                bare[round(line.words[0].x0)] += 1
            continue
        rows += 1
        if rows > _LEARNED_FROM:
            break
        after = line.words[1:]
        if not place[2]:
            names[round(after[0].x0)] += 1
        year = next((word for word in after[1 - bool(place[2]) :] if _may_be_year(word, known)), None)
        if year and not relay:
            glued = YEAR_BEFORE.fullmatch(year.text)
            wide = (year.x1 - year.x0) * (len(glued[1]) / len(year.text) if glued else 1)
            years[round(year.x0)] += 1
            ends[round(year.x0 + wide)] += 1
            following = cells_of([word for word in after if word.x0 > year.x1 - 1], 0.5)
            if club := _club(following):
                clubs[round(club.x0)] += 1
        clock = _first_clock(after)
        if clock:
            times[round(clock.x1)] += 1
        if relay and clock:
            before = [word for word in after if word.x1 < clock.x0 and not REACTION.fullmatch(word.text)]
            cells = cells_of(before, 0.7)
            if len(cells) > 1:
                clubs[round(cells[1][0].x0)] += 1
    found = replace(known)
    found.name = _most(names, 1) or known.name or _most(bare, 1)
    found.time = known.time if known.headed and known.time is not None else _most(times, 1) or known.time
    start, end = _most(years, min(rows, years.total()) / 2), _most(ends, 1)
    if start is not None and end is not None:
        found.year = start, end
    left = _most(clubs, 1)
    if left is not None and (not known.headed or known.club is None or abs(left - known.club) < _NEARLY):
        found.club = left
    return found


def fits(lines: Iterable[Line], known: Columns) -> bool:
    """Whether the rows of a block that has no head have times where those of the table before had them."""
    if known.time is None:
        return True
    rows = [line for line in lines if PLACE.fullmatch(line.words[0].text) and _first_clock(line.words[1:])]
    clocks = (word for line in rows for word in line.words if abs(word.x1 - known.time) < NEAR)
    return not rows or any(CLOCK_AT_THE_END.search(word.text) for word in clocks)


def _may_be_year(word: Word, known: Columns) -> bool:
    """Whether a number can be a year: a club may hold one as well, so it has to stand below a head that is known."""
    text = word.text
    if not (text[0].isdigit() or text[0] == "("):
        return False
    if not (YEAR.fullmatch(text) or BIRTH_DATE.fullmatch(text)):
        glued = YEAR_BEFORE.fullmatch(text)
        if glued is None or not is_mark(glued[2]):
            return False
    return known.year is None or known.year[0] - _NEARLY < word.x0 < known.year[1] + _NEARLY


def _most(counted: Counter[int], least: float) -> float | None:
    best = counted.most_common(1)
    return float(best[0][0]) if best and best[0][1] >= least else None


def _club(cells: list[list[Word]]) -> Word | None:
    """The first word of the club among the cells behind a year: grades and nations stand in cells of their own."""
    found: Word | None = None
    for cell in cells:
        text = text_of(cell)
        if any(CLOCK.fullmatch(word.text) or REACTION.fullmatch(word.text) for word in cell):
            break
        if folded(text) in GRADES or is_class(text):
            continue
        if is_nation(text) and found is not None:
            continue
        if found is None or is_nation(found.text):
            found = cell[0]
    return found


def _first_clock(words: list[Word]) -> Word | None:
    clocks = [word for word in words if word.text[-1].isdigit() and CLOCK_AT_THE_END.search(word.text)]
    return next((word for word in clocks if not REACTION.fullmatch(word.text)), None)


_NATION = re.compile(r"[A-ZА-Я]{3}")
_CLASS = re.compile(r"(?:S[BM]?\d{1,2}\s?){1,3}")


def is_nation(text: str) -> bool:
    """Whether a cell can be the code of a nation."""
    return _NATION.fullmatch(text) is not None


def is_class(text: str) -> bool:
    """Whether a cell is a class of para swimming (`S6`, `S9 SB8 SM9`)."""
    return _CLASS.fullmatch(text) is not None


def is_mark(text: str) -> bool:
    """Whether a cell is none of a name: a grade, a class, a nation or a number."""
    return folded(text) in GRADES or is_class(text) or is_nation(text) or not any(map(str.isalpha, text))
