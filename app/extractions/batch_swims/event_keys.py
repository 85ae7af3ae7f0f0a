"""The title of an event in a form that is the same on every sheet: `100 FR LCM`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.extractions.batch_swims.event_words import PARTS_OF_STROKES, RELAYS, SEXES, STROKES, plain

_YARDS: Final = r"y|yd|yds|yard|yards"
_LONG: Final = r"lc\s?(?:m|met(?:er|re)s?)|lcm|(?:cl|pl)\s?metros?"
_SHORT: Final = r"sc\s?(?:m|met(?:er|re)s?|metros?)|scm|(?:cp|cc|pc)\s?metros?"
_METRES: Final = r"m|mt|mts|met(?:er|re)s?|metros?|metri|metrow|metre|м|метров"
_DISTANCE: Final = re.compile(
    rf"(?<![\d.,:-])(?:(?P<legs>\d{{1,2}})\s?[x×х*]\s?)?(?P<distance>\d{{2,4}})\s?-?"
    rf"(?:(?P<yards>{_YARDS})|(?P<long>{_LONG})|(?P<short>{_SHORT})|(?P<metres>{_METRES}))(?![^\W\d_])"
)
_BARE: Final = re.compile(r"(?<![\d.,:-])(?:(\d{1,2})\s?[x×х*]\s?)?(\d{2,4})(?![\d.,:+-]|\s?[-+&])")
_AGES: Final = re.compile(r"\d{1,3}\s?(?:-|–|to|a|bis|до)\s?\d{1,3}(?!\d)|\d{1,2}\s?(?:&|\+|and|und|u\.)")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[/'][^\W\d_]+)?")
_DISTANCES: Final = frozenset({25, 33, 50, 66, 75, 100, 125, 150, 200, 250, 300, 400, 500, 800, 1000, 1500, 1650, 2000})
_COURSES: Final = frozenset({"SCY", "SCM", "LCM"})
_LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class EventKey:
    """What a title says. `distance` is that of one swimmer; a relay has `legs` of them. Each is None when not sure.

    `stroke` is FR, BK, BR, FL, IM, or MED for a medley relay; `sex` F, M or X; `course` SCY, SCM or LCM.
    """

    distance: int | None = None
    legs: int | None = None
    stroke: str | None = None
    course: str | None = None
    sex: str | None = None

    @property
    def key(self) -> str | None:
        """Such as `100 FR LCM` or `4x50 MED SCM`; None unless distance, stroke and course are sure."""
        if not (self.distance and self.stroke and self.course):
            return None
        length = f"{self.legs}x{self.distance}" if self.legs else str(self.distance)
        return f"{length} {self.stroke} {self.course}"


@lru_cache(maxsize=10_000)
def read_event(title: str, sheet_course: str | None, *, is_relay: bool = False) -> EventKey:
    """The event that a title names, on a sheet of this course. Takes time in proportion to the title's length."""
    text = plain(title[:_LONGEST])
    words = _WORD.findall(text)
    is_relay = is_relay or any(word in RELAYS for word in words)
    legs, distance, course = _length(text, sheet_course)
    if legs == 1:
        legs = None
    if legs is None and is_relay and distance is not None:
        legs, distance = (4, distance // 4) if distance % 100 == 0 else (None, None)
    strokes = {STROKES[word] for word in words if word in STROKES and (word != "dos" or _is_french_back(text))}
    is_whole = not any(word in PARTS_OF_STROKES for word in words)
    stroke = strokes.pop() if len(strokes) == 1 and is_whole else None
    if stroke == "IM" and (legs or is_relay):
        stroke = "MED"
    sexes = {SEXES[word] for word in words if word in SEXES}
    sex = "X" if "X" in sexes else sexes.pop() if len(sexes) == 1 else "X" if len(sexes) == 2 else None
    return EventKey(distance, legs, stroke, course, sex)


def _length(text: str, sheet_course: str | None) -> tuple[int | None, int | None, str | None]:
    """Legs, distance and course. What a title says of its course counts more than what the sheet says."""
    found = [match for match in _DISTANCE.finditer(text) if int(match["distance"]) in _DISTANCES]
    if len(found) == 1:
        match = found[0]
        course: str | None
        if match["yards"]:
            course = "SCY"
        elif match["long"] or match["short"]:
            course = "LCM" if match["long"] else "SCM"
        else:
            course = sheet_course if sheet_course in _COURSES - {"SCY"} else None
        return int(match["legs"]) if match["legs"] else None, int(match["distance"]), course
    if found:
        return None, None, None
    bare = [match for match in _BARE.finditer(_AGES.sub(" ", text)) if int(match[2]) in _DISTANCES]
    if len(bare) != 1:
        return None, None, None
    legs, distance = bare[0].groups()
    return int(legs) if legs else None, int(distance), sheet_course if sheet_course in _COURSES else None


def _is_french_back(text: str) -> bool:
    """`dos` is also Spanish for two, and Portuguese for of the."""
    return re.search(r"\d\s?m?\s?(?:metres)?\s?dos\b", text) is not None
