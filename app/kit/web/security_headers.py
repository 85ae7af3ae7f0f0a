"""Headers by which browsers keep answers to themselves: on every answer, whoever made it."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For a page that says nothing else."""
API: Final = "/api/"


def hsts_of(seconds: int, *, subdomains: bool = False) -> str:
    """The value of Strict-Transport-Security; "" where it is not sent."""
    below = "; includeSubDomains" if subdomains else ""
    return f"max-age={seconds}{below}" if seconds else ""


class SecurityHeaders:
    """ASGI middleware. What an answer says itself stays.

    Every answer: `nosniff`. Those below /api: `Cache-Control: no-store`, as any may hold a secret or somebody's data.
    Pages: a policy that lets nothing load and nobody frame them. Over https, for `hsts_seconds`: only https from now
    on (RFC 6797); 0 leaves that to whoever runs the host.
    """

    def __init__(self, app: ASGIApp, *, hsts_seconds: int, hsts_subdomains: bool = False) -> None:
        self.app, self._hsts = app, hsts_of(hsts_seconds, subdomains=hsts_subdomains)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                if scope["path"].startswith(API):
                    headers.setdefault("Cache-Control", "no-store")
                if headers.get("Content-Type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
                if self._hsts and scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", self._hsts)
            await send(message)

        await self.app(scope, receive, send_with_headers)
