"""The lines below a row: splits, the swimmers of a relay, and reasons."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.extractions.layouts.cells import plain_time
from app.extractions.layouts.relays import Leg
from app.extractions.layouts.splash.columns import CLOCK, REACTION, YEAR, is_nation
from app.extractions.layouts.splash.titles import text_of
from app.extractions.layouts.splash.vocabulary import GRADES, REASONS, folded
from app.extractions.pdf.page import Line, Word

_LABEL = re.compile(r"(\d{2,4})\s?[mм]:?")
_LABELLED = re.compile(r"(\d{2,4})[mм]:((?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d)")
_REACTION_LABEL = re.compile(r"(?:R\.?T\.?|R\.?Z\.?|T\.?R\.?):?", re.IGNORECASE)
_REASON = re.compile(REASONS, re.IGNORECASE)
_NUMBERED = re.compile(r"\d{1,2}[.)]")
_YEAR_AT_THE_END = re.compile(r"(?<=[^\W\d_])(?:(?:19|20)\d\d|\d\d)$")
_GAP = 1.2  # of the height of a line: more parts two swimmers without years and times
_MOST_WORDS = 6  # of a name


@dataclass(slots=True)
class Legs:
    """The swimmers of a line, and the times that stand beside them, without reaction times."""

    legs: list[Leg] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


def is_reason(text: str) -> bool:
    """Whether a line below a team says why it was disqualified."""
    return _REASON.search(text) is not None


def read_splits(line: Line) -> list[tuple[int, str]]:
    """The splits of a line such as `50m: 28.02 28.02 150m: 1:31.10 32.00`, as distance and time; else empty.

    Of the times behind a distance the first is the split, the second the lap.
    """
    first = line.words[0].text
    if not (first[0].isdigit() or _REACTION_LABEL.fullmatch(first)):
        return []
    splits: list[tuple[int, str]] = []
    distance, reaction = 0, False
    for word in line.words:
        if label := _LABEL.fullmatch(word.text):
            distance = int(label[1])
        elif glued := _LABELLED.fullmatch(word.text):
            splits.append((int(glued[1]), plain_time(glued[2])))
            distance = 0
        elif CLOCK.fullmatch(time := word.text.strip("()")):
            if distance:
                splits.append((distance, plain_time(time)))
                distance = 0
            elif not splits and not reaction:
                return []
        elif _REACTION_LABEL.fullmatch(word.text):
            reaction = True
        elif word.text not in ("-", "–", "(", ")") and not (reaction and REACTION.fullmatch(word.text)):
            return []
    return splits


def read_legs(line: Line, before: int) -> Legs | None:
    """The swimmers of a line below a team, one or more side by side; `before` swimmers stand on the lines above."""
    found = Legs()
    name: list[Word] = []
    age: str | None = None
    ended = False
    for index, word in enumerate(line.words):
        text = word.text
        if _is_number(text) or (name and YEAR.fullmatch(text)):
            if YEAR.fullmatch(text) and age is None and not ended:
                age = text.strip("()")
            elif CLOCK.fullmatch(text) and not REACTION.fullmatch(text):
                found.times.append(plain_time(text))
            ended = bool(name)
            continue
        if (ended or not name) and (_NUMBERED.fullmatch(text) or (_is_mark(text) and _ends_cell(line.words, index))):
            continue
        if name and (ended or word.x0 - name[-1].x1 > _GAP * word.height):
            found.legs.append(_leg(name, age, before + len(found.legs)))
            name, age, ended = [], None, False
        name.append(word)
    if name:
        found.legs.append(_leg(name, age, before + len(found.legs)))
    return found if found.legs and all(_is_name(leg.name) for leg in found.legs) else None


def _is_number(text: str) -> bool:
    return CLOCK.fullmatch(text) is not None or REACTION.fullmatch(text) is not None or text in ("-", "–")


def _is_mark(text: str) -> bool:
    return is_nation(text) or folded(text) in GRADES


def _ends_cell(words: list[Word], index: int) -> bool:
    return index + 1 == len(words) or words[index + 1].x0 - words[index].x1 > 0.5 * words[index].height


def _leg(name: list[Word], age: str | None, before: int) -> Leg:
    text = text_of(name)
    glued = _YEAR_AT_THE_END.search(text) if age is None else None
    return Leg(before + 1, text[: glued.start()], glued[0]) if glued else Leg(before + 1, text, age)


def _is_name(text: str) -> bool:
    if any(map(str.isdigit, text)) or not text[0].isalpha():
        return False
    words = text.split()
    return len(words) <= _MOST_WORDS and sum(not word.islower() for word in words) > 1
