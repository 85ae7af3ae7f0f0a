"""The lines under a relay team that name its swimmers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.extractions.layouts.cells import split_leg_age
from app.extractions.pdf.page import Line
from app.extractions.swims import Swim

_REACTION = re.compile(r"^r:\S*\s*")
# A name too long for its cell touches the next one: `JRO'Brien,`.
_TOUCHING = re.compile(r"(FR|SO|JR|SR|GS|[WM]?\d{1,2})([^\W\d_a-z].*)")
# PDFium drops one of two like letters at one place: `SRmith,` is `SR` with `Smith,` over it.
_SHARED = re.compile(r"(FR|SO|JR|SR|GS)([a-z].*)")
_TOUCHING_STARTS = frozenset("FSJGWM")
_LAST_AND_FIRST = re.compile(r"[^\d,():]+, [^,():]+")
_NUMBER = re.compile(r"([1-8])\)")


class Leg(NamedTuple):
    """A relay swimmer as printed; `number` counts from 1."""

    number: int
    name: str
    age: str | None


def swims_of_team(team: Swim, legs: Sequence[Leg]) -> list[Swim]:
    """The result of a team as the swims of its swimmers; a team that names nobody stays one row of its own."""
    common = team.as_fields()  # once for all: `replace` asks for each field of each swimmer
    return [
        Swim(**{**common, "name": leg.name, "kind": "relay_leg", "leg": leg.number, "age": leg.age}) for leg in legs
    ] or [team]


def read_legs(text: str) -> list[Leg]:
    """The swimmers of a line such as `1) Lilly King 21 2) r:+0.14 Ann Lee 20`; empty if it is another kind of line.

    Numbers may be left out, and an age may run into the number that follows it (`Hassan 214) r:+0.34 ...`).
    """
    first = _NUMBER.match(text)
    if not first:
        return []
    cells: list[tuple[int, str]] = []
    number, start = int(first[1]), first.end()
    for found in _NUMBER.finditer(text, start):
        following = int(found[1])
        before = text[found.start() - 1]
        if following > number if before.isspace() else following == number + 1:
            cells.append((number, text[start : found.start()]))
            number, start = following, found.end()
        elif before == str(number + 1) and "," in text[start : found.start()]:
            # The number is drawn over the first digit of the age, which is the same and there only once.
            cells.append((number, text[start : found.start() + 1]))
            number, start = number + 1, found.end()
    cells.append((number, text[start:]))
    return [leg for number, cell in cells if (leg := _leg(number, cell))]


def read_unnumbered_legs(line: Line, after: int) -> list[Leg]:
    """The swimmers of a line without numbers, as three-column reports print them.

    `after` is the number of the leg before. Only `Last, First` counts as a name here, and every cell of the line has to
    be one.
    """
    texts: list[str] = []
    text, is_whole, end = "", False, -1e9
    for own, x0, x1, _, height, _, _ in line.words:
        if text and not is_whole and "," in text and (touching := _touching(own)):
            texts.append(f"{text} {touching[0]}")
            text = touching[1]
        elif text and not is_whole and -2 < x0 - end < 0.6 * height:
            text = f"{text} {own}"
        else:
            if text:
                texts.append(text)
            text = own
        is_whole = "," in text and split_leg_age(text)[1] is not None
        end = x1
    texts.append(text)
    if not all(map(_LAST_AND_FIRST.fullmatch, texts)):
        return []
    return [leg for number, text in enumerate(texts, after + 1) if (leg := _leg(number, text))]


def _touching(text: str) -> tuple[str, str] | None:
    """An age and the start of the next name, when the word holds both."""
    if text[0] not in _TOUCHING_STARTS and not text[0].isdecimal():
        return None
    if found := _TOUCHING.fullmatch(text):
        return found[1], found[2]
    if found := _SHARED.fullmatch(text):
        return found[1], found[1][0] + found[2]
    return None


def _leg(number: int, text: str) -> Leg | None:
    name, age = split_leg_age(_REACTION.sub("", text.strip()))
    return Leg(number, name, age) if any(sign.isalpha() for sign in name) else None
