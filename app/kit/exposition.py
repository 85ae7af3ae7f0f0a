"""What `/metrics` answers: the figures of this process, and those of the installation as they were read lately."""

from __future__ import annotations

import asyncio
import logging
import platform
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

from prometheus_client import REGISTRY, disable_created_metrics, generate_latest
from prometheus_client.core import Metric
from sqlalchemy import func, select

from app.kit.db import Database
from app.kit.errors import is_database_down
from app.kit.health import Finding, Health
from app.kit.metrics import Figures, InstallationFigures, ProcessFigures, Samples, families, figure

log = logging.getLogger("tranche.metrics")
PATIENCE: Final = 1.0
"""Seconds that a scrape waits for the database; what comes later is in the next one."""
FORGET_AFTER: Final = 60.0
"""Seconds after which what was read of the database is told no more."""
MOST_COST: Final = 0.05
"""Share of the time that reading may take: a reading that took a second is kept for 20."""
STATEMENT_SECONDS: Final = 5
READY = figure("tranche_ready", "1: this process can serve, as /readyz says; 0: it cannot", scope="process")
TROUBLES = figure(
    "tranche_trouble", "1 for everything that /readyz says is wrong", ("name", "severity"), scope="process"
)
DATABASE_UP = figure("tranche_database_up", "1: the database answered when it was asked last; 0: not", scope="process")
AGE = figure(
    "tranche_installation_figures_age_seconds", "How old the oldest figure of the database is", scope="process"
)
BUILD = figure(
    "tranche_build_info", "1, with the version of the service and of Python", ("version", "python"), scope="process"
)
disable_created_metrics()  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class _Reading:
    """What one source gave last. Times are of `time.monotonic()`."""

    source: InstallationFigures
    samples: Samples = ()
    read_at: float = float("-inf")
    due_at: float = float("-inf")


class _Page:
    """What the client's library writes: the families of the process, then ours."""

    def __init__(self, own: Sequence[Metric]) -> None:
        self._own = own

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        yield from self._own


def _read_of(source: ProcessFigures) -> Samples:
    try:
        return list(source.read())
    except Exception:
        log.exception("figures of %s could not be read; the others are told", type(source).__name__)
        return []


class Exposition:
    """Answers scrapes. Those at the same time share one reading of the database; none waits for it for long."""

    def __init__(self, database: Database, health: Health, figures: Iterable[Figures]) -> None:
        self._database, self._health = database, health
        sources = tuple(figures)
        self._process = [source for source in sources if isinstance(source, ProcessFigures)]
        self._readings = [_Reading(source) for source in sources if isinstance(source, InstallationFigures)]
        self._reading: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[list[Finding]] | None = None
        self._findings: list[Finding] | None = None
        self._is_up = False

    async def text(self) -> bytes:
        """All families in Prometheus' text format."""
        now = time.monotonic()
        if self._reading is None and any(reading.due_at <= now for reading in self._readings):
            self._reading = asyncio.create_task(self._read(), name="metrics")
        if self._looking is None:
            self._looking = asyncio.create_task(self._health.findings(), name="metrics-health")
        asked = [task for task in (self._reading, self._looking) if task]
        done, _ = await asyncio.wait(asked, timeout=PATIENCE)
        if self._reading in done:
            self._reading = None
        if self._looking in done:
            self._findings, self._looking = self._looking.result(), None
        at_once = [source for source in self._process if not source.blocking]
        samples = [*self._own(), *(sample for source in at_once for sample in _read_of(source))]
        return await asyncio.to_thread(self._write, samples)

    def _write(self, samples: Samples) -> bytes:
        blocking = (sample for source in self._process if source.blocking for sample in _read_of(source))
        return generate_latest(_Page(families([*samples, *blocking])))

    def _own(self) -> Samples:
        yield BUILD, (version("tranche"), platform.python_version()), 1
        yield DATABASE_UP, (), float(self._is_up)
        if self._findings is not None:
            yield READY, (), float(all(finding.severity != "not_ready" for finding in self._findings))
            for finding in self._findings:
                yield TROUBLES, (finding.name, finding.severity), 1
        now = time.monotonic()
        fresh = [reading for reading in self._readings if now - reading.read_at < FORGET_AFTER]
        for reading in fresh:
            yield from reading.samples
        if fresh:
            yield AGE, (), max(now - reading.read_at for reading in fresh)

    async def _read(self) -> None:
        for reading in self._readings:
            began = time.monotonic()
            if reading.due_at > began:
                continue
            try:
                async with self._database.transaction() as session:
                    await session.execute(select(func.set_config("statement_timeout", f"{STATEMENT_SECONDS}s", True)))
                    reading.samples = list(await reading.source.read(session))
            except Exception as error:
                self._is_up = not is_database_down(error)
                if self._is_up:
                    log.warning("figures could not be read: %s: %s", type(error).__name__, error)
                reading.due_at = time.monotonic() + reading.source.seconds
                if not self._is_up:
                    return
            else:
                self._is_up = True
                reading.read_at = time.monotonic()
                cost = reading.read_at - began
                reading.due_at = reading.read_at + max(reading.source.seconds, cost / MOST_COST)
