"""Lines of text in the order in which they are seen, for scripts from the left and from the right in one line.

The plain part of the Unicode Bidirectional Algorithm: names have no embeddings. With fribidi on the machine Pillow
joins the letters of Arabic; without it they are taken here from the forms that Unicode has of them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

_RIGHT: Final = ("R", "AL")
_NUMBERS: Final = ("EN", "AN")
_FORMS: Final = (range(0xFE70, 0xFEFD), range(0xFB50, 0xFBB2))


def runs_of(text: str) -> list[tuple[str, bool]]:
    """Pieces of one direction, from left to right, each in reading order; and whether it is read leftwards."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    base = next((kind in _RIGHT for kind in kinds if kind in ("L", *_RIGHT)), False)
    leftwards = _directions(kinds, base)
    runs = [
        ("".join(character for character, _ in piece), direction)
        for direction, piece in groupby(zip(text, leftwards, strict=True), key=lambda pair: pair[1])
    ]
    return runs[::-1] if base else runs


def _directions(kinds: Sequence[str], base: bool) -> list[bool]:
    """Whether each character is read leftwards; one without a direction goes with both its neighbours, or the line."""
    found: list[bool | None] = []
    for kind in kinds:
        if kind == "NSM" and found:
            found.append(found[-1])
        elif kind in _NUMBERS:
            found.append(False)
        else:
            found.append(True if kind in _RIGHT else False if kind == "L" else None)
    directions: list[bool] = []
    place = 0
    while place < len(found):
        end = place
        while end < len(found) and found[end] is None:
            end += 1
        if end > place:
            before = _as_neighbour(kinds, found, place - 1, base)
            after = _as_neighbour(kinds, found, end, base)
            directions += [before if before == after else base] * (end - place)
        else:
            directions.append(bool(found[place]))
            end += 1
        place = end
    return directions


def _as_neighbour(kinds: Sequence[str], found: Sequence[bool | None], place: int, base: bool) -> bool:
    """A number is read rightwards, but among letters that are read leftwards it belongs to them."""
    if not 0 <= place < len(found):
        return base
    return base if kinds[place] in _NUMBERS else bool(found[place])


def joined(text: str) -> str:
    """Arabic letters as they look beside their neighbours, in reading order; other letters as they are."""
    forms = _forms()
    letters = [text[place : place + 2] for place in range(len(text))]
    found: list[str] = []
    place = 0
    linked = False
    while place < len(text):
        here = letters[place] if len(letters[place]) == 2 and letters[place] in forms else text[place]
        place += len(here)
        following = next((one for one in text[place:] if not unicodedata.combining(one)), "")
        shapes = forms.get(here, {})
        links = "initial" in shapes and "final" in forms.get(following, {})
        name = ("medial" if links else "final") if linked else ("initial" if links else "isolated")
        found.append(shapes.get(name, here))
        if not unicodedata.combining(here[0]):
            linked = links
    return "".join(found)


@lru_cache
def _forms() -> Mapping[str, Mapping[str, str]]:
    """The forms of each letter, and of the ligatures of two, by the names that Unicode gives them."""
    forms: dict[str, dict[str, str]] = {}
    for code in (code for block in _FORMS for code in block):
        kind, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        base = "".join(chr(int(letter, 16)) for letter in letters)
        if base and not base.startswith(" "):
            forms.setdefault(base, {})[kind.strip("<>")] = chr(code)
    return forms
