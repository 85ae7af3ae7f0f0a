"""The rows of a table of Omega's: swimmers and teams, the swimmers of a team, splits and reasons below."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from app.extractions.layouts.cells import is_clock, read_state
from app.extractions.layouts.omega.tables import Cell, TableHeader
from app.extractions.pdf.page import Box
from app.extractions.swims import Swim

_PLACE = re.compile(r"=?(\d{1,3})\.?=?")
_POINTS = re.compile(r"\d{1,4}(?:\.\d{1,2})?")
_MARKS = "♦* "
_SPLIT_LABEL = re.compile(r"\d{2,4}\s?m")
_POSITION = re.compile(r"\(\d{1,3}\)")
_LOCAL_STATES = {"WDR": "SCR", "DNC": "NS"}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NAME = re.compile(r"['’]?[^\W\d_][^\d]*")
_TEAM = re.compile(r"[^\W_].*[^\W\d_].*")
_FAMILY = re.compile(r"[^\W\d_a-z]{2}")
_OTHER_CAPITALS = re.compile(r"(?:SW|GR|WPS|DSQ|DNS|DNF)\b")
_REASON = re.compile(r"(?:SW|GR|WPS)\s?\d+|[Ff]alse start|[Dd]isqualif")
_SENTENCE = re.compile(r"[^\W\d_]*[a-z]+\W*\s+\S*[a-z]{2}")
# A row on a page whose table has no header: rank, perhaps heat, lane, name, club or nation, perhaps year, R.T., time.
_ROW = re.compile(
    r"=?(?P<place>\d{1,3})\s+(?:\d{1,2}\s+){1,2}(?P<name>[A-Z\u00c0-\u00de][^\d]*?)\s+(?P<team>[A-Z][A-Z\d-]{1,8})"
    r"(?:\s+(?P<nation>[A-Z]{3}))?(?:\s+\W?\s?(?P<year>(?:19|20)\d\d))?(?:\s+\+?0\.\d\d)?"
    r"\s+(?P<time>(?:\d{1,2}:)?\d{1,2}\.\d\d)(?P<after>(?:\s+\S+){0,3})"
)


@dataclass(slots=True)
class Leg:
    """A swimmer of a team as printed, and where."""

    name: str
    page: int
    box: Box


@dataclass(slots=True)
class Row:
    """A swimmer or a team, with what the lines below it say."""

    name: str
    team: str | None
    place: int | None
    time: str | None
    status: str = "OK"
    points: str | None = None
    age: str | None = None
    birth_date: str | None = None
    page: int = 0
    box: Box = (0.0, 0.0, 0.0, 0.0)
    splits: list[str] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def who(self) -> tuple[str, str | None]:
        """What tells it from other rows of the same round."""
        return self.name, self.team

    def swims(self, *, number: str | None, event: str, round_: str, section: str | None, relay: bool) -> Iterator[Swim]:
        """The row as swims: a team's as those of its swimmers, or as one of its own when it names none."""
        whole = Swim(
            name=self.name,
            kind="relay" if relay else "individual",
            event_number=number,
            event=event,
            round=round_,
            place=self.place,
            time=self.time,
            status=self.status,
            points=self.points,
            team=self.team,
            page=self.page,
            note=" ".join(self.reasons) or None,
            age=self.age,
            section=section,
            birth_date=self.birth_date,
            box=self.box,
            splits=self.splits,
        )
        if not self.legs:
            yield whole
        for leg_number, leg in enumerate(self.legs, 1):
            yield replace(
                whole,
                name=leg.name,
                kind="relay_leg",
                leg=leg_number,
                page=leg.page,
                box=leg.box,
                age=None,
                birth_date=None,
            )


