"""What a bench found, in one shape for all of them: ours beside limits and peers of the same run, and what is wanted.

A bench that takes part in `script/bench` has `measures(extent)`, which yields a `Measure` as soon as it is known, and a
line in `BENCHES` of `bench/__main__.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from statistics import median

OURS = "ours"
LEAST = 1e-9
"""What is divided by at least: a clock that ticks may not have moved."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: so many rounds, of the usual size or of the smallest one that runs everything."""

    rounds: int = 5
    small: bool = False
    peers: bool = True

    def of(self, usual: int, smallest: int) -> int:
        return smallest if self.small else usual


@dataclass(frozen=True, slots=True)
class Goal:
    """What ours is to be: at least or at most `bound`, or so many times the figure called `of` of the same rounds."""

    sign: str
    bound: float
    of: str | None = None

    def __str__(self) -> str:
        return f"{self.sign} {figure(self.bound)}" + (" x" if self.of else "")

    def value(self, measure: Measure) -> float:
        """What is compared with the bound."""
        return measure.ratio(self.of) if self.of else median(measure.ours)

    def met(self, measure: Measure) -> bool:
        value = self.value(measure)
        return value >= self.bound if self.sign == ">=" else value <= self.bound


def at_least(bound: float, of: str | None = None) -> Goal:
    return Goal(">=", bound, of)


def at_most(bound: float, of: str | None = None) -> Goal:
    return Goal("<=", bound, of)


@dataclass(frozen=True, slots=True)
class Measure:
    """One row: a figure of each round for us, for each limit (what the machine allows) and for each peer.

    `absent` names peers that did not take part, `note` what a reader has to know of the figures.
    """

    name: str
    work: str
    unit: str
    ours: Sequence[float]
    limits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    peers: Mapping[str, Sequence[float]] = field(default_factory=dict)
    goals: Sequence[Goal] = ()
    absent: Sequence[str] = ()
    note: str = ""

    def beside(self) -> dict[str, Sequence[float]]:
        return {**self.limits, **self.peers}

    def ratio(self, other: str) -> float:
        """Ours by another's, round by round where both took part in each, and the median of that."""
        theirs = self.beside()[other]
        if len(theirs) == len(self.ours):
            return median(mine / max(its, LEAST) for mine, its in zip(self.ours, theirs, strict=True))
        return median(self.ours) / max(median(theirs), LEAST)

    def standing(self) -> list[Goal]:
        """The goals that can be judged: those beside a peer that is absent cannot."""
        return [goal for goal in self.goals if goal.of is None or goal.of in self.beside()]

    def as_json(self) -> str:
        """One line of JSON: everything, and each goal with its verdict."""
        goals = [
            {"sign": goal.sign, "bound": goal.bound, "of": goal.of, "value": goal.value(self), "met": goal.met(self)}
            for goal in self.standing()
        ]
        found = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "name": self.name,
            "work": self.work,
            "unit": self.unit,
            "rounds": len(self.ours),
            "ours": list(self.ours),
            "limits": {name: list(values) for name, values in self.limits.items()},
            "peers": {name: list(values) for name, values in self.peers.items()},
            "medians": {OURS: median(self.ours)} | {name: median(values) for name, values in self.beside().items()},
            "ratios": {name: self.ratio(name) for name in self.beside()},
            "goals": goals,
            "absent": list(self.absent),
            "note": self.note,
        }
        return json.dumps(found)


def in_turns(rounds: int, work: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """A figure of each for every round; every second round is backwards, so that what drifts favours nobody."""
    figures: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds):
        for name in [*work] if turn % 2 == 0 else [*work][::-1]:
            figures[name].append(work[name]())
    return figures


def figure(value: float) -> str:
    """Three digits, or all of those before the point."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


HEADS = ("work", "ours", "beside it, in the same run", "ratio", "goal", "")


def cells(measure: Measure) -> Iterator[tuple[str, str, str, str, str, str]]:
    """The lines of one row: the first says what was measured, each further one stands beside another figure."""
    firsts = [(measure.name, f"{figure(median(measure.ours))} {measure.unit}"), (f"  {measure.work}", "")]
    own = [goal for goal in measure.goals if goal.of is None]
    lines = [("", "", str(goal), verdict(goal, measure)) for goal in own]
    for name, values in measure.beside().items():
        judged = [(str(goal), verdict(goal, measure)) for goal in measure.goals if goal.of == name] or [("", "")]
        lines += [(f"{name} {figure(median(values))}", figure(measure.ratio(name)), *each) for each in judged]
    lines += [(f"{name}: not here", "", "", "") for name in measure.absent]
    if measure.note:
        lines.append((measure.note, "", "", ""))
    for first, line in zip_longest(firsts, lines):
        yield (*(first or ("", "")), *(line or ("", "", "", "")))


def verdict(goal: Goal, measure: Measure) -> str:
    return "met" if goal.met(measure) else "missed"


def as_text(measures: Sequence[Measure]) -> str:
    """The table for a terminal."""
    rows = [HEADS, *(line for measure in measures for line in cells(measure))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADS))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place in (1, 3) else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_markdown(measures: Sequence[Measure]) -> str:
    """The table for docs/performance.md, a row for each measure."""
    rows = ["| work | ours | peers and limits of the same run | ratio and goal |", "|---|---|---|---|"]
    for measure in measures:
        beside = "; ".join(f"{name} {figure(median(values))}" for name, values in measure.beside().items())
        goals = "; ".join(
            f"{figure(goal.value(measure))}{f' of {goal.of}' if goal.of else ''}, {goal}: {verdict(goal, measure)}"
            for goal in measure.standing()
        )
        rows.append(f"| {measure.work} | {figure(median(measure.ours))} {measure.unit} | {beside} | {goals} |")
    return "\n".join(rows)
