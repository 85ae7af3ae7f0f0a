"""The lines under a relay team: two swimmers each, with their ages in brackets."""

from __future__ import annotations

import re
from typing import Final

from app.extractions.layouts.relays import Leg
from app.extractions.pdf.page import Line

_START: Final = re.compile(r"([1-8])\)(.*)")
_NAME: Final = re.compile(r"(?P<name>.*?)\s*\((?P<age>\d{0,3})(?P<closed>\)?)")


def read_legs(line: Line) -> list[Leg] | None:
    """The swimmers of a line such as `1) Brink, Tessa (21)  2) Lind, Ada (Addie) (28)`; None if it is another kind.

    A dash is nobody. A name too long for its place is cut, even inside the age, and touches the number of the next
    swimmer: `3) Brinkmann, Lauren (304) Orb, Jo (30)`.
    """
    words = [word.text for word in line.words]
    start = _START.fullmatch(words[0])
    if not start:
        return None
    number = int(start[1])
    cells: list[tuple[int, list[str]]] = [(number, [start[2]])]
    for index, text in enumerate(words[1:], 1):
        mark = f"{number + 1})"
        before, found, behind = text.rpartition(mark)
        follows = index + 1 < len(words) and not any(word.startswith(mark) for word in words[index + 1 :])
        if found and (not before or (not behind and follows)):
            cells[-1][1].append(before)
            number += 1
            cells.append((number, [behind]))
        else:
            cells[-1][1].append(text)
    return [leg for number, cell in cells if (leg := _leg(number, " ".join(filter(None, cell))))]


def _leg(number: int, text: str) -> Leg | None:
    found = _NAME.fullmatch(text)
    name, age = (found["name"], found["age"]) if found else (text, "")
    if found and not found["closed"] and len(age) < 2:
        age = ""  # cut: its second digit may be missing
    return Leg(number, name, age or None) if any(sign.isalpha() for sign in name) else None
