"""An athlete or a team in one event of an SDIF file, and the swims that stand for their results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from app.extractions.files.records import clock, dive_points, entered, hundredths, plain_points, plain_time
from app.extractions.files.sdif.layout import (
    DISQUALIFIED,
    DIVING,
    INDIVIDUAL,
    NO_TIMES,
    SEXES,
    STATES,
    STROKES,
    TEAM,
    EventColumns,
    ages_of,
    cut,
)
from app.extractions.files.titles import COURSES, age_group, event_title
from app.extractions.swims import Swim

ROUNDS: Final = ("prelim", "swim_off", "final")
_LETTERS: Final = {"P": "prelim", "S": "swim_off", "F": "final"}


@dataclass(slots=True)
class Splits:
    """A `G0` record: round, whether times count from the start, and the times."""

    round: str
    cumulative: bool
    times: list[str]


@dataclass(slots=True)
class Leg:
    """An `F0` record; `orders` are the codes of the legs in prelim, swim-off and final."""

    name: str
    age: str | None
    birth_date: date | None
    orders: str
    splits: list[Splits] = field(default_factory=list)


@dataclass(slots=True)
class Entry:
    """A `D0` or `E0` record with those behind it."""

    record: str
    team: str | None
    course: str | None
    hytek: bool
    birth_date: date | None = None
    splits: list[Splits] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)

    @property
    def is_relay(self) -> bool:
        """Whether a team swam."""
        return self.record.startswith("E0")

    @property
    def columns(self) -> EventColumns:
        """Where its values stand."""
        return TEAM if self.is_relay else INDIVIDUAL


def read_splits(record: str) -> Splits:
    """The splits of a `G0` record."""
    times = [shown for start in range(64, 137, 8) if (shown := plain_time(cut(record, (start, start + 7))))]
    return Splits(_LETTERS.get(cut(record, (144, 144)), "final"), cut(record, (63, 63)) != "I", times)


def read_entry(entry: Entry) -> list[Swim] | None:
    """The swims of an entry, none if it has no result; None when its event or a result is not to be understood."""
    record, at = entry.record, entry.columns
    stroke, relay = STROKES.get(cut(record, at.stroke), ("", False))
    who, distance = SEXES.get(cut(record, at.sex)), cut(record, at.distance)
    name = entry.team if entry.is_relay else cut(record, (12, 39))
    diving = entry.hytek and not entry.is_relay and cut(record, at.stroke) == DIVING
    if not name or not who or not distance.isdecimal() or not (stroke or diving) or relay != entry.is_relay:
        return None
    codes = [cut(record, (columns[1] + 1, columns[1] + 1)) for columns in (at.final, at.prelim, at.swim_off, at.seed)]
    course = next((COURSES[code] for code in codes if code in COURSES), entry.course)
    ages = age_group(*ages_of(cut(record, at.ages)))
    if diving:
        title = " ".join(filter(None, (who, ages, f"{int(distance)} mtr Diving")))
    else:
        title = event_title(who, ages, int(distance), course, stroke, relay=relay)
    swim = Swim(
        name=name,
        kind="relay" if entry.is_relay else "diving" if diving else "individual",
        event_number=cut(record, at.number) or None,
        event=title,
        round="final",
        team=entry.team,
        relay=cut(record, (12, 12)) or None if entry.is_relay else None,
        exhibition=entry.hytek and cut(record, at.exhibition) == "X",
        seed_or_prelim=_dive_seed(cut(record, at.seed)) if diving else entered(cut(record, at.seed)),
        age=None if entry.is_relay else age_or_class(cut(record, (64, 65))),
        birth_date=entry.birth_date.isoformat() if entry.birth_date else None,
        page=1,
    )
    swims: list[Swim] = []
    for round_, columns in zip(ROUNDS, (at.prelim, at.swim_off, at.final), strict=True):
        text, code = cut(record, columns), cut(record, (columns[1] + 1, columns[1] + 1))
        if text in NO_TIMES:
            continue
        result = _result(swim, entry, round_, text, code)
        if result is None:
            return None
        if round_ == "prelim" and result.time:
            swim = replace(swim, seed_or_prelim=result.time)
        swims += _with_legs(entry, result)
    return swims


def _result(swim: Swim, entry: Entry, round_: str, text: str, code: str) -> Swim | None:
    at, record = entry.columns, entry.record
    exhibition = text[:1] in "xX" and text[1:2].isdecimal()
    text = text[1:] if exhibition else text
    time = dive_points(text) if swim.kind == "diving" else plain_time(text)
    state = STATES.get(text) or ("DQ" if time and code == DISQUALIFIED else "OK" if time else None)
    if state is None:
        return None
    place_at = {"prelim": at.prelim_place, "final": at.final_place}.get(round_)
    place = cut(record, place_at) if place_at else ""
    swum = replace(
        swim,
        round=round_,
        time=time if state == "OK" else None,
        status=state,
        place=int(place) or None if place.isdecimal() and place.isascii() and state == "OK" else None,
        points=plain_points(cut(record, at.points)) if round_ == "final" and state == "OK" else None,
        exhibition=swim.exhibition or exhibition,
        note=time if state == "DQ" else None,
    )
    return replace(swum, splits=_splits_of(entry, swum, time))


def _splits_of(entry: Entry, swim: Swim, time: str | None) -> list[str]:
    """Cumulative splits. Those of a relay stand with its swimmers, from the start or from each take-over, and only
    count where they come out at the team's time."""
    if not entry.is_relay:
        return _cumulative([one for one in entry.splits if one.round == swim.round])
    laps: list[str] = []
    plain: list[str] = []
    start = 0
    for leg in sorted(entry.legs, key=lambda leg: leg.orders[ROUNDS.index(swim.round)]):
        own = _cumulative([one for one in leg.splits if one.round == swim.round])
        plain += own
        laps += [clock(start + hundredths(split)) for split in own]
        start += hundredths(own[-1]) if own else 0
    for splits in (plain, laps):
        ordered = [hundredths(split) for split in splits]
        if splits and splits[-1] == time and ordered == sorted(set(ordered)):
            return splits
    return []


def _cumulative(records: list[Splits]) -> list[str]:
    times: list[str] = []
    for one in records:
        for time in one.times:
            before = hundredths(times[-1]) if times and not one.cumulative else 0
            times.append(clock(before + hundredths(time)))
    return times


def _with_legs(entry: Entry, swim: Swim) -> list[Swim]:
    """The swims of a team's swimmers in this round; a team that names nobody stays one row."""
    index = ROUNDS.index(swim.round)
    return list(_legs(entry, swim, index)) or [swim]


def _legs(entry: Entry, swim: Swim, index: int) -> Iterator[Swim]:
    for leg in sorted(entry.legs, key=lambda leg: leg.orders[index]):
        if leg.orders[index] in "1234":
            born = leg.birth_date.isoformat() if leg.birth_date else None
            yield replace(
                swim, name=leg.name, kind="relay_leg", leg=int(leg.orders[index]), age=leg.age, birth_date=born
            )


def _dive_seed(text: str) -> str | None:
    """The points a diver was entered with, of which HY-TEK writes those above 60 as a time."""
    time = plain_time(text) if ":" in text else None
    return f"{hundredths(time) / 100:.2f}" if time else dive_points(text)


def age_or_class(text: str) -> str | None:
    """An age without a leading zero, or a school year in capitals."""
    if text[:1].isdecimal():
        return str(int(text)) if text.isdecimal() and int(text) else None
    return text.upper() or None
