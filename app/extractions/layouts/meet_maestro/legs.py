"""The lines under a relay team: two swimmers each, with their ages in brackets."""

from __future__ import annotations

import re
from typing import Final

from app.extractions.layouts.meet_maestro.tables import with_blank
from app.extractions.layouts.relays import Leg
from app.extractions.pdf.page import Line

_START: Final = re.compile(r"([1-8])\)(.*)")
_NAME: Final = re.compile(r"(?P<name>.*?)\s*\((?P<age>\d{0,3})(?P<closed>\)?)")


def read_legs(line: Line) -> list[Leg] | None:
    """The swimmers of a line such as `1) Brink, Tessa (21)  2) Lind, Ada (Addie) (28)`; None if it is another kind.

    A dash is nobody. A name too long for its place is cut, even inside the age, and touches the number of the next
    swimmer: `3) Brinkmann, Lauren (304) Orb, Jo (30)`.
    """
    words = line.text.replace(" )", ")").split(" ")
    start = _START.fullmatch(words[0])
    if not start:
        return None
    number = int(start[1])
    cells: list[tuple[int, list[str]]] = [(number, [start[2]])]
    for index, text in enumerate(words[1:], 1):
        mark = f"{number + 1})"
        before, found, behind = text.rpartition(mark)
        if found and (not before or (not behind and _runs_into(words[index + 1 :], mark))):
            cells[-1][1].append(before)
            number += 1
            cells.append((number, [behind]))
        else:
            cells[-1][1].append(text)
    return [leg for number, cell in cells if (leg := _leg(number, " ".join(filter(None, cell))))]


def _runs_into(following: list[str], mark: str) -> bool:
    """Whether a number touches the word before it: somebody follows, and the number stands nowhere else."""
    return bool(following) and not any(word.startswith(mark) for word in following)


def _leg(number: int, text: str) -> Leg | None:
    found = _NAME.fullmatch(text)
    name, age = (found["name"], found["age"]) if found else (text, "")
    if found and not found["closed"] and len(age) < 2:
        age = ""  # cut: its second digit may be missing
    return Leg(number, with_blank(name), age or None) if any(sign.isalpha() for sign in name) else None
