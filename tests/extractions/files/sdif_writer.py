"""Writes a meet as SDIF, columns as the specification has them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from app.extractions.swims import Swim
from tests.extractions.files.meets import Entry, Meet, Outcome, Person, clock
from tests.extractions.files.truth import ADULTS, hytek_title, swims_of

COURSES = {"SCY": "Y", "SCM": "S", "LCM": "L"}
TIMES = {"D0": {"seed": 89, "prelim": 98, "final": 116}, "E0": {"seed": 46, "prelim": 55, "final": 73}}
PLACES = {"D0": {"prelim": 133, "final": 136}, "E0": {"prelim": 90, "final": 93}}


def record(*fields: tuple[int, str]) -> str:
    """A record of texts at columns, from 1."""
    line = " " * 160
    for column, text in fields:
        line = line[: column - 1] + text + line[column - 1 + len(text) :]
    return line[:160]


def write(meet: Meet, *, kind: str = "02") -> tuple[bytes, list[Swim]]:
    """The file, and the swims that are in it: places of one round each, no reasons, no `Girls` and `Boys`."""
    lines = [
        record((1, "A01V3"), (12, kind), (14, "Meet Results"), (44, "Hy-Tek, Ltd")),
        record(
            (1, "B11"),
            (12, meet.name),
            (122, f"{meet.days[0]:%m%d%Y}"),
            (130, f"{meet.days[1]:%m%d%Y}"),
            (150, COURSES[meet.course]),
        ),
    ]
    for team in meet.teams:
        lines.append(record((1, "C11"), (12, f"BA{team.code}"), (18, team.name)))
        for entry in meet.entries:
            if entry.team == team:
                lines += _entry(meet, entry)
    counts = Counter(line[:2] for line in lines)
    numbers = (f"{counts['D0']:6}", f"{counts['E0']:5}", f"{counts['F0']:6}")
    lines.append(record((1, "Z01"), (12, kind), (58, numbers[0]), (70, numbers[1]), (75, numbers[2])))
    truth = [
        _as_sdif(entry, outcome, swim)
        for entry in meet.entries
        for outcome, swims in swims_of(meet, entry, hytek_title(meet, entry.event, ADULTS))
        for swim in swims
    ]
    return "\r\n".join([*lines, ""]).encode("cp1252"), truth


def _as_sdif(entry: Entry, outcome: Outcome, swim: Swim) -> Swim:
    """What the format has a field for: one exhibition mark for all rounds, and the time of a disqualified swim."""
    exhibition = entry.outcomes[-1].exhibition
    return replace(
        swim,
        name=swim.name[:28].strip(),
        splits=[] if swim.kind == "relay" else swim.splits,
        exhibition=exhibition,
        note=clock(outcome.time) if outcome.state == "DQ" and outcome.time else None,
    )


def _entry(meet: Meet, entry: Entry) -> list[str]:
    event, course = entry.event, COURSES[meet.course]
    relay = entry.person is None
    kind = "E0" if relay else "D0"
    low, high = event.ages
    ages = f"{low:02}" if low else "UN"
    ages += f"{high:02}" if high < 99 else "OV"
    fields: list[tuple[int, str]] = [(1, f"{kind}1")]
    if entry.person:
        fields += [(12, _name(entry.person)), (56, f"{entry.person.born:%m%d%Y}"), (64, f"{entry.person.age:2}")]
        fields += [(66, entry.person.sex), (67, event.sex), (68, f"{event.distance:4}"), (72, str(event.stroke + 1))]
        fields += [(73, f"{event.number:3}"), (77, ages)]
    else:
        stroke = "7" if event.stroke == 4 else "6"
        fields += [(12, entry.letter), (13, f"BA{entry.team.code}"), (21, event.sex), (22, f"{event.distance:4}")]
        fields += [(26, stroke), (27, f"{event.number:3}"), (31, ages)]
    if entry.seed:
        fields += [(TIMES[kind]["seed"], f"{clock(entry.seed):>8}{course}")]
    for outcome in entry.outcomes:
        at = TIMES[kind][outcome.round]
        if outcome.state == "DQ" and outcome.time:
            fields.append((at, f"{clock(outcome.time):>8}X"))
        else:
            fields.append((at, f"{outcome.state if outcome.state != 'OK' else clock(outcome.time):>8}{course}"))
        if outcome.place:
            fields.append((PLACES[kind][outcome.round], f"{outcome.place:3}"))
    if entry.points:
        fields.append((96 if relay else 139, f"{entry.points:<4g}"))
    if entry.outcomes and entry.outcomes[-1].exhibition:
        fields.append((155 if relay else 156, "X"))
    lines = [record(*fields)]
    if relay:
        lines += _legs(entry)
    else:
        for outcome in entry.outcomes:
            lines += _splits(_name(entry.person) if entry.person else "", outcome.round, outcome.splits, meet)
    return lines


def _legs(entry: Entry) -> list[str]:
    """An `F0` for each swimmer of each round, with the splits of their part behind it."""
    lines = []
    for outcome in entry.outcomes:
        share = len(outcome.splits) // 4
        for number, leg in enumerate(outcome.legs, 1):
            orders = f"{number if outcome.round == 'prelim' else 0}0{number if outcome.round == 'final' else 0}"
            lines.append(
                record(
                    (1, "F01"),
                    (22, entry.letter),
                    (23, _name(leg)),
                    (66, f"{leg.born:%m%d%Y}"),
                    (74, f"{leg.age:2}"),
                    (76, leg.sex),
                    (77, orders),
                )
            )
            own = outcome.splits[(number - 1) * share : number * share]
            if own:
                lines += _splits(_name(leg), outcome.round, own, None)
    return lines


def _splits(name: str, round_: str, splits: tuple[int, ...], meet: Meet | None) -> list[str]:
    lines = []
    for start in range(0, len(splits), 10):
        times = [(64 + 8 * index, f"{clock(one):>8}") for index, one in enumerate(splits[start : start + 10])]
        lines.append(
            record(
                (1, "G01"),
                (16, name),
                (57, f"{len(splits):2}"),
                (59, "  50"),
                (63, "C"),
                *times,
                (144, round_[0].upper()),
            )
        )
    return lines


def _name(person: Person) -> str:
    return f"{person.family}, {person.given}{' ' + person.middle if person.middle else ''}"[:28]