def read_row(cells: list[Cell], header: TableHeader, *, relay: bool) -> Row | None:
    """The row that the cells of a line make in this table."""
    found: dict[str, str] = {}
    splits: list[str] = []
    place: int | None = None
    state: str | None = None
    for cell in cells:
        text, kind = cell.text.strip(_MARKS), header.kind(cell)
        if kind not in ("name", "club", "nation") and (state_here := read_state(text) or _LOCAL_STATES.get(text)):
            state = state_here
        elif kind == "rank" and (rank := _PLACE.fullmatch(text)):
            place = int(rank[1])
        elif kind in ("name", "year") or (kind in ("heat", "lane", "rank") and is_name(text)):
            kind = "year" if kind == "year" else "name"
            found[kind] = f"{found.get(kind, '')} {text}".strip()
        elif kind == "split" and (split := next(filter(is_clock, text.split()), None)):
            splits.append(split)  # the position at that point may stand beside it
        elif text and kind != "rank" and (kind not in ("points", "club_points") or _POINTS.fullmatch(text)):
            found.setdefault(kind, text)
    name = found.get("name", "")
    time = next((part for part in found.get("time", "").split() if is_clock(part)), None)
    if not (_TEAM.fullmatch(name) if relay else is_name(name)) or not (time or state):
        return None
    if place is None and not state and "lane" not in found:
        return None
    if not any(found.get(kind) for kind in ("lane", "heat", "club", "nation", "reaction", "year")):
        return None
    age, born = _read_birth(found.get("year"))
    return Row(
        name=name,
        team=name if relay else found.get("club") or found.get("nation"),
        place=None if state else place,
        time=None if state else time,
        status=state or "OK",
        points=found.get("points") or found.get("club_points"),
        age=age,
        birth_date=born,
        splits=splits,
    )


def row_by_form(text: str, *, relay: bool) -> Row | None:
    """A row on a page without a header that says what the columns are."""
    found = _ROW.fullmatch(text)
    if not found:
        return None
    team = found["name"] if relay else found["team"]
    return Row(found["name"], team, int(found["place"]), found["time"], age=found["year"])


def read_leg(cells: list[Cell], left: float) -> str | None:
    """The name of the swimmer of a team that a line starts with; `left` is the edge of the names."""
    name = cells[0].text
    if cells[0].x0 < left - 6 or not is_name(name) or not _FAMILY.search(name) or _OTHER_CAPITALS.match(name):
        return None
    return name


def read_cumulative(cells: list[Cell], header: TableHeader) -> str | None:
    """The time of a team when its swimmer touched: the last one in the line, in the column of times."""
    last = cells[-1].text.split()[-1]
    return last if len(cells) > 1 and is_clock(last) and header.kind(cells[-1]) == "time" else None


def read_splits(cells: list[Cell]) -> list[str] | None:
    """The cumulative times of a line of splits, none for the line of laps below them, None for another line."""
    times: list[str] = []
    labelled = False
    for cell in cells:
        for token in cell.text.split():
            bare = token.strip("()")
            if is_clock(bare):
                times.append(bare)
            elif _SPLIT_LABEL.fullmatch(token):
                labelled = True
            elif not _POSITION.fullmatch(token):
                return None
    if not times:
        return None
    return times if labelled else []


def is_reason(text: str, *, near: bool) -> bool:
    """Whether a line below a row without a time says why; `near` when it stands right below."""
    return _REASON.search(text) is not None or (near and _SENTENCE.match(text) is not None)


def is_name(text: str) -> bool:
    """Whether a cell can be a person's name."""
    return _NAME.fullmatch(text) is not None and sum(sign.isalpha() for sign in text) > 1


def is_row_by_form(text: str) -> bool:
    """Whether a line alone has the form of a row."""
    return _ROW.fullmatch(text) is not None


def _read_birth(text: str | None) -> tuple[str | None, str | None]:
    """The age or year of birth, and the whole date if there is one; the day of a date is no age."""
    if not text:
        return None, None
    year = _YEAR.search(text)
    return (year[0], text) if year and year[0] != text else (text, None)
