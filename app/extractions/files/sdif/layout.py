"""The columns of SDIF's records and the codes in them.

From *Standard Data Interchange Format, Version 3.0* (United States Swimming, 28 April 1998). Columns count from 1.
`A0` file: what it is 12-13, programme 44-63. `B1` meet: name 12-41, first day 122-129, last day 130-137, course 150.
`C1` team: code 12-17, name 18-47. `D0` and `E0` an athlete or a team in one event, with up to three results; `F0` a
swimmer of the team before: letter 22, name 23-50, date of birth 66-73, age 74-75, legs in prelim, swim-off and final
77-79. `G0` splits of the `D0` or `F0` before: cumulative or not 63, ten times from 64 on, round 144. `Z0` the end:
numbers of `D`, `E` and `F` records from 58, 70 and 75 on.

HY-TEK marks an exhibition swim with an X in column 156 of `D0` and 155 of `E0`, which the specification leaves free, as
the `.hy3` file of the same meet shows; diving, too, is its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SEXES: Final = {"F": "Women", "M": "Men", "X": "Mixed"}
STROKES: Final = {
    "1": ("Freestyle", False),
    "2": ("Backstroke", False),
    "3": ("Breaststroke", False),
    "4": ("Butterfly", False),
    "5": ("IM", False),
    "6": ("Freestyle", True),
    "7": ("Medley", True),
}
"""The stroke, and whether it is a relay's."""
DIVING: Final = "H"
"""HY-TEK's code; the distance is the height of the board, and the times are points."""
STATES: Final = {"NS": "NS", "DNS": "NS", "DNF": "DNF", "DQ": "DQ", "DSQ": "DQ", "DFS": "DFS", "SCR": "SCR"}
NO_TIMES: Final = ("", "NT", "NP")
DISQUALIFIED: Final = "X"
"""Instead of a course."""
NOT_A_MEET: Final = {"04", "05", "06", "07", "09", "16"}
"""What a file holds according to its first record: records, rankings, best times."""


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Where `D0` and `E0` hold the same things; each the first and the last column."""

    sex: tuple[int, int]
    distance: tuple[int, int]
    stroke: tuple[int, int]
    number: tuple[int, int]
    ages: tuple[int, int]
    seed: tuple[int, int]
    prelim: tuple[int, int]
    swim_off: tuple[int, int]
    final: tuple[int, int]
    prelim_place: tuple[int, int]
    final_place: tuple[int, int]
    points: tuple[int, int]
    exhibition: tuple[int, int]


INDIVIDUAL: Final = EventColumns(
    sex=(67, 67),
    distance=(68, 71),
    stroke=(72, 72),
    number=(73, 76),
    ages=(77, 80),
    seed=(89, 96),
    prelim=(98, 105),
    swim_off=(107, 114),
    final=(116, 123),
    prelim_place=(133, 135),
    final_place=(136, 138),
    points=(139, 142),
    exhibition=(156, 156),
)
TEAM: Final = EventColumns(
    sex=(21, 21),
    distance=(22, 25),
    stroke=(26, 26),
    number=(27, 30),
    ages=(31, 34),
    seed=(46, 53),
    prelim=(55, 62),
    swim_off=(64, 71),
    final=(73, 80),
    prelim_place=(90, 92),
    final_place=(93, 95),
    points=(96, 99),
    exhibition=(155, 155),
)


def cut(record: str, columns: tuple[int, int]) -> str:
    """The columns without blanks around them."""
    return record[columns[0] - 1 : columns[1]].strip()


def ages_of(code: str) -> tuple[int, int]:
    """Lower and upper limit of `0910`, `UN08`, `15OV`; 0 and 999 where there is none."""
    low, high = code[:2].strip(), code[2:4].strip()
    return int(low) if low.isdecimal() else 0, int(high) if high.isdecimal() else 999
