"""Notes the requests that were refused for their key or session, whoever refused them."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers

from app.audit.actions import Action
from app.audit.tallies import Tallies
from app.auth.errors import KeyNotValid
from app.auth.secrets import secret_hash
from app.kit.request_context import RequestContext

SIGN_IN: Final = "/api/session"


class Refusals:
    """Is told of every request when it is over."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies

    def __call__(self, request: RequestContext) -> None:
        if request.problem != KeyNotValid.code:
            return
        scheme, _, key = Headers(scope=request.scope).get("authorization", "").partition(" ")
        signs_in = request.scope["path"] == SIGN_IN and not scheme
        self._tallies.note(
            Action.SESSION_REFUSED if signs_in else Action.CREDENTIAL_REFUSED,
            outcome="failure",
            credential_hash=secret_hash(key.strip()) if key else None,
            request=request,
        )
