"""What was found wrong in a file, and what was put right, line by line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeVar

from app.kit.schemas import Output

MAX_LISTED: Final = 500
"""Errors and repairs beyond these are counted, not listed."""
_LONGEST_VALUE: Final = 80


class Finding(Output):
    """One thing about one line. `line` counts from 1 as editors do, None speaks of the whole file."""

    line: int | None
    column: str | None
    code: str
    message: str
    value: str | None


@dataclass(slots=True)
class Findings:
    """Errors are what nobody can put right for the person who made the file; repairs are what was put right."""

    errors: list[Finding] = field(default_factory=list)
    repairs: list[Finding] = field(default_factory=list)
    error_count: int = 0
    repair_count: int = 0

    def error(
        self, code: str, message: str, *, line: int | None = None, column: str | None = None, value: str | None = None
    ) -> None:
        self.error_count += 1
        if len(self.errors) < MAX_LISTED:
            self.errors.append(make_finding(code, message, line, column, value))

    def repair(
        self, code: str, message: str, *, line: int | None = None, column: str | None = None, value: str | None = None
    ) -> None:
        self.repair_count += 1
        if len(self.repairs) < MAX_LISTED:
            self.repairs.append(make_finding(code, message, line, column, value))


def make_finding(code: str, message: str, line: int | None, column: str | None, value: str | None) -> Finding:
    """What is told of one line: long values are cut, and what cannot be stored is left out."""
    shown = value if value is None or len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    return Finding(line=line, column=_storable(column), code=code, message=_storable(message), value=_storable(shown))


S = TypeVar("S", str, str | None)


def _storable(text: S) -> S:
    """What files say, without what neither JSON nor PostgreSQL can hold."""
    return text if text is None else text.replace("\x00", "").encode("utf-8", "replace").decode()
