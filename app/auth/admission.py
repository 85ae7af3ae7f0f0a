"""What counts the requests of callers, and of those who only guess, for the routes that ask who calls."""

from __future__ import annotations

from typing import Protocol

from fastapi import Request

from app.auth.caller import Caller
from app.kit.declarations import raises
from app.kit.errors import TooManyRequests


class Admission(Protocol):
    """Rates of the callers whose keys are right, and throttling of keys that are wrong."""

    @raises(TooManyRequests)
    async def admit(self, request: Request, caller: Caller) -> None:
        """Count a request of the caller's; raises TooManyRequests (429) when it is one too many."""

    async def count_wrong_key(self, request: Request, *, signing_in: bool = False) -> int:
        """Count a wrong key or session; in how many seconds the next is answered as such, 0 when this one still is."""
