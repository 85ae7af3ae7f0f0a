"""How far each operation was reached: a table, and what is not good enough."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ENOUGH = 20
"""Requests of an operation from which on they say whether it can be reached."""
NEVER_ACCEPTED = {"POST /api/connections/{kind}/test"} | {
    f"POST /api/registration-batches/{{batch_id}}/{command}"
    for command in ("archive", "cancel", "pause", "restart", "resume", "retry-failed", "start")
}
"""Operations that accept nothing here: they would call, or first need, a service on the internet.

Registrations stay drafts without an ordering platform; the same commands are accepted for /api/batches.
"""
KINDS = ("2xx, 3xx", "401, 403", "404", "409", "400, 422", "else")


def kind_of(status: int) -> str:
    return "2xx, 3xx" if status < 400 else next((kind for kind in KINDS if str(status) in kind), "else")


@dataclass(frozen=True)
class Reached:
    """Rows of operation, status, whether all that the path names exists, and how many requests."""

    rows: list[tuple[str, int, bool, int]]

    @classmethod
    def read(cls, path: Path) -> Reached:
        return cls([(label, status, aimed, count) for label, status, aimed, count in json.loads(path.read_text())])

    def by_operation(self) -> dict[str, Counter[str]]:
        """By operation: requests of each kind, all of them as `all`, those whose path names what exists as `aimed`."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for label, status, aimed, count in self.rows:
            found[label] += Counter({kind_of(status): count, "all": count, "aimed": aimed * count})
        return dict(sorted(found.items(), key=lambda item: item[0].split()[::-1]))

    def table(self) -> str:
        lines = [_line("operation", ("requests", "aimed", *KINDS))]
        for label, counts in self.by_operation().items():
            shares = (f"{100 * counts[name] / counts['all']:.0f} %" for name in ("aimed", *KINDS))
            lines.append(_line(label, (str(counts["all"]), *shares)))
        return "\n".join(lines)

    def faults(self) -> list[str]:
        """Operations that never accepted a request, and those of which too few were of something that exists."""
        found = []
        for label, counts in self.by_operation().items():
            if counts["all"] < ENOUGH:
                continue
            if bool(counts["2xx, 3xx"]) == (label in NEVER_ACCEPTED):
                found.append(f"{label} accepted {counts['2xx, 3xx']} of {counts['all']} requests")
            if 2 * counts["aimed"] < counts["all"]:
                found.append(f"{label} was asked of something that exists in {counts['aimed']} of {counts['all']}")
        return found


def _line(first: str, cells: Iterable[str]) -> str:
    return f"{first:68}" + "".join(f"{cell:>10}" for cell in cells)
