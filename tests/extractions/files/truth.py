"""The swims that a reader has to find in a meet, for each kind of file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.extractions.swims import Swim
from tests.extractions.files.meets import Entry, Event, Meet, Outcome, Person, clock, points_text

UNITS = {"SCY": "Yard", "SCM": "SC Meter", "LCM": "LC Meter"}
STROKES = ("Freestyle", "Backstroke", "Breaststroke", "Butterfly", "Medley")
ADULTS = {"F": "Women", "M": "Men", "X": "Mixed"}
CHILDREN = {"F": "Girls", "M": "Boys", "X": "Mixed"}


def hytek_title(meet: Meet, event: Event, words: dict[str, str]) -> str:
    """A title as Meet Manager prints it."""
    low, high = event.ages
    ages = {(0, 109): "", (0, 8): "8 & Under ", (13, 13): "13 Year Olds ", (15, 109): "15 & Over "}
    stroke = "IM" if event.stroke == 4 and not event.relay else STROKES[event.stroke]
    group = ages.get(event.ages, f"{low}-{high} ")
    relay = " Relay" if event.relay else ""
    return f"{words[event.sex]} {group}{event.distance} {UNITS[meet.course]} {stroke}{relay}"


def lenex_title(meet: Meet, event: Event) -> str:
    """A title as European sheets print it."""
    unit = "yd" if meet.course == "SCY" else "m"
    length = f"4 x {event.distance // 4}{unit}" if event.relay else f"{event.distance}{unit}"
    return f"{ADULTS[event.sex]}, {length} {STROKES[event.stroke]}"


def swims_of(meet: Meet, entry: Entry, title: str) -> Iterator[tuple[Outcome, list[Swim]]]:
    """The swims of an entry with all that any file can say of them, by outcome."""
    prelim: str | None = None
    for outcome in entry.outcomes:
        ok = outcome.state == "OK"
        time = clock(outcome.time) if outcome.time else None
        person = entry.person
        swim = Swim(
            name=_name(person) if person else entry.team.name,
            kind="individual" if person else "relay",
            event_number=str(entry.event.number),
            event=title,
            round=outcome.round,
            place=outcome.place or None,
            time=time if ok else None,
            status=outcome.state,
            seed_or_prelim=prelim or (clock(entry.seed) if entry.seed else None),
            points=points_text(entry.points) if ok and outcome.round == "final" else None,
            exhibition=outcome.exhibition,
            team=entry.team.name,
            relay=entry.letter or None,
            page=1,
            note="; ".join(filter(None, (outcome.reason, time))) or None if outcome.state == "DQ" else None,
            splits=[clock(split) for split in outcome.splits],
        )
        if outcome.round == "prelim":
            prelim = swim.time
        if person:
            yield outcome, [_born(swim, person)]
        else:
            legs = [
                _born(replace(swim, name=_name(leg), kind="relay_leg", leg=number), leg)
                for number, leg in enumerate(outcome.legs, 1)
            ]
            yield outcome, legs or [swim]


def _born(swim: Swim, person: Person) -> Swim:
    return replace(swim, age=str(person.age), birth_date=person.born.isoformat())


def _name(person: Person) -> str:
    return f"{person.family}, {person.given}" + (f" {person.middle}" if person.middle else "")


def dates_of(meet: Meet) -> str:
    """The days of a meet as its sheet has them."""
    first, last = meet.days
    return f"{first}" if first == last else f"{first} to {last}"


def comparable(swims: list[Swim]) -> list[str]:
    """Swims without an order, so that a difference shows as a line."""
    return sorted(repr(swim) for swim in swims)
