"""What a pipeline says of a batch as a whole: facts, tables and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OverviewTable:
    """Rows of texts, as long as `columns`. A mail shows the first rows of a table that is `in_mail`."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    in_mail: bool = False


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A number of a chart, as it is printed (`text`) and where it comes from; `day` is None when it is not known."""

    value: float
    text: str
    source: str = ""
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """How a number went on, in the order of `points`; they stand by their days where all of them are known."""

    title: str
    points: Sequence[ChartPoint]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the results of a batch come to together, for people who do not know the service.

    It is shown on the page that a code of the batch opens; the mail at its end has `facts` and a table.
    """

    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[OverviewTable] = ()
    charts: Sequence[Chart] = ()
