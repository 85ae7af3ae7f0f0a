"""A row of a table, as it is read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Row:
    """A row as printed. `state` is a status of `Swim.status`; `placed` is false where no place or mark is printed."""

    name: str
    team: str | None = None
    letter: str | None = None
    place: int | None = None
    placed: bool = True
    state: str | None = None
    exhibition: bool = False
    year: str | None = None
    birth_date: str | None = None
    time: str | None = None
    seed: str | None = None
    points: str | None = None
    fina: str | None = None
    standard: str | None = None
    note: str | None = None
    splits: list[str] = field(default_factory=list)
