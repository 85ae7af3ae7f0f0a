"""Throttles those who guess keys and codes, and nobody else: only what is wrong is counted, after it was looked up."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request

from app.audit.actions import Action
from app.audit.tallies import Tallies
from app.auth.secrets import secret_hash
from app.limits.clients import network_of
from app.limits.rates import Rate

SLOWED_SECONDS: Final = 1.0
MOST_SLOWED: Final = 500
"""Answers that wait at once; more would cost memory, and are given as they come."""


class Guesses:
    """Counts what is wrong: exactly for each network, over all processes. The audit log is told of it."""

    def __init__(self, tallies: Tallies, keys: Rate, codes: Rate, total: Rate) -> None:
        self._tallies, self._keys, self._codes, self._total = tallies, keys, codes, total
        self._slowed = 0

    async def count_key(self, request: Request, action: Action) -> int:
        """Count a wrong key or session: seconds to wait when there were too many, else 0."""
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        return await self._count(self._keys, request, action, secret_hash(key.strip()) if scheme else None)

    async def count_code(self, request: Request) -> int:
        """The same for a wrong result code."""
        return await self._count(self._codes, request, Action.RESULT_CODE_REFUSED)

    async def _count(self, rate: Rate, request: Request, action: Action, credential_hash: bytes | None = None) -> int:
        network = network_of(request)
        self._tallies.note(action, outcome="failure", credential_hash=credential_hash, address=network)
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
