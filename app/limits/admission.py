"""What `auth` asks for: the rates of callers and the throttling of wrong keys together."""

from __future__ import annotations

from fastapi import Request

from app.audit.actions import Action
from app.auth.caller import Caller
from app.kit.declarations import raises
from app.limits.guesses import Guesses
from app.limits.rates import Rates


class Limits:
    """An `Admission` of `app.auth.admission`."""

    def __init__(self, rates: Rates, guesses: Guesses) -> None:
        self._rates, self._guesses = rates, guesses

    @raises(Rates.admit)
    async def admit(self, request: Request, caller: Caller) -> None:
        await self._rates.admit(request, caller)

    async def count_wrong_key(self, request: Request, *, signing_in: bool = False) -> int:
        action = Action.SESSION_REFUSED if signing_in else Action.CREDENTIAL_REFUSED
        return await self._guesses.count_key(request, action)
