"""The titles of events, built from what a file says of them in the words that Meet Manager prints."""

from __future__ import annotations

from typing import Final

COURSES: Final = {"Y": "SCY", "S": "SCM", "M": "SCM", "L": "LCM", "1": "SCM", "2": "SCY", "3": "LCM"}
"""Codes of courses in HY-TEK's and SDIF's files."""
UNITS: Final = {"SCY": "Yard", "SCM": "SC Meter", "LCM": "LC Meter"}
OLDEST: Final = 99
"""An upper limit of ages from here on is none."""


def age_group(low: int, high: int) -> str:
    """`9-10`, `8 & Under`, `15 & Over`, `13 Year Olds`; empty for all ages. Limits of 0 and from 99 on are none."""
    if low <= 0 and high >= OLDEST:
        return ""
    if low <= 0:
        return f"{high} & Under"
    if high >= OLDEST:
        return f"{low} & Over"
    return f"{low} Year Olds" if low == high else f"{low}-{high}"


def event_title(who: str, ages: str, distance: int, course: str | None, stroke: str, *, relay: bool) -> str:
    """`Girls 9-10 100 Yard Freestyle Relay`; without a course `Girls 9-10 100 Freestyle Relay`."""
    length = f"{distance} {UNITS[course]}" if course in UNITS else str(distance)
    return " ".join(filter(None, (who, ages, length, stroke, "Relay" if relay else "")))
