"""Tells the audit log of requests that were refused because their caller may not do what they ask (ASVS 16.3.2)."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.audit.actions import Action
from app.audit.record import ANONYMOUS, Target
from app.audit.tallies import Tallies
from app.kit.container import Container
from app.kit.web.request_context import current_request

FORBIDDEN: Final = 403


class Refusals:
    """ASGI middleware: every 403 is counted, whichever route or middleware further in answers it.

    The target is the operation, with the pattern of its path: an id in it would make a row for each object that
    somebody tries, and the access log has it under the same request id.
    """

    def __init__(self, app: ASGIApp, *, container: Container) -> None:
        self.app, self._container = app, container

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == FORBIDDEN:
                self._note(scope)
            await send(message)

        await self.app(scope, receive, told if scope["type"] == "http" else send)

    def _note(self, scope: Scope) -> None:
        request = current_request()
        if request is None:
            return
        who = scope.get("state", {}).get("caller") or ANONYMOUS
        operation = Target("operation", f"{scope['method']} {request.route or '-'}")
        reason = request.problem
        self._container.get(Tallies).note(
            Action.PERMISSION_REFUSED, who=who, target=operation, outcome="failure", reason=reason
        )
