"""Reads JSON from a window of its text, so that the size of a file does not matter, only that of one record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from typing import IO, Any, Final

from app.reports.readers.json.decoding import Decoder, Number
from app.reports.table_errors import FILE_UNREADABLE, RESOURCE_LIMIT, TableError

CHUNK: Final = 1 << 18
MAX_ELEMENT: Final = 32 * 1024 * 1024
MOST_KEPT: Final = 200
"""So many objects and arrays of a long list are kept to see what the list is."""
MAX_PATH: Final = 6
_BLANK: Final = re.compile(r"[ \t\r\n\ufeff\x00\x1e]*")
_BETWEEN: Final = re.compile(r"[ \t\r\n\ufeff\x00\x1e,]*")
_PREFIX: Final = re.compile(
    r"[\ufeff\s]*+(?:\)\]\}',?\s*+|(?:/\*[^*]{0,50}\*/)?\s*+(?:(?:var|let|const)\s)?\s*+[A-Za-z_$][\w.$]{0,80}\s*+[(=]\s*+)"
    r"(?=[\[{])"
)
"""What stands before JSON that a script was to load: the call of a function, an assignment, a guard."""
_NEAR_END: Final = 16


def prefix_of(sample: str) -> int:
    """How many characters stand before the JSON in a script."""
    found = _PREFIX.match(sample)
    return found.end() if found else 0


class Long(list[Any]):
    """The beginning of a list that is too long to be held, with all of its scalars.

    `length`, `objects` and `arrays` say what the whole list has.
    """

    length = objects = arrays = 0


class Window:
    """A piece of the text and a place in it. Raises TableError where the text is no JSON."""

    def __init__(self, text: IO[str], decoder: Decoder) -> None:
        self._text, self._decoder = text, decoder
        self._window, self._place, self._lines, self._ended = text.read(CHUNK), 0, 0, False
        prefix = prefix_of(self._window[:500])
        self._place, self.scripted = prefix, prefix > 0

    def peek(self, between: re.Pattern[str] = _BLANK) -> str:
        """The next character that is no blank; nothing at the end."""
        while True:
            self._place = between.match(self._window, self._place).end()  # type: ignore[union-attr]
            if self._place < len(self._window):
                return self._window[self._place]
            if not self._fill():
                return ""

    def line(self) -> int:
        return self._line_of(self._place)

    def documents(self) -> Iterator[str]:
        """The first character of each document, one after the other; whoever takes it reads the document."""
        while (first := self.peek(_BETWEEN)) and not (self.scripted and first in ");"):
            yield first

    def value(self) -> Any:
        """The value here as a whole."""
        while True:
            try:
                value, end = self._decoder.scan(self._window, self._place, self._line_of)
                if end < len(self._window) or self._ended or not isinstance(value, Number):
                    self._place = end
                    return value
            except RecursionError:
                raise TableError(FILE_UNREADABLE, "The JSON is nested too deeply.") from None
            except JSONDecodeError as error:
                self._check(error.pos if not error.msg.startswith("Unterminated") else len(self._window))
            except StopIteration as error:
                self._check(error.value)
            if len(self._window) - self._place > MAX_ELEMENT:
                raise TableError(RESOURCE_LIMIT, f"One record is larger than {MAX_ELEMENT >> 20} MiB.")
            if self._ended:
                raise TableError(FILE_UNREADABLE, f"The JSON is cut off in what begins on line {self.line():,}.")
            # A number at the very end is read once more when it is known to be whole.
            self._ended = not self._fill()

    def _check(self, wrong: int) -> None:
        """Raise TableError when what is wrong at this place cannot be for want of more text."""
        if wrong < len(self._window) - (0 if self._ended else _NEAR_END):
            raise self._broken(wrong)

    def elements(self) -> Iterator[Any]:
        """The elements of the array that begins here."""
        self._place += 1
        while (first := self.peek(_BETWEEN)) != "]":
            if not first:
                raise TableError(FILE_UNREADABLE, f"The JSON is cut off on line {self.line():,}, inside of an array.")
            yield self.value()
        self._place += 1

    def members(self) -> Iterator[str]:
        """The names of the members of the object that begins here; whoever takes one reads its value."""
        self._place += 1
        while (first := self.peek(_BETWEEN)) != "}":
            if not first:
                raise TableError(FILE_UNREADABLE, f"The JSON is cut off on line {self.line():,}, inside of an object.")
            name = self.value() if first == '"' else None
            if not isinstance(name, str) or self.peek() != ":":
                raise self._broken(self._place)
            self._place += 1
            self.peek()
            yield name
        self._place += 1

    def sketch(self, depth: int = 0) -> Any:
        """The value here, with a Long for each list that goes beyond the window."""
        first = self.peek()
        if first not in ("[", "{"):
            return self.value()
        try:
            value, end = self._decoder.scan(self._window, self._place, self._line_of)
        except (ValueError, StopIteration, RecursionError):
            pass
        else:
            self._place = end
            return value
        if first == "[":
            return self._long()
        if depth >= MAX_PATH:
            return self.value()
        found: dict[str, Any] = {}
        for name in self.members():
            if name in found:
                self._decoder.note_duplicate(name, found[name], self.line())
            found[name] = self.sketch(depth + 1)
        return found

    def _long(self) -> Long:
        found = Long()
        for element in self.elements():
            found.length += 1
            found.objects += isinstance(element, dict)
            found.arrays += isinstance(element, list)
            if len(found) < MOST_KEPT or not isinstance(element, dict | list):
                found.append(element)
        return found

    def inside(self, path: tuple[str, ...]) -> Iterator[Any]:
        """The elements of the list at `path` inside of the object here."""
        for name in self.members():
            if name != path[0]:
                self.sketch(1)
            elif len(path) > 1:
                yield from self.inside(path[1:])
            else:
                yield from self.elements()

    def _fill(self) -> bool:
        more = self._text.read(max(CHUNK, len(self._window) - self._place))
        if not more:
            return False
        self._lines += self._window.count("\n", 0, self._place)
        self._window, self._place = self._window[self._place :] + more, 0
        return True

    def _line_of(self, place: int) -> int:
        return self._lines + self._window.count("\n", 0, place) + 1

    def _broken(self, place: int) -> TableError:
        return TableError(FILE_UNREADABLE, f"The JSON is broken on line {self._line_of(place):,}.")
