"""What happens too often for a row each time: refusals, wrong codes, results that are opened, downloads.

The first of a kind is written at once. Those that follow within a minute, of the same actor, address and target, are
counted and written as one row: 10,000 wrong keys of one address in a minute are two rows. More addresses or targets
than `MOST_AT_ONCE` of one action and organisation share a row for each actor, so that a flood from everywhere writes
few rows, too, and takes no detail from the rows of others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from app.audit import repository
from app.audit.actions import Action
from app.audit.record import ANONYMOUS, Actor, Outcome, Target, actor_of, address_of, entry_of
from app.auth.caller import Caller
from app.kit.db import Database
from app.kit.isolation import together
from app.kit.service import Periodic
from app.kit.web.request_context import current_request

WINDOW_SECONDS: Final = 60.0
MOST_AT_ONCE: Final = 50
HASHES_KEPT: Final = 20
"""Of refused credentials with one address, to look up whether they were somebody's once."""


@dataclass(frozen=True, slots=True)
class _Kind:
    action: Action
    outcome: Outcome
    organisation_id: UUID | None
    actor: Actor
    target: Target | None
    address: str | None
    reason: str | None


@dataclass(slots=True)
class _Tally:
    """What happened since the last row, at `since` and later. `written` is the monotonic time of that row."""

    count: int = 0
    since: datetime | None = None
    last: datetime | None = None
    user_agent: str | None = None
    request_id: str | None = None
    hashes: Counter[bytes] = field(default_factory=Counter)
    written: float | None = None


class Tallies(Periodic):
    """Counts, and writes its rows every minute and when it is stopped. What was not written stays counted."""

    interval = first_wait = 15.0
    log = logging.getLogger("tranche.audit")

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._tallies: dict[_Kind, _Tally] = {}
        self._writing = asyncio.Lock()

    def note(
        self,
        action: Action,
        *,
        who: Caller | Actor = ANONYMOUS,
        target: Target | None = None,
        outcome: Outcome = "success",
        organisation_id: UUID | None = None,
        credential_hash: bytes | None = None,
        address: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Count one. `credential_hash` is that of a key that was refused; `address` may be a whole network; `reason` is
        a code that becomes `details.reason`."""
        request = current_request()
        actor = actor_of(who)
        kind = _Kind(
            action,
            outcome,
            organisation_id or actor.organisation_id,
            actor,
            target,
            address or address_of(who, request),
            reason,
        )
        if kind not in self._tallies and self._count_alike(kind) >= MOST_AT_ONCE:
            kind = replace(kind, target=None, address=None, reason=None, actor=replace(actor, credential_id=None))
        tally = self._tallies.setdefault(kind, _Tally())
        now = datetime.now(UTC)
        tally.count += 1
        tally.since, tally.last = tally.since or now, now
        if request:
            tally.user_agent, tally.request_id = request.user_agent, request.id
        if credential_hash and (credential_hash in tally.hashes or len(tally.hashes) < HASHES_KEPT):
            tally.hashes[credential_hash] += 1
        if tally.written is None:
            self.wake()

    def _count_alike(self, kind: _Kind) -> int:
        about = (kind.action, kind.organisation_id)
        return sum((known.action, known.organisation_id) == about for known in self._tallies)

    async def turn(self) -> None:
        """Write what is new, and what was counted for a minute."""
        now = time.monotonic()
        await self._write(
            [kind for kind, tally in self._tallies.items() if tally.written is None or _is_over(tally, now)]
        )
        for kind in [kind for kind, tally in self._tallies.items() if not tally.count and _is_over(tally, now)]:
            del self._tallies[kind]

    async def stop(self) -> None:
        await super().stop()
        await self.write_everything()

    async def write_everything(self) -> None:
        """Write what is counted, also when its minute is not over."""
        await self._write(list(self._tallies))

    async def _write(self, kinds: Iterable[_Kind]) -> None:
        async with self._writing:
            if due := [kind for kind in kinds if self._tallies[kind].count]:
                await together(due, self._write_rows, self.log, lambda kind: f"writing {kind.action} to the audit log")

    async def _write_rows(self, kinds: Sequence[_Kind]) -> None:
        due = [(kind, self._tallies[kind]) for kind in kinds]
        done = [replace(tally, hashes=Counter(tally.hashes)) for _, tally in due]
        async with self._database.transaction() as session:
            known = await repository.find_dead_keys(session, {key for tally in done for key in tally.hashes})
            for (kind, _), tally in zip(due, done, strict=True):
                for values in _rows(kind, tally, known):
                    await repository.add(session, values)
        for (_, tally), written in zip(due, done, strict=True):
            tally.count -= written.count
            tally.hashes -= written.hashes
            tally.since, tally.written = None, time.monotonic()


def _is_over(tally: _Tally, now: float) -> bool:
    return tally.written is not None and now - tally.written >= WINDOW_SECONDS


def _rows(kind: _Kind, tally: _Tally, known: dict[bytes, repository.DeadKey]) -> Iterable[dict[str, Any]]:
    """A row for each key that was somebody's, and one for the rest."""
    rest = tally.count
    for key_hash, count in tally.hashes.items():
        if found := known.get(key_hash):
            rest -= count
            key = Target("key", found.key_id, found.name)
            yield _row(replace(kind, organisation_id=found.organisation_id, target=key), tally, count)
    if rest > 0:
        yield _row(kind, tally, rest)


def _row(kind: _Kind, tally: _Tally, count: int) -> dict[str, Any]:
    details: dict[str, Any] = {"count": count} | ({"reason": kind.reason} if kind.reason else {})
    if count > 1:
        details |= {"since": tally.since, "until": tally.last}
    values = entry_of(
        kind.actor,
        kind.action,
        target=kind.target,
        outcome=kind.outcome,
        details=details,
        organisation_id=kind.organisation_id,
    )
    return values | {
        "client_address": kind.address,
        "user_agent": tally.user_agent,
        "request_id": tally.request_id,
    }
