"""What the library does not tell of a sheet: how far it spans, formulas without a value, errors, long integers."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

MOST_PLACES: Final = 20
MOST_LONG: Final = 1_000_000
LONGEST_TAIL: Final = 1 << 16
_X: Final = rb"(?:\w{1,16}:)?"
_PLACE: Final = re.compile(rb"<" + _X + rb'c\s[^<>]*?r="([A-Z]{1,3})(\d{1,7})"')
_ERROR: Final = re.compile(rb"<" + _X + rb'c\s([^<>]*t="e"[^<>]*)>')
_ERROR_TEXT: Final = re.compile(rb"<" + _X + rb"v>(#[A-Z/0!?_]{2,20})</")
_UNVALUED: Final = re.compile(
    rb"<%bc\s([^<>]*[^<>/])><%bf(?:\s[^<>]*)?(?:/>|>[^<]*</%bf>)\s*+(?:<%bv\s*/>|<%bv></%bv>)?\s*+</%bc>" % ((_X,) * 7)
)
_FORMULA: Final = re.compile(rb"<" + _X + rb"f[\s>/]")
_ZERO: Final = re.compile(rb"</%bf><%bv>0</%bv>" % ((_X,) * 3))
_LONG: Final = re.compile(rb"<" + _X + rb"c\s([^<>]*)><" + _X + rb"v>(-?\d{16,400}(?:\.\d{1,400})?)</")
_REF: Final = re.compile(rb'\br="([A-Z]{1,3}\d{1,7})"')
_CELL_ERRORS: Final = (3, 11)
"""Records of the binary format: an error, and a formula whose value is one."""


class SheetScan:
    """Fed with a sheet's part piece by piece. `widest` and `lowest` are the last column and row that have a cell.

    `unvalued` counts formulas that were never calculated, `zeros` those whose stored value is 0, `errors` cells with an
    error by its name; the `..._places` have the first of them. `long` has the digits of long numbers by their place.
    """

    def __init__(self, *, is_binary: bool) -> None:
        self._is_binary, self._tail = is_binary, b""
        self.widest = self.lowest = 0
        self.formulas = self.zeros = self.unvalued = 0
        self.errors: Counter[str] = Counter()
        self.unvalued_places: list[str] = []
        self.error_places: list[str] = []
        self.long: dict[str, str] = {}

    def feed(self, piece: bytes) -> None:
        text = self._tail + piece
        if self._is_binary:
            self._tail = self._records(text)
            return
        cut = max(text.rfind(b"<c "), text.rfind(b":c "), 0)
        if text[cut : cut + 1] == b":":
            cut = max(text.rfind(b"<", 0, cut), 0)
        if cut < len(text) - LONGEST_TAIL:
            cut = len(text)
        self._cells(text[:cut])
        self._tail = text[cut:]

    def close(self) -> None:
        """The part has ended: its last cell counts as well."""
        if not self._is_binary:
            self._cells(self._tail)
            self._tail = b""

    def _cells(self, text: bytes) -> None:
        for letters, row in _PLACE.findall(text):
            self.widest, self.lowest = max(self.widest, column_number(letters)), max(self.lowest, int(row))
        if b't="e"' in text:
            for found in _ERROR.finditer(text):
                named = _ERROR_TEXT.search(text, found.end(), found.end() + 4096)
                self.errors[named[1].decode() if named else "#ERROR"] += 1
                _note(self.error_places, found[1])
        if count := len(_FORMULA.findall(text)):
            self.formulas += count
            self.zeros += len(_ZERO.findall(text))
            for found in _UNVALUED.finditer(text):
                if b't="str"' not in found[1]:  # its value is a text without a letter
                    self.unvalued += 1
                    _note(self.unvalued_places, found[1])
        for found in _LONG.finditer(text):
            if (place := _REF.search(found[1])) and b't="s' not in found[1] and len(self.long) < MOST_LONG:
                self.long[place[1].decode()] = found[2].decode()

    def _records(self, text: bytes) -> bytes:
        """Count the errors among whole records of the binary format; returns what is not whole."""
        place, end = 0, len(text)
        while place < end:
            kind, at = _varint(text, place, 2)
            size, at = _varint(text, at, 4)
            if at + size > end or at > end:
                return text[place:] if end - place < LONGEST_TAIL * 16 else b""
            if kind in _CELL_ERRORS:
                self.errors["#ERROR"] += 1
            place = at + size
        return b""


def _varint(text: bytes, place: int, most: int) -> tuple[int, int]:
    value = shift = 0
    for at in range(place, min(place + most, len(text))):
        value |= (text[at] & 0x7F) << shift
        shift += 7
        if text[at] < 0x80:
            return value, at + 1
    return value, place + most


def _note(places: list[str], attributes: bytes) -> None:
    if len(places) < MOST_PLACES and (found := _REF.search(attributes)):
        places.append(found[1].decode())


def column_number(letters: bytes) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def column_letters(place: int) -> str:
    """A for 0, AA for 26."""
    letters, number = "", place + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
