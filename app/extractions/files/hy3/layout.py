"""The columns of HY-TEK's records, and how their checksum is made.

HY-TEK has not published the format. The columns are those that public readers of it agree on (first of all SwimComm's
*hytek-parser*), checked against exports of Meet Manager 2.0 to 8.0 and against the SDIF file of the same meet, which
tells points, exhibition swims and relay legs. A record has 128 columns and two of checksum. Columns count from 1.

`A1` file: what it is 5-29, programme 30-54. `B1` meet: name 3-47, first day 93-100, last day 101-108. `B2`: course 99.
`C1` team: code 3-7, name 8-37. `D1` swimmer of the team before: sex 3, number 4-8, last name 9-28, first name 29-48,
middle initial 69, date of birth 89-96, age 97-99, school year 100-101.
`E1` entry: swimmer's number 4-8, then as in `F1` sex of the event 14, word for it 15, distance 16-21, stroke 22, ages
23-25 and 26-28, event 39-42, seed 43-50 in the event's course 51, seed as entered 52-59 in course 60, points 61-68;
exhibition 84. `F1` relay: team's code 3-7, letter 8.
`E2`, `F2` result of the entry before: round 3 (P, S, F), time in seconds 4-11, course 12, state 13, code of the
disqualification 14-15, exhibition 16, place 30-33. `F3` relay swimmers in blocks of 13: number, round, leg.
`G1` cumulative splits in blocks of 11: round, number of the length, time. `H1` reason of a disqualification 5-128, `H2`
more of it.
"""

from __future__ import annotations

from typing import Final

from app.extractions.files.records import clock

LENGTH: Final = 128
"""Columns before the checksum."""
SEXES: Final = {"M": "Men", "B": "Boys", "W": "Women", "F": "Women", "G": "Girls", "X": "Mixed"}
_STYLES: Final = ("Freestyle", "Backstroke", "Breaststroke", "Butterfly", "Medley")
STROKES: Final = dict(zip("ABCDE", _STYLES, strict=True)) | dict(zip("12345", _STYLES, strict=True))
BOARDS: Final = {"F": "1 mtr Diving", "G": "3 mtr Diving", "H": "Platform Diving"}
ROUNDS: Final = {"P": "prelim", "S": "swim_off", "F": "final"}
STATES: Final = {"": "OK", "Q": "DQ", "F": "DFS", "D": "DNF", "R": "NS", "S": "SCR"}
DECLARED_FALSE_START: Final = "7B"
MOST_LEGS: Final = 4


def cut(record: str, first: int, last: int) -> str:
    """The columns from first to last without blanks around them."""
    return record[first - 1 : last].strip()


def checksum(record: bytes) -> str:
    """The two digits behind a record: every second character counts twice."""
    total = sum(record[::2]) + 2 * sum(record[1::2])
    digits = f"{total // 21 + 205}"
    return digits[-1] + digits[-2]


def seconds(text: str) -> str | None:
    """A time in seconds, `1059.09`, as `17:39.09`; None for zero, and for what is none."""
    whole, dot, fraction = text.partition(".")
    if not dot or not (whole or "0").isdecimal() or not fraction.isdecimal() or len(whole) > 5 or len(fraction) > 2:
        return None
    return clock(int(whole or 0) * 100 + int(f"{fraction:0<2}")) or None


def whole(text: str) -> int:
    """A whole number; 0 for anything else."""
    return int(text) if text.isdecimal() and text.isascii() else 0
