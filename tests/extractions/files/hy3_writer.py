"""Writes a meet as HY-TEK's `.hy3`, columns as `app.extractions.files.hy3.layout` has them."""

from __future__ import annotations

from dataclasses import replace

from app.extractions.files.hy3.layout import checksum
from app.extractions.swims import Swim
from tests.extractions.files.meets import Entry, Event, Meet, Outcome, Person
from tests.extractions.files.truth import ADULTS, CHILDREN, hytek_title, swims_of

COURSES = {"SCY": "Y", "SCM": "S", "LCM": "L"}
STATES = {"OK": "", "DQ": "Q", "NS": "R", "SCR": "S", "DNF": "D"}
ROUNDS = {"prelim": "P", "final": "F"}


def record(*fields: tuple[int, str]) -> str:
    """A record of texts at columns, from 1, with its checksum."""
    line = " " * 128
    for column, text in fields:
        line = line[: column - 1] + text + line[column - 1 + len(text) :]
    line = line[:128]
    return line + checksum(line.encode("cp1252"))


def write(meet: Meet) -> tuple[bytes, list[Swim]]:
    """The file, and the swims that are in it."""
    lines = [
        record((1, "A1"), (3, "07"), (5, "Results From MM to TM"), (30, "Hy-Tek, Ltd"), (45, "MM5 8.0Gg")),
        record((1, "B1"), (3, meet.name), (93, f"{meet.days[0]:%m%d%Y}"), (101, f"{meet.days[1]:%m%d%Y}")),
        record((1, "B2"), (94, "0101"), (99, COURSES[meet.course])),
    ]
    truth: list[Swim] = []
    for team in meet.teams:
        lines.append(record((1, "C1"), (3, team.code), (8, team.name)))
        for person in meet.people:
            if person.team == team:
                lines.append(_person(person))
                own = [entry for entry in meet.entries if entry.person == person]
                lines += [line for entry in own for line in _entry(meet, entry)]
        relays = [entry for entry in meet.entries if entry.team == team and not entry.person]
        lines += [line for entry in relays for line in _entry(meet, entry)]
    for entry in meet.entries:
        words = CHILDREN if entry.event.ages[1] < 19 else ADULTS
        for _, swims in swims_of(meet, entry, hytek_title(meet, entry.event, words)):
            truth += [replace(swim, exhibition=swim.exhibition) for swim in swims]
    return "\r\n".join([*lines, ""]).encode("cp1252"), truth


def _person(person: Person) -> str:
    return record(
        (1, "D1"),
        (3, person.sex),
        (4, f"{person.number:5}"),
        (9, person.family),
        (29, person.given),
        (69, person.middle),
        (89, f"{person.born:%m%d%Y}"),
        (97, f"{person.age:3}"),
    )


def _event(event: Event, meet: Meet) -> tuple[tuple[int, str], ...]:
    word = {"F": "G", "M": "B", "X": "X"} if event.ages[1] < 19 else {"F": "W", "M": "M", "X": "X"}
    return (
        (14, event.sex),
        (15, word[event.sex]),
        (16, f"{event.distance:6}"),
        (22, "ABCDE"[event.stroke]),
        (23, f"{event.ages[0]:3}"),
        (26, f"{event.ages[1]:3}"),
        (32, "S"),
        (33, "  0.00"),
        (39, f"{event.number:3} "),
        (51, COURSES[meet.course]),
    )


def _entry(meet: Meet, entry: Entry) -> list[str]:
    relay = entry.person is None
    seed, course = f"{entry.seed / 100:8.2f}", COURSES[meet.course]
    who: tuple[tuple[int, str], ...] = ((3, entry.team.code), (8, entry.letter))
    if entry.person:
        who = ((3, entry.person.sex), (4, f"{entry.person.number:5}"), (9, entry.person.family[:5]))
    values = ((43, seed), (52, seed), (60, course), (61, f"{entry.points:8.2f}"), (69, "    0.00"), (81, "NN"))
    lines = [record((1, "F1" if relay else "E1"), *who, *_event(entry.event, meet), *values)]
    for outcome in entry.outcomes:
        lines.append(_result("F2" if relay else "E2", outcome, course))
        if relay:
            lines += _legs(outcome)
        lines += _splits(outcome)
        if outcome.reason:
            lines.append(record((1, "H1"), (3, "1A"), (5, outcome.reason)))
    return lines


def _result(kind: str, outcome: Outcome, course: str) -> str:
    return record(
        (1, kind),
        (3, ROUNDS[outcome.round]),
        (4, f"{outcome.time / 100:8.2f}"),
        (12, course),
        (13, STATES[outcome.state]),
        (14, "1A" if outcome.state == "DQ" else ""),
        (16, "X" if outcome.exhibition else ""),
        (20, "0"),
        (30, f"{outcome.place:4}"),
    )


def _legs(outcome: Outcome) -> list[str]:
    """As Meet Manager writes them, with a reserve at the end."""
    blocks = [
        (3 + 13 * index, f"{leg.sex}{leg.number:5}{leg.family[:5]:5}{ROUNDS[outcome.round]}{index + 1}")
        for index, leg in enumerate(outcome.legs)
    ]
    if blocks:
        leg = outcome.legs[0]
        blocks.append((55, f"{leg.sex}{leg.number:5}{leg.family[:5]:5}{ROUNDS[outcome.round]}5"))
    return [record((1, "F3"), *blocks)]


def _splits(outcome: Outcome) -> list[str]:
    lines = []
    for start in range(0, len(outcome.splits), 11):
        blocks = [
            (3 + 11 * index, f"{ROUNDS[outcome.round]}{2 * (start + index + 1):2}{split / 100:8.2f}")
            for index, split in enumerate(outcome.splits[start : start + 11])
        ]
        lines.append(record((1, "G1"), *blocks))
    return lines
