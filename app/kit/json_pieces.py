"""A long JSON object, read value by value: its text is never in one piece, and neither is all of what it says.

A tree of millions of values holds up the whole process, whichever thread has it: the collector walks it, and giving it
back takes half a second (measured: 660 ms for 10,000 records of 480 members). So a long list is taken a member at a
time, by `json`'s decoder in C, which keeps the interpreter for 6 ms at the worst on a window of this size.
"""

from __future__ import annotations

import codecs
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from app.kit.errors import TooLarge
from app.kit.json_reading import AT_ONCE, interruptible_scan

MOST_CHARACTERS: Final = 1 << 20
"""Of one value: what a whole body of other routes may have."""
MOST_VALUES: Final = 5_000_000
"""Values of one body: five hundred for each of ten thousand records. A body of nothing but brackets has many more."""
MOST_MEMBERS: Final = 1_000
"""Of the object that is the body. Each that nobody knows is an error of its own, and the model keeps the interpreter to
itself until all are found: half a second for those of a MiB."""
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_UNFINISHED: Final = 12
"""Where a text ends in the middle of a value, what is wrong is so many characters before at most: an escaped pair."""
_scan: Final = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def count_values(text: bytes) -> int:
    """How many values a piece of JSON may have; that of commas alone misses what is nested."""
    return text.count(b",") + text.count(b"[") + text.count(b"{")


def check_members(body: Any) -> None:
    """Raise TooLarge (413) when the body is an object of more members than any has."""
    if isinstance(body, dict) and len(body) > MOST_MEMBERS:
        raise TooLarge(f"The body has more than {MOST_MEMBERS:,} members.")


class PackedObject(Mapping[str, Any]):
    """A JSON object as its `text`, which is read whenever it is looked into."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def unpacked(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.text)
        return value

    def __getitem__(self, name: str) -> Any:
        return self.unpacked()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.unpacked())

    def __len__(self) -> int:
        return len(self.unpacked())


class JsonText:
    """The text of chunks of bytes, from its beginning. The chunks are taken out of `chunks` as they are decoded.

    Everything raises ValueError where it is not JSON (json.JSONDecodeError with the place where that can be said), and
    TooLarge. It blocks, so it is used in a thread.
    """

    def __init__(self, chunks: deque[bytes]) -> None:
        self._chunks = chunks
        encoding = json.detect_encoding(b"".join(list(self._chunks)[:4])[:4])
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._text, self._at, self._before, self._values = "", 0, 0, 0

    def _more(self) -> bool:
        """Decode what follows, and forget what was read; False at the end of the text."""
        if not self._chunks:
            return False
        chunk = self._chunks.popleft()
        if len(chunk) > AT_ONCE:
            self._chunks.appendleft(chunk[AT_ONCE:])
            chunk = chunk[:AT_ONCE]
        self._values += count_values(chunk)
        if self._values > MOST_VALUES:
            raise TooLarge(f"The body has more than {MOST_VALUES:,} values.")
        self._before += self._at
        self._text, self._at = self._text[self._at :] + self._decoder.decode(chunk, not self._chunks), 0
        return True

    def wrong(self, message: str, place: int | None = None) -> json.JSONDecodeError:
        at = self._at if place is None else place
        error = json.JSONDecodeError(message, self._text[at : at + 1], 0)
        error.pos = self._before + at
        return error

    def peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> str:
        """The next such character, which is one of `wanted`."""
        found = self.peek()
        if not found or found not in wanted:
            raise self.wrong("Expecting " + " or ".join(f"'{one}'" for one in wanted) + " delimiter")
        self._at += 1
        return found

    def value(self) -> Any:
        """The next value, whatever it is."""
        self.peek()
        while True:
            while len(self._text) - self._at < AT_ONCE and self._more():
                pass
            found = self._scanned()
            if found is not _MORE:
                return found
            self._check_size(len(self._text) - self._at)
            wanted = 2 * (len(self._text) - self._at)
            while len(self._text) - self._at < wanted and self._more():
                pass

    def _scanned(self) -> Any:
        scan = _scan if len(self._text) - self._at <= 2 * AT_ONCE else interruptible_scan
        end = len(self._text) - (_UNFINISHED if self._chunks else 0)
        try:
            value, after = scan(self._text, self._at)
        except StopIteration as stopped:
            if self._chunks and stopped.value >= end:
                return _MORE
            raise self.wrong("Expecting value", stopped.value) from None
        except json.JSONDecodeError as error:
            if self._chunks and (error.pos >= end or error.msg.startswith("Unterminated string")):
                return _MORE
            raise self.wrong(error.msg, error.pos) from None
        except RecursionError:
            raise ValueError("The JSON is nested too deeply.") from None
        if self._chunks and after >= end:
            return _MORE  # a number may go on: `1.` is read as 1
        self._check_size(after - self._at)
        self._at = after
        return value

    def _check_size(self, size: int) -> None:
        if size > MOST_CHARACTERS:
            raise TooLarge(f"A value of the body has more than {MOST_CHARACTERS:,} characters.")

    def end(self) -> None:
        """Nothing follows."""
        if self.peek():
            raise self.wrong("Extra data")


_MORE: Final = object()


def read_object(text: JsonText, list_name: str, read_member: Callable[[int, Any], Any]) -> dict[str, Any]:
    """The object that is the whole text. Of its list of that name each member is what `read_member` makes of its place
    and value, before the next is read; of a name that is there twice the last counts, as everywhere."""
    found: dict[str, Any] = {}
    text.take("{")
    if text.peek() == "}":
        text.take("}")
    else:
        while True:
            if text.peek() != '"':
                raise text.wrong("Expecting property name enclosed in double quotes")
            name = text.value()
            text.take(":")
            if name == list_name and text.peek() == "[":
                found[name] = _read_list(text, read_member)
            else:
                found[name] = text.value()
            check_members(found)
            if text.take(",}") == "}":
                break
    text.end()
    return found


def _read_list(text: JsonText, read_member: Callable[[int, Any], Any]) -> list[Any]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return []
    found: list[Any] = []
    while True:
        found.append(read_member(len(found), text.value()))
        if text.take(",]") == "]":
            return found
