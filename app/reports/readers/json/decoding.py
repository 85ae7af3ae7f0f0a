"""Decodes JSON without losing anything: numbers as they are written, members that stand twice, NaN and Infinity."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from app.reports.notes import MOST_EXAMPLES, MOST_LINES, Note, note

_JSON_STRING: Final = json.encoder.encode_basestring


class Number(str):
    """A number by its digits: `1.10` and integers of any length stay as they are."""

    __slots__ = ()


@dataclass(slots=True)
class Oddities:
    """What valid readers of JSON pass over in silence: how often, in the records that begin on which lines."""

    duplicates: int = 0
    duplicate_lines: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    not_finite: int = 0
    not_finite_lines: list[int] = field(default_factory=list)

    def notes(self) -> list[Note]:
        found = []
        if self.duplicates:
            message = "A member stands more than once in a record; its last value counts, the others are lost."
            found.append(
                note("DUPLICATE_MEMBERS", message, self.duplicates, lines=self.duplicate_lines, examples=self.lost)
            )
        if self.not_finite:
            message = "NaN and Infinity, which JSON has no numbers for, count as missing."
            found.append(note("NOT_FINITE", message, self.not_finite, lines=self.not_finite_lines))
        return found


class Decoder:
    """Decodes one value after the other; `oddities` has what was met in all that were decoded to their end."""

    def __init__(self) -> None:
        self.oddities = Oddities()
        self._lost: list[str] = []
        self._not_finite = 0
        decoder = json.JSONDecoder(
            parse_float=Number,
            parse_int=Number,
            parse_constant=self._missing,
            object_pairs_hook=self._object,
            strict=False,
        )
        self._scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once  # type: ignore[attr-defined]

    def scan(self, text: str, place: int, line_of: Callable[[int], int]) -> tuple[Any, int]:
        """The value that begins at `place`, and where it ends.

        Raises ValueError, StopIteration or RecursionError when there is none; then nothing is noted.
        """
        try:
            found = self._scan(text, place)
        except (ValueError, StopIteration, RecursionError):
            self._lost.clear()
            self._not_finite = 0
            raise
        if self._lost or self._not_finite:
            self._record(line_of(place))
        return found

    def note_duplicate(self, name: str, lost: Any, line: int) -> None:
        self._lost.append(f"{name}: {text_of(lost)}"[:80])
        self._record(line)

    def _record(self, line: int) -> None:
        odd = self.oddities
        odd.duplicates += len(self._lost)
        odd.not_finite += self._not_finite
        for found, lines in ((self._lost, odd.duplicate_lines), (self._not_finite, odd.not_finite_lines)):
            if found and len(lines) < MOST_LINES and line not in lines:
                lines.append(line)
        odd.lost += self._lost[: MOST_EXAMPLES - len(odd.lost)]
        self._lost.clear()
        self._not_finite = 0

    def _missing(self, _: str) -> None:
        self._not_finite += 1

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            seen: dict[str, Any] = {}
            for name, value in pairs:
                if name in seen:
                    self._lost.append(f"{name}: {text_of(seen[name])}"[:80])
                seen[name] = value
        return members


def text_of(value: Any) -> str:
    """A value as JSON again, its numbers as they were written."""
    match value:
        case Number():
            return str(value)
        case str():
            return _JSON_STRING(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return f"[{', '.join(map(text_of, value))}]"
        case dict():
            return f"{{{', '.join(f'{_JSON_STRING(name)}: {text_of(member)}' for name, member in value.items())}}}"
    return str(value)
