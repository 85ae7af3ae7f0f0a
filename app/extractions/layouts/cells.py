"""The cells of a result row that are not names: times, marks, states, points."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from app.extractions.pdf.touching import SCHOOL_YEARS

# x or X before a time: exhibition; J: the judges decided; the other signs point at a record or a standard.
_TIME = re.compile(
    r"(?P<before>[xXJj*#@!&+$%^~=]{0,3})(?P<time>(?:\d{1,2}:){0,2}\d{1,3}[.,]\d\d)(?P<after>[A-Za-z@#*!&+$%^~=]{0,4})"
)
_STATES = {"NS": "NS", "DNS": "NS", "SCR": "SCR", "DQ": "DQ", "DSQ": "DQ", "DFS": "DFS", "DNF": "DNF"}
_STATE = re.compile(rf"[xX]?({'|'.join(_STATES)})")
_MARK = re.compile(r"[A-Za-z@#*!&+$%^~=]{1,6}\d?")
_POINTS = re.compile(r"q?(\d{1,4}(?:[.,]\d{0,2})?|[.,](?:\d{1,2})?)")
_RESULT_LIKE = re.compile("|".join((_MARK.pattern, _POINTS.pattern, re.sub(r"\?P<\w+>", "?:", _TIME.pattern))))
_PLACE = re.compile(r"[*=T]?(\d{1,4})\*?")
_UNPLACED = re.compile(r"-{1,4}|–+|—+")
_AGE = re.compile(rf"\d{{1,3}}|{SCHOOL_YEARS}|\d{{1,2}}(?:st|nd|rd|th)")
_INNER_AGE = re.compile(rf"(?=({SCHOOL_YEARS}|(?<!\d)\d{{1,2}}(?!\d)))")
_LEG_AGE = re.compile(rf"(?P<name>.*\S)\s(?:[WMFGBX]?(?P<years>\d{{1,2}})|(?P<school>{SCHOOL_YEARS}))")
_ENDS_OF_AGES = frozenset(year[-1] for year in SCHOOL_YEARS.split("|"))
_CLOCK = r"(?:\d{1,2}:){0,2}\d{1,3}[.,]\d\d"
_PLAIN = re.compile(_CLOCK)
_SPLIT = re.compile(rf"(?P<time>{_CLOCK})|\((?:{_CLOCK})?\)?|\)|r:\S*|NRT|DQ|[+-]\d?[.,]\d\d")


class Time(NamedTuple):
    """A printed time, or the points of a dive. `value` has a point and no marks; `after` are marks glued to its end."""

    value: str
    exhibition: bool
    judged: bool
    after: str


@lru_cache(maxsize=4096)
def read_time(text: str) -> Time | None:
    """The time a cell holds, or None."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    before = found["before"]
    return Time(found["time"].replace(",", "."), "x" in before.lower(), "j" in before.lower(), found["after"])


class Cell(NamedTuple):
    """What a cell at the end of a row may be; `is_result` says whether it is any of a time, a state, and no time."""

    time: Time | None
    state: str | None
    is_no_time: bool
    is_result: bool
    is_result_like: bool


@lru_cache(maxsize=4096)  # a row asks for each of its cells several times
def read_cell(text: str) -> Cell:
    """The cell, once for all that is asked about it."""
    time, state, no_time = read_time(text), read_state(text), is_no_time(text)
    found = time is not None or state is not None or no_time
    return Cell(time, state, no_time, found, time is not None or is_result_like(text))


def is_clock(text: str) -> bool:
    """Whether the cell is a time without any mark."""
    return bool(_PLAIN.fullmatch(text))


def plain_time(german: str) -> str:
    """A German time as Meet Manager writes it: `01:16,76` is `1:16.76`, `00:35,09` is `35.09`."""
    plain = german.replace(",", ".").lstrip("0:")
    return f"0{plain}" if plain.startswith(".") else plain


@lru_cache(maxsize=4096)
def read_state(text: str) -> str | None:
    """`NS`, `SCR`, `DQ`, `DFS` or `DNF` if the cell says why there is no time, else None; `XDQ` is an exhibition's."""
    found = _STATE.fullmatch(text)
    return _STATES[found[1]] if found else None


def is_no_time(text: str) -> bool:
    """Whether the cell says that there was no time or score to enter with."""
    return text in ("NT", "NP")


def is_result_like(text: str) -> bool:
    """Whether a cell can stand among the times, marks and points at the end of a row."""
    return bool(_RESULT_LIKE.fullmatch(text))


@lru_cache(maxsize=4096)
def read_points(text: str) -> str | None:
    """The points a cell holds, or the piece of them (`13 . 50`), or None; the q of a qualifier is left out."""
    found = _POINTS.fullmatch(text)
    return found[1].replace(",", ".") if found else None


@lru_cache(maxsize=1024)
def is_age(text: str) -> bool:
    """Whether a cell can be an age or a school year."""
    return bool(_AGE.fullmatch(text))


def inner_ages(text: str) -> list[tuple[int, int]]:
    """Where ages and school years stand in a word, as start and end; they may overlap (`GS`, `SO` in `GSOSCAR-SC`)."""
    return [found.span(1) for found in _INNER_AGE.finditer(text)]


def split_leg_age(text: str) -> tuple[str, str | None]:
    """The name of a relay swimmer and the age or school year after it; the sex before an age (`W20`) is left out."""
    if text[-1:] not in _ENDS_OF_AGES and not text[-1:].isdecimal():
        return text, None
    found = _LEG_AGE.fullmatch(text)
    return (found["name"], found["years"] or found["school"]) if found else (text, None)


@lru_cache(maxsize=1024)
def read_place(text: str) -> tuple[bool, int | None]:
    """Whether the cell is a place, and which; a tie is printed `*13`, no place as dashes."""
    found = _PLACE.fullmatch(text)
    if found:
        return True, int(found[1])
    return bool(_UNPLACED.fullmatch(text)), None


def read_splits(cells: Iterable[str]) -> list[str] | None:
    """The splits of a line that holds nothing else, or None. Laps in brackets and reaction times are left out."""
    times: list[str] = []
    for cell in cells:
        if cell.isdecimal():  # as the place that a row starts with
            return None
        found = _SPLIT.fullmatch(cell)
        if not found:
            return None
        if found["time"]:
            times.append(found["time"].replace(",", "."))
    return times
