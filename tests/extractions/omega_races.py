"""What a book of Omega's timing holds: races with their entries, and lists that are no results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

FAMILY = (
    "FOSTER|McDADE|MacLEAN|van der BERG|O'CONNOR|LI|SJÖSTRÖM|DE LA CRUZ|SMITH-JONES|le BORN|van TEAN|FAIS de NANU"
    "|N'DIAYE|AL-HADDAD|'t HART|O'LAST|ÁLVAREZ GÓMEZ"
).split("|")
GIVEN = "Carson|Mary Kate|Bo|Zoë|Jean-Luc|N'Kmeke|Uvo Mulatina|Hub D|MOD|Åsa|Kim Ly".split("|")
NATIONS = {"AUS": "Australia", "USA": "United States of America", "CIV": "Côte d'Ivoire", "GBR": "Great Britain",
           "CHN": "People's Republic of China", "BRA": "Brazil", "HUN": "Hungary", "SUI": "Switzerland"}  # fmt: skip
CLUBS = {"LIB": "Liberty Rapids", "TOR": "Toronto Otters", "NRS-2": "North Sea 2", "DCT": "Delta City Trident"}
MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
# name of the meet, its days, what the pool is
MEETS = (
    ("23rd World Championships", "18 June - 3 July 2026", "LCM"),
    ("World Swimming Championships (25m)", "13 - 18 December 2026", "SCM"),
    ("International Swimming League", "14-15 November 2026", "SCM"),
    ("Coast Cup - Stop 2", "30 OCT - 1 NOV 2026", None),
    ("Harbour Trophy", "June 13 - 20, 2026", None),
    ("World Junior Championships", "29 December 2026 - 2 January 2027", "LCM"),
    ("Lakeside Trials", "6 May 2026", None),
)
FRENCH = {"Freestyle": "nage libre", "Butterfly": "papillon", "Backstroke": "dos", "Medley": "4 nages"}
REASONS = (
    "SW 7.6 More than one dolphin kick",
    "GR 9.3 Obstruction of another swimmer",
    "False start",
    "Did not touch the wall with both hands",
    "Early take-off swimmer 3 (SW 10.11)",
)
LISTS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "Overall Rankings by Points": (("Rank", "Name", "NAT Code", "Event", "Phase", "Time", "Points"),
                                   (64, 82, 232, 278, 410, 489, 539)),
    "Medallists by Event": (("Rank", "Name", "NAT Code", "Event", "Time"), (64, 82, 232, 278, 489)),
    "Club Standings": (("Rank", "Name", "Club Code", "Points", "Time"), (64, 82, 232, 400, 489)),
    "Coast Trophy": (("Rank", "Name", "NAT Code", "Event", "Time", "Points"), (64, 82, 232, 278, 489, 539)),
    "Records Broken": (("Rank", "Name", "NAT Code", "Event", "Time"), (64, 82, 232, 278, 489)),
    "Start List": (("Lane", "Name", "NAT Code", "Entry Time"), (64, 82, 232, 400)),
    "Entry List by Event": (("Rank", "Name", "NAT Code", "Entry Time"), (64, 82, 232, 400)),
}  # fmt: skip
LEGEND = (
    (("?", "Involved in swim-off"), ("CR", "Championship Record"), ("DNS", "Did Not Start"), ("DSQ", "Disqualified")),
    (("Q", "Qualified for next phase"), ("R", "Reserve"), ("R.T.", "Reaction Time"), ("WJ", "World Junior Record")),
)
RIGHT = frozenset({"rank", "heat", "lane", "born", "rt", "time", "behind", "points", "50m", "100m", "150m"})


@dataclass(frozen=True)
class Printed:
    """One swim as it is printed, in the fields that a swim has."""

    number: str
    event: str
    round: str
    section: str | None
    place: int | None
    name: str
    team: str
    time: str | None
    status: str
    kind: str = "individual"
    leg: int | None = None
    points: str | None = None
    age: str | None = None
    birth_date: str | None = None
    note: str | None = None
    splits: tuple[str, ...] = ()
    page: int = 0


@dataclass
class Race:
    """An event in one round: what stands above its table, and how that table is printed."""

    number: str
    unit: str
    event: str
    stage: str | None
    round: str
    phase: str  # of the code: the phase and the unit
    subtitle: str
    relay: bool = False
    report: str = "73A1"


@dataclass
class Entry:
    """A swimmer or team of a race."""

    name: str
    code: str
    status: str = "OK"
    time: str | None = None
    place: int | None = None
    tied: bool = False
    heat: int = 1
    age: str | None = None
    birth_date: str | None = None
    note: str | None = None
    points: str | None = None
    splits: list[str] = field(default_factory=list)
    legs: list[tuple[str, ...]] = field(default_factory=list)


def printed(race: Race, entry: Entry, page: int) -> Iterator[Printed]:
    whole = Printed(
        race.number,
        race.event,
        race.round,
        race.stage,
        entry.place,
        entry.name,
        entry.name if race.relay else entry.code,
        entry.time,
        entry.status,
        kind="relay" if race.relay else "individual",
        points=None if race.relay else entry.points,
        age=entry.age,
        birth_date=entry.birth_date,
        note=entry.note,
        splits=tuple(entry.splits),
        page=page,
    )
    if not entry.legs:
        yield whole
    for number, leg in enumerate(entry.legs, 1):
        yield Printed(**{**whole.__dict__, "name": leg[0], "kind": "relay_leg", "leg": number})


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 2), 60)
    return f"{minutes:.0f}:{rest:05.2f}" if minutes else f"{rest:.2f}"
