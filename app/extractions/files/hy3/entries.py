"""An entry of a `.hy3` file with its results, and the swims they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from app.extractions.files.hy3.layout import (
    BOARDS,
    DECLARED_FALSE_START,
    MOST_LEGS,
    ROUNDS,
    SEXES,
    STATES,
    STROKES,
    cut,
    seconds,
    whole,
)
from app.extractions.files.records import dive_points, plain_points
from app.extractions.files.titles import COURSES, age_group, event_title
from app.extractions.swims import Swim


@dataclass(frozen=True, slots=True)
class Swimmer:
    """A `D1` record."""

    name: str
    age: str | None
    birth_date: date | None
    team: str | None


@dataclass(slots=True)
class Outcome:
    """A result (`E2`, `F2`) with what the records behind it say of it."""

    record: str
    splits: list[tuple[int, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    @property
    def round(self) -> str:
        """P, S or F."""
        return cut(self.record, 3, 3)


@dataclass(slots=True)
class Entry:
    """An entry (`E1`, `F1`) of a swimmer or a team. `legs` are round, leg and swimmer's number."""

    record: str
    team: str | None
    outcomes: list[Outcome] = field(default_factory=list)
    legs: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def is_relay(self) -> bool:
        """Whether a team was entered."""
        return self.record.startswith("F")


def read_entry(entry: Entry, swimmers: Mapping[str, Swimmer]) -> Iterator[tuple[Outcome, list[Swim] | None]]:
    """Each result of an entry and its swims; None for one that cannot be read, none at all for one without a result."""
    common = _common(entry, swimmers)
    prelim = None
    for outcome in entry.outcomes:
        swim = _swim(entry, outcome, common) if common else None
        if swim is None:
            yield outcome, None
            continue
        if swim.status == "OK" and swim.time is None:
            yield outcome, []
            continue
        if swim.round == "prelim":
            prelim = swim.time
        elif prelim:
            swim = replace(swim, seed_or_prelim=prelim)
        yield outcome, _with_legs(entry, outcome, swim, swimmers)


def _common(entry: Entry, swimmers: Mapping[str, Swimmer]) -> Swim | None:
    """What all results of an entry share; None when it has no swimmer, team or event that can be named."""
    record = entry.record
    swimmer = None if entry.is_relay else swimmers.get(cut(record, 4, 8))
    name = entry.team if entry.is_relay else swimmer.name if swimmer else None
    title = _title(entry)
    if not name or not title:
        return None
    read = dive_points if cut(record, 22, 22) in BOARDS else seconds
    entered, seeded = read(cut(record, 52, 59)), read(cut(record, 43, 50))
    swim = Swim(
        name=name,
        kind="relay" if entry.is_relay else "diving" if cut(record, 22, 22) in BOARDS else "individual",
        event_number=cut(record, 39, 42) or None,
        event=title,
        round="final",
        seed_or_prelim=seeded or entered,
        team=entry.team if entry.is_relay or not swimmer else swimmer.team,
        relay=cut(record, 8, 8) or None if entry.is_relay else None,
        exhibition=not entry.is_relay and cut(record, 84, 84) == "X",
        page=1,
    )
    return _of_swimmer(swim, swimmer) if swimmer else swim


def _title(entry: Entry) -> str | None:
    record = entry.record
    who = SEXES.get(cut(record, 15, 15)) or SEXES.get(cut(record, 14, 14))
    ages = age_group(whole(cut(record, 23, 25)), whole(cut(record, 26, 28)) or 999)
    stroke, distance = cut(record, 22, 22), whole(cut(record, 16, 21))
    if who and stroke in BOARDS:
        return " ".join(filter(None, (who, ages, BOARDS[stroke])))
    if not who or stroke not in STROKES or not distance:
        return None
    word = "IM" if STROKES[stroke] == "Medley" and not entry.is_relay else STROKES[stroke]
    return event_title(who, ages, distance, COURSES.get(cut(record, 51, 51)), word, relay=entry.is_relay)


def _swim(entry: Entry, outcome: Outcome, common: Swim) -> Swim | None:
    record = outcome.record
    round_, state = ROUNDS.get(outcome.round), STATES.get(cut(record, 13, 13))
    time = dive_points(cut(record, 4, 11)) if common.kind == "diving" else seconds(cut(record, 4, 11))
    if round_ is None or state is None:
        return None
    if state == "DQ" and cut(record, 14, 15) == DECLARED_FALSE_START:
        state = "DFS"
    scored = round_ == "final" or len(entry.outcomes) == 1
    place = whole(cut(record, 30, 33)) or None
    disqualified = state in ("DQ", "DFS")
    return replace(
        common,
        round=round_,
        status=state,
        time=time if state == "OK" else None,
        place=place if state == "OK" else None,
        points=plain_points(cut(entry.record, 61, 68)) if scored and state == "OK" else None,
        exhibition=common.exhibition or cut(record, 16, 16) == "X",
        note="; ".join((*outcome.reasons, *filter(None, (time,)))) or None if disqualified else None,
        splits=[shown for _, shown in sorted(outcome.splits)],
    )


def _with_legs(entry: Entry, outcome: Outcome, swim: Swim, swimmers: Mapping[str, Swimmer]) -> list[Swim]:
    """The swims of a team's swimmers in this round, without reserves. A team that names nobody is one row."""
    swims = []
    for round_, leg, number in sorted(entry.legs):
        swimmer = swimmers.get(number)
        if round_ == outcome.round and 1 <= leg <= MOST_LEGS and swimmer:
            swims.append(_of_swimmer(replace(swim, name=swimmer.name, kind="relay_leg", leg=leg), swimmer))
    return swims or [swim]


def _of_swimmer(swim: Swim, swimmer: Swimmer) -> Swim:
    born = swimmer.birth_date.isoformat() if swimmer.birth_date else None
    return replace(swim, age=swimmer.age, birth_date=born)
