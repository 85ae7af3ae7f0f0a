"""What is known of the request that is being answered, wherever in the code that is: its id, and who sent it."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.ids import new_id

HEADER: Final = "X-Request-Id"
_READABLE: Final = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)
MOST_OF_AGENT: Final = 300
"""Characters of User-Agent that are kept."""


@dataclass(slots=True)
class RequestContext:
    """One request. `id` is the client's X-Request-Id, or a UUIDv7 when it sent none of the accepted form.

    `scope` is the request's ASGI scope: the peer's address is read when it is asked for, as middleware may correct it.
    """

    id: str
    scope: Scope

    @property
    def client_address(self) -> str | None:
        client = self.scope.get("client")
        return str(client[0]) if client else None

    @property
    def user_agent(self) -> str | None:
        """What the client calls itself, without control characters and cut."""
        agent = Headers(scope=self.scope).get("user-agent")
        return "".join(letter for letter in agent if letter.isprintable())[:MOST_OF_AGENT] if agent else None


_current: ContextVar[RequestContext | None] = ContextVar("request", default=None)


def current_request() -> RequestContext | None:
    """The request in whose task this runs; None outside of any."""
    return _current.get()


def request_id_from(given: str | None) -> str:
    """The id that a client gave its request, if it has the accepted form, else a new one."""
    return given if given and _READABLE.fullmatch(given) else str(new_id())


class RequestIds:
    """ASGI middleware: gives each request an id, which `current_request` knows and the answer's X-Request-Id says."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = RequestContext(request_id_from(Headers(scope=scope).get(HEADER)), scope)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = context.id
            await send(message)

        token = _current.set(context)
        try:
            await self.app(scope, receive, send_with_id)
        finally:
            _current.reset(token)
