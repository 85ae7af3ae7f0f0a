"""What is wrong with this process just now: every room, and every installed package, has it looked at its own way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from app.kit.availability import Availability
from app.kit.errors import is_database_down

log = logging.getLogger("tranche.health")
Severity = Literal["not_ready", "degraded"]
LOOK_SECONDS: Final = 8.0
"""Who waits that long for a look is told that there was no answer; less than the wait for the pool of connections."""
DATABASE: Final = "database"
_AWAY: Final = "The database cannot be reached."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What is wrong. Strangers read `sentence`: no host, path, statement or organisation is in it.

    `detail` is for operators alone. `since`: when it began, where whoever looks knows; else when it was first seen.
    `not_ready` is for what leaves this process unable to serve: load balancers then send nothing here.
    """

    severity: Severity
    sentence: str
    detail: str | None = None
    since: datetime | None = None


def degraded(availability: Availability) -> Trouble | None:
    """What is wrong with something that everything leans on; what does not need it goes on."""
    absence, sentence = availability.absence, availability.explain()
    if absence is None or sentence is None:
        return None
    since = datetime.fromtimestamp(absence.began, UTC)
    return Trouble(severity="degraded", sentence=sentence, detail=absence.reason, since=since)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Looks at one thing, at most once at a time and only when somebody asks: no timer is behind it.

    `name` is for programs: lower case with underscores, and it stays. Nothing need be caught that only says that the
    database is away: that is told once, as `database`. `vital`: without an answer in time the process is not ready.
    """

    name: str
    look: Callable[[], Awaitable[Trouble | None]]
    vital: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A trouble under the name of its check."""

    name: str
    severity: Severity
    sentence: str
    detail: str | None
    since: datetime


class Health:
    """Looks at everything at once. Those who ask while a look is under way share it."""

    def __init__(self, checks: Iterable[HealthCheck]) -> None:
        self._checks = tuple(checks)
        self._since: dict[str, datetime] = {}
        self._looking: asyncio.Task[list[Finding]] | None = None

    def only(self, names: Collection[str]) -> Health:
        """Those of its checks that have these names."""
        return Health(check for check in self._checks if check.name in names)

    async def findings(self) -> list[Finding]:
        """Everything that is wrong, what leaves the process not ready first."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="health")
        return await asyncio.shield(self._looking)

    async def _look(self) -> list[Finding]:
        looked = await asyncio.gather(*map(_look_at, self._checks))
        found = {name: trouble for name, trouble in looked if trouble}
        now = datetime.now(UTC)
        self._since = {name: self._since.get(name, now) for name in found}
        findings = [
            Finding(
                name=name,
                severity=trouble.severity,
                sentence=trouble.sentence,
                detail=trouble.detail,
                since=trouble.since or self._since[name],
            )
            for name, trouble in found.items()
        ]
        return sorted(findings, key=lambda finding: finding.severity == "degraded")


async def _look_at(check: HealthCheck) -> tuple[str, Trouble | None]:
    try:
        async with asyncio.timeout(LOOK_SECONDS) as limit:
            return check.name, await check.look()
    except Exception as error:
        if limit.expired():
            severity: Severity = "not_ready" if check.vital else "degraded"
            return check.name, Trouble(severity=severity, sentence=f"The check {check.name} had no answer in time.")
        detail = f"{type(error).__name__}: {error}"[:500]
        if is_database_down(error):
            return DATABASE, Trouble(severity="not_ready", sentence=_AWAY, detail=detail)
        log.exception("%s could not be looked at", check.name)
        return check.name, Trouble(severity="degraded", sentence=f"The check {check.name} failed.", detail=detail)
