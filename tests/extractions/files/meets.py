"""Meets made up by loaded dice, as data: what the writers of each kind of file write down."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

FAMILY = "Brink|Onda|van der Moor|O'Rell|Ågren|Núñez|Lind-Haff|Müller|Tesk|Ng|Østby|Vandermeulenaer".split("|")
GIVEN = "Tessa|Ada|Jon|Zoë|Emi|Karl-Heinz|Lea Sophie|Ole|Maximiliane|Bo".split("|")
TEAMS = (
    "Nordhafen Swim Team|Puerto Sur|SV Nord 1898|Bay Dolphins|Area 51 SC|Lakeside & Friends|1. FC Wasser e.V.".split(
        "|"
    )
)
REASONS = ("Alternating Kick", "Early take-off swimmer #2", "No touch at turn", "Shoulders past vertical toward breast")
AGES = ((0, 109), (0, 8), (9, 10), (11, 12), (13, 13), (15, 109))
STATES = ("DQ", "NS", "SCR", "DNF")


@dataclass(frozen=True)
class Team:
    """A team; `code` has up to five letters."""

    code: str
    name: str


@dataclass(frozen=True)
class Person:
    """A swimmer; `number` is unique in the meet."""

    number: int
    family: str
    given: str
    middle: str
    sex: str
    born: date
    age: int
    team: Team


@dataclass(frozen=True)
class Event:
    """An event; `stroke` is 0 to 4 (free, back, breast, fly, medley), `distance` that of the whole race."""

    number: int
    sex: str
    ages: tuple[int, int]
    distance: int
    stroke: int
    relay: bool
    prelims: bool


@dataclass(frozen=True)
class Outcome:
    """A result in one round; times in hundredths, 0 for none."""

    round: str
    time: int
    state: str
    place: int
    exhibition: bool
    splits: tuple[int, ...]
    reason: str
    legs: tuple[Person, ...]


@dataclass(frozen=True)
class Entry:
    """A swimmer or a team in an event."""

    event: Event
    team: Team
    person: Person | None
    letter: str
    seed: int
    points: float
    outcomes: tuple[Outcome, ...]


@dataclass
class Meet:
    """A whole meet."""

    dice: random.Random
    course: str = ""
    name: str = ""
    days: tuple[date, date] = (date.min, date.min)
    people: list[Person] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


def random_meet(seed: int, *, results: bool = True, prelims: bool = True) -> Meet:
    """The meet of this number; without `results` nothing was swum, without `prelims` all events are timed finals."""
    dice = random.Random(seed)
    meet = Meet(dice, course=dice.choice(("SCY", "SCM", "LCM")), name=f"{dice.randint(2, 40)}. Cup of the Bay")
    start = date(2024, 1, 1) + timedelta(days=dice.randrange(700))
    meet.days = (start, start + timedelta(days=dice.randrange(4)))
    meet.teams = [Team(f"T{number}", name) for number, name in enumerate(dice.sample(TEAMS, dice.randint(1, 5)))]
    for number in range(dice.randint(8, 30)):
        age = dice.randint(6, 70)
        born = date(start.year - age, dice.randint(1, 12), dice.randint(2, 28))
        middle = dice.choice(("", "", "M"))
        person = (f"{dice.choice(FAMILY)}", dice.choice(GIVEN), middle, dice.choice("FM"), born, age)
        meet.people.append(Person(number * 7 + 3, *person, dice.choice(meet.teams)))
    for number in range(1, dice.randint(3, 9)):
        meet.events.append(_event(dice, number, 0.3 if prelims else 0))
        _enter(meet, meet.events[-1], results)
    return meet


def _event(dice: random.Random, number: int, prelims: float) -> Event:
    relay = dice.random() < 0.3
    stroke = dice.choice((0, 4)) if relay else dice.randrange(5)
    distance = dice.choice((200, 400)) if relay else dice.choice((50, 100, 200, 400, 1500))
    ages = dice.choice(AGES)
    return Event(number, dice.choice("FMX"), ages, distance, stroke, relay, dice.random() < prelims)


def _enter(meet: Meet, event: Event, results: bool) -> None:
    dice = meet.dice
    if event.relay:
        starters: list[tuple[Team, Person | None, str]] = [
            (team, None, letter) for team in meet.teams for letter in "AB"[: dice.randint(0, 2)]
        ]
    else:
        people = dice.sample(meet.people, dice.randint(1, min(12, len(meet.people))))
        starters = [(person.team, person, "") for person in people]
    rounds = ("prelim", "final") if event.prelims else ("final",)
    ranks = dict.fromkeys(rounds, 0)
    for team, person, letter in dice.sample(starters, len(starters)):
        outcomes: list[Outcome] = []
        for round_ in rounds if results else ():
            if round_ == "final" and event.prelims and (dice.random() < 0.4 or outcomes[-1].state != "OK"):
                continue
            outcomes.append(_outcome(meet, event, round_, ranks[round_] + 1))
            ranks[round_] = outcomes[-1].place or ranks[round_]
        final = outcomes[-1] if outcomes and outcomes[-1].round == "final" else None
        scores = final is not None and final.state == "OK" and not final.exhibition
        points = dice.choice((0, 0, 7, 4.5, 20, 13.5)) if scores else 0
        seed = dice.choice((0, _time(dice)))
        meet.entries.append(Entry(event, team, person, letter, seed, points, tuple(outcomes)))


def _outcome(meet: Meet, event: Event, round_: str, place: int) -> Outcome:
    dice = meet.dice
    state = dice.choice(STATES) if dice.random() < 0.2 else "OK"
    exhibition = dice.random() < 0.15
    time = _time(dice) if state == "OK" or (state == "DQ" and dice.random() < 0.6) else 0
    splits: tuple[int, ...] = ()
    if time and state == "OK" and dice.random() < 0.5:
        count = min(40, max(1, event.distance // 50))
        splits = (*sorted(dice.sample(range(1000, time), count - 1)), time)
    legs: tuple[Person, ...] = ()
    if event.relay and len(meet.people) >= 4 and dice.random() < 0.85:
        legs = tuple(dice.sample(meet.people, 4))
    reason = dice.choice(REASONS) if state == "DQ" and dice.random() < 0.8 else ""
    return Outcome(round_, time, state, 0 if exhibition or state != "OK" else place, exhibition, splits, reason, legs)


def _time(dice: random.Random) -> int:
    return dice.choice((dice.randint(1800, 5999), dice.randint(6000, 59999), dice.randint(60000, 130000)))


def clock(hundredths: int) -> str:
    """A time as a swim has it."""
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 100:02}.{rest % 100:02}"
    if hours:
        return f"{hours}:{minutes:02}:{seconds}"
    return f"{minutes}:{seconds}" if minutes else f"{rest // 100}.{rest % 100:02}"


def points_text(points: float) -> str | None:
    """Points as a swim has them."""
    return f"{points:g}" if points else None
