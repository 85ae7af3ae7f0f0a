"""The figures for Prometheus: how each is declared, and what a process answers when it is asked for them.

A process counts (`counter`, `histogram`, `gauge`) for itself alone: sum these over all processes. What is true of
the whole installation (`figure` with the scope "installation") is read from the database when somebody asks; every
process answers the same, so take the maximum. Nothing here has a timer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy.ext.asyncio import AsyncSession

Kind = Literal["counter", "gauge", "histogram"]
Scope = Literal["process", "installation"]
Labels = tuple[str, ...]
OTHER: Final = "other"
"""The value of a label that stands for all that have none of their own."""
_NOTES: Final = {"process": "", "installation": " (of the installation: every process answers the same)"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One family, as docs/metrics.md lists it. A counter's name ends with `_total`."""

    name: str
    kind: Kind
    meaning: str
    labels: Labels = ()
    scope: Scope = "process"

    @property
    def help(self) -> str:
        return f"{self.meaning}{_NOTES[self.scope]}"


Samples = Iterable[tuple[Figure, Labels, float]]
"""Values with the values of their labels, in the order of the figure's."""


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """Figures of this process that are computed when somebody asks: on its event loop, or, what is `blocking`, in a
    thread."""

    read: Callable[[], Samples]
    blocking: bool = False


@dataclass(frozen=True, slots=True)
class InstallationFigures:
    """Figures that are read from the database, at most once in so many `seconds` by each process."""

    read: Callable[[AsyncSession], Awaitable[Samples]]
    seconds: float = 5.0


Figures = ProcessFigures | InstallationFigures
DECLARED: Final[dict[str, Figure]] = {}
"""Every family of the code that is imported, by name."""


def figure(name: str, meaning: str, labels: Sequence[str] = (), *, kind: Kind = "gauge", scope: Scope) -> Figure:
    """Declare a family whose values are computed when somebody asks. ValueError: there is one of that name."""
    made = Figure(name, kind, meaning, tuple(labels), scope)
    if name in DECLARED:
        raise ValueError(f"there is a figure {name} already")
    DECLARED[name] = made
    return made


def counter(name: str, meaning: str, labels: Sequence[str] = (), *, known: Sequence[str] = ()) -> Counter:
    """Declare what this process counts up; `name` ends with `_total`.

    `known`: values of its one label that are there from the start, at 0. Of a counter that begins with 1, Prometheus
    does not see that it rose.
    """
    figure(name, meaning, labels, kind="counter", scope="process")
    made = Counter(name, meaning, labels)
    for value in known:
        made.labels(value)
    return made


def gauge(name: str, meaning: str, labels: Sequence[str] = ()) -> Gauge:
    """Declare what this process sets."""
    figure(name, meaning, labels, scope="process")
    return Gauge(name, meaning, labels)


def histogram(name: str, meaning: str, labels: Sequence[str] = (), *, buckets: Sequence[float]) -> Histogram:
    """Declare what this process observes, by buckets with these upper bounds."""
    figure(name, meaning, labels, kind="histogram", scope="process")
    return Histogram(name, meaning, labels, buckets=tuple(buckets))


def families(samples: Samples) -> list[Metric]:
    """The samples as the client's library writes them; negative values of durations that clocks disagree on are 0."""
    found: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
    for one, labels, value in samples:
        family = found.get(one.name)
        if family is None:
            kind = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
            family = found[one.name] = kind(one.name, one.help, labels=one.labels)
        family.add_metric(labels, max(0.0, value))
    return list(found.values())
