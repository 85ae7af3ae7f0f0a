"""Accents that are drawn as signs of their own, over the letter before them.

Some printer drivers take `ó` apart into an `o` and a mark. The text layer then calls the mark `í`, `ñ` or `´`, and has
it behind its letter or farther on in the line. Only where it stands tells to which letter it belongs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Final

from app.extractions.pdf.page import Box

_MARKS: Final = {
    **dict.fromkeys("íÍ´\u0301", "\u0301"),
    **dict.fromkeys("ñÑ~˜\u0303", "\u0303"),
    **dict.fromkeys("`\u0300", "\u0300"),
    **dict.fromkeys("^ˆ\u0302", "\u0302"),
    **dict.fromkeys("¨\u0308", "\u0308"),
    **dict.fromkeys("¸\u0327", "\u0327"),
}
MAY_BE_MARK: Final = re.compile(f"[{''.join(map(re.escape, _MARKS))}]")
_MOST_LONE: Final = 200  # of a page: a real one has a few, and each is looked for among all letters
_NO_GAP: Final = 0.1  # of the height of a line: less than any blank
_VOWELS = frozenset("aeiouyAEIOUY")

BoxesAt = Callable[[Sequence[int]], list[Box]]


def placed_accents(text: str, boxes_at: BoxesAt) -> dict[int, str]:
    """What to read at the indices of `text` at which accents and their letters stand: `ó` and nothing for `oí`.

    Nothing as well for a blank that was made up behind a mark because the mark ends before its letter does.
    `boxes_at` gives the boxes of the characters at some indices.
    """
    found: dict[int, str] = {}
    everything: list[Box] = []
    lone = 0
    for index in [match.start() for match in MAY_BE_MARK.finditer(text)]:
        before, mark = boxes_at([max(index - 1, 0), index])
        if index and text[index - 1].isalpha() and _is_over(mark, before):
            _place(found, text, index, index - 1, mark, before)
            if text[index + 1 : index + 2] == " " and text[index + 2 : index + 3].strip():
                blank, after = boxes_at([index + 1, index + 2])
                if blank[0] == blank[2] and abs(after[0] - before[2]) < _NO_GAP * (before[1] - before[3]):
                    found[index + 1] = ""
        elif lone < _MOST_LONE and not text[index - 1 : index].strip() and not text[index + 1 : index + 2].strip():
            lone += 1
            everything = everything or boxes_at(range(len(text)))
            letter = _letter_under(text, mark, everything, index)
            if letter is not None:
                _place(found, text, index, letter, mark, everything[letter])
    return found


def _is_over(mark: Box, letter: Box) -> bool:
    """Whether a mark is drawn over a letter and not beside it."""
    width, height = mark[2] - mark[0], letter[1] - letter[3]
    same_line = abs(mark[3] - letter[3]) < 0.5 * height
    return same_line and letter[0] - 0.3 * width < mark[0] < letter[2] - 0.3 * width


def _letter_under(text: str, mark: Box, boxes: Sequence[Box], own: int) -> int | None:
    """The letter that a mark somewhere in the line is drawn over, or at the end of."""
    nearest, distance = None, 0.15 * (mark[1] - mark[3])
    for index, box in enumerate(boxes):
        if index == own or not text[index].isalpha() or abs(mark[3] - box[3]) >= 0.5 * (box[1] - box[3]):
            continue
        if _is_over(mark, box):
            return index
        if abs(mark[0] - box[2]) < distance:
            nearest, distance = index, abs(mark[0] - box[2])
    return nearest


def _place(found: dict[int, str], text: str, index: int, letter: int, mark: Box, box: Box) -> None:
    sign, base = text[index], found.get(letter, text[letter])
    ends_with_letter = box[2] - mark[2] < 0.06 * (box[1] - box[3])
    if sign in "íÍ" and (text[letter] not in _VOWELS or (letter == index - 1 and ends_with_letter)):
        if letter != index - 1:  # the letter í itself, which comes later in the file
            found[letter], found[index] = base + sign, ""
        return
    accented = unicodedata.normalize("NFC", base + _MARKS[sign])
    if len(accented) == 1:
        found[letter], found[index] = accented, ""
