"""Rates: how many requests a minute a key, an organisation or an address may send, and what answers say of them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import Scope

from app.auth.caller import Caller
from app.kit.declarations import raises
from app.kit.errors import TooManyRequests, is_database_down
from app.limits.metrics import RATE_LIMITED

NOTED: Final = "tranche.rates"
"""Where a request's scope has how it stands with each rate that it was counted for."""
WINDOW: Final = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How an identity stands with a rate: of `quota` requests `left`, until `seconds` from now."""

    allowed: bool
    quota: int
    left: int
    seconds: int


class Rate:
    """So many requests a minute for each identity; 0 is no limit. `name` is what the headers of answers call it."""

    def __init__(self, name: str, per_minute: int, storage: Storage) -> None:
        self.name, self.per_minute = name, per_minute
        self._item = RateLimitItemPerMinute(per_minute, namespace=name)
        self._limiter = FixedWindowRateLimiter(storage)

    async def hit(self, identity: str) -> Standing:
        """Count one; while the database cannot be asked, everything is allowed."""
        if not self.per_minute:
            return Standing(True, 0, 0, WINDOW)
        try:
            # What is over the limit is not counted on: it would cost a write for each request of a flood.
            allowed = await self._limiter.test(self._item, identity) and await self._limiter.hit(self._item, identity)
        except Exception as error:
            if not is_database_down(error):
                raise
            allowed = True
        reset, left = await self._limiter.get_window_stats(self._item, identity)
        return Standing(allowed, self.per_minute, left, max(1, math.ceil(reset - time.time())))

    @raises(TooManyRequests)
    async def check(self, scope: Scope, identity: str) -> None:
        """Count a request, once; raises TooManyRequests (429). The answer's headers say how the identity stands."""
        noted: dict[str, Standing] = scope.setdefault(NOTED, {})
        if not self.per_minute or self.name in noted:
            return
        standing = noted[self.name] = await self.hit(identity)
        if not standing.allowed:
            raise self.refusal(standing)

    def refusal(self, standing: Standing) -> TooManyRequests:
        """The problem of a request that is one too many."""
        RATE_LIMITED.labels(self.name).inc()
        detail = f"At most {self.per_minute:,} requests a minute, counted by {self.name}."
        headers = {"Retry-After": str(standing.seconds)}
        return TooManyRequests(detail, headers=headers, policy=self.name, limit=self.per_minute)


class Rates:
    """The rates of callers, and of those who send no credential."""

    def __init__(self, key: Rate, organisation: Rate, address: Rate) -> None:
        self.key, self.organisation, self.address = key, organisation, address

    @raises(Rate.check)
    async def admit(self, request: Request, caller: Caller) -> None:
        """Count a request of the caller's key or session, and of the organisation."""
        await self.key.check(request.scope, str(caller.credential_id))
        await self.organisation.check(request.scope, str(caller.organisation_id))


def rate_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """`RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11) for the answer to a request."""
    noted: dict[str, Standing] = scope.get(NOTED) or {}
    if not noted:
        return []
    policies = ", ".join(f'"{name}";q={standing.quota};w={WINDOW}' for name, standing in noted.items())
    standings = ", ".join(f'"{name}";r={standing.left};t={standing.seconds}' for name, standing in noted.items())
    return [(b"ratelimit-policy", policies.encode()), (b"ratelimit", standings.encode())]
