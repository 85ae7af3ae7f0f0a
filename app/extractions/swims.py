"""What a sheet says, as data: the swims and the sheet they stand on."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any, Final, Self

from app.extractions.pdf.page import Box, PageLines
from app.extractions.reading import Reading


@dataclass(slots=True, kw_only=True)  # never changed once made; `frozen` would take 3 µs more for each to be made
class Swim:
    """One swimmer in one round of one event, or on one leg of a relay.

    Names, teams and events are as printed. `kind` is `individual`, `relay_leg`, `diving`, or `relay` for a team that
    names none of its swimmers; `name` is then the team's. `round` is `prelim`, `semifinal`, `final`, `swim_off`,
    `time_trial`, or `skins_1` to `skins_3`, and `section` is the printed heading it was read from (`A - Final`), if
    there was one. `time` is `[h:][m:]ss.hh` without marks, or the points of a dive; a relay leg carries the time of the
    whole relay. `status` is `OK`, `DQ`, `NS`, `SCR`, `DFS`, `DNF`, or `NT` for a row without any result; `time` is None
    unless it is `OK`. `note` holds the reason printed for a disqualification, the time printed beside one, and a time
    by judge's decision as printed, or that the place is not printed but shared with the row above. `exhibition` means
    the swim does not count (printed x or X). `age` is an age, a school year or a year of birth, `birth_date` the
    whole date as printed. `points` are the meet's, `fina_points` those of World Aquatics' table where a sheet has both.
    `splits` are as printed, for a relay those of the whole relay.
    `page` counts from 1, and `box` is where the row stands on it: left, top, right, bottom in points, y upwards.
    """

    name: str
    kind: str
    event_number: str | None = None
    event: str
    round: str
    place: int | None = None
    time: str | None = None
    status: str = "OK"
    seed_or_prelim: str | None = None
    points: str | None = None
    exhibition: bool = False
    team: str | None = None
    relay: str | None = None
    leg: int | None = None
    page: int
    note: str | None = None
    standard: str | None = None
    age: str | None = None
    section: str | None = None
    birth_date: str | None = None
    fina_points: str | None = None
    box: Box | None = field(default=None, compare=False, repr=False)
    splits: list[str] = field(default_factory=list)

    def values(self) -> tuple[Any, ...]:
        """The fields in the order of `SWIM_FIELDS`, themselves and not copies of them."""
        return _values(self)

    def as_fields(self) -> dict[str, Any]:
        """The fields by name, themselves and not copies of them."""
        return dict(zip(SWIM_FIELDS, _values(self), strict=True))


SWIM_FIELDS: Final = tuple(entry.name for entry in fields(Swim))
_values = attrgetter(*SWIM_FIELDS)  # a seventh of the time that `asdict` takes, which copies all it finds


FACTS: Final = ("meet", "dates", "course", "layout", "pages", "reason", "reading")
"""What a sheet says of itself, in the order it is written in."""


@dataclass(slots=True)
class Sheet:
    """Everything read from one PDF.

    `dates` is as printed, `course` is `SCY`, `SCM` or `LCM`, `pages` the number of pages. `reason` is one sentence
    for the user and is set exactly when `swims` is empty. `reading` says how sure the reading is; it is None until
    somebody looked. `lines` are those the reader took, in its order; they are not part of the sheet as data.
    """

    meet: str | None
    dates: str | None
    course: str | None
    layout: str
    pages: int
    swims: list[Swim] = field(default_factory=list)
    reason: str | None = None
    reading: Reading | None = None
    lines: list[PageLines] = field(default_factory=list, repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """The sheet as plain JSON values."""
        sheet = {name: getattr(self, name) for name in FACTS}
        return {**sheet, "swims": [swim.as_fields() for swim in self.swims]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The sheet that `to_dict` was called on. Raises `TypeError` or `KeyError` for anything else."""
        return cls(**{**data, "swims": [Swim(**swim) for swim in data["swims"]]})


def without_repeats(swims: list[Swim], *, by_section: bool = False) -> list[Swim]:
    """Each swim once: the prelims of someone who missed the finals stand in the ranking and among the prelims.

    `by_section` keeps a swim that counts in two rankings, each with its place.
    """
    seen: dict[tuple[object, ...], Swim] = {}
    for swim in swims:
        who = (swim.name, swim.age, swim.team, swim.kind, swim.relay, swim.leg)
        what = (swim.event_number, swim.event, swim.round, swim.place, swim.time, swim.status)
        seen.setdefault((*who, *what, swim.section if by_section else None), swim)
    return list(seen.values())
