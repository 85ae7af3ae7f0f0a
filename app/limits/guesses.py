"""Throttles those who guess keys and codes, and nobody else: only what is wrong is counted, after it was looked up."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

from fastapi import Request

from app.audit.actions import Action
from app.audit.record import ANONYMOUS, record
from app.kit.db import Database
from app.kit.service import Periodic
from app.limits.clients import network_of
from app.limits.rates import Rate

log = logging.getLogger("tranche.limits")
SLOWED_SECONDS: Final = 1.0
MOST_SLOWED: Final = 500
"""Answers that wait at once; more would cost memory, and are given as they come."""
MOST_NETWORKS: Final = 200
"""Networks that the audit log names in one minute; what comes from others is told together."""


class Guesses(Periodic):
    """Counts what is wrong: exactly for each network, over all processes. Each minute the audit log is told of it."""

    log = log
    interval = first_wait = 60.0

    def __init__(self, database: Database, keys: Rate, codes: Rate, total: Rate) -> None:
        super().__init__()
        self._database, self._keys, self._codes, self._total = database, keys, codes, total
        self._seen: Counter[tuple[Action, str]] = Counter()
        self._slowed = 0

    async def count_key(self, request: Request, action: Action) -> int:
        """Count a wrong key or session: seconds to wait when there were too many, else 0."""
        return await self._count(self._keys, request, action)

    async def count_code(self, request: Request) -> int:
        """The same for a wrong result code."""
        return await self._count(self._codes, request, Action.RESULT_CODE_REFUSED)

    async def _count(self, rate: Rate, request: Request, action: Action) -> int:
        network = network_of(request)
        self._note(action, network)
        standing = await rate.hit(network)
        if not standing.allowed:
            return standing.seconds
        if not (await self._total.hit("all")).allowed and self._slowed < MOST_SLOWED:
            self._slowed += 1
            try:
                await asyncio.sleep(SLOWED_SECONDS)
            finally:
                self._slowed -= 1
        return 0

    def _note(self, action: Action, network: str) -> None:
        known = (action, network) in self._seen or len(self._seen) < MOST_NETWORKS
        self._seen[action, network if known else "other addresses"] += 1

    async def turn(self) -> None:
        seen, self._seen = self._seen, Counter()
        if not seen:
            return
        try:
            async with self._database.transaction() as session:
                for (action, network), count in seen.items():
                    details = {"count": count, "network": network}
                    await record(session, ANONYMOUS, action, outcome="failure", details=details)
        except BaseException:
            self._seen.update(seen)
            raise

    async def stop(self) -> None:
        await super().stop()
        await self._take_turn()
