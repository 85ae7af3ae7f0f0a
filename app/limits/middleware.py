"""Counts requests that show no credential by their address, and says how everybody stands with rates and quotas."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.auth.caller import session_secret
from app.kit.container import Container
from app.kit.errors import TooManyRequests, problem_response
from app.limits.clients import network_of
from app.limits.rates import NOTED, Rates, rate_headers
from app.limits.warnings import warning_headers

UNCOUNTED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Load balancers and Prometheus ask for these."""
WITH_CODES: Final = ("/api/results/", "/r/")
SIGNING_IN: Final = frozenset({("POST", "/api/session"), ("GET", "/sign-in"), ("POST", "/sign-in")})
"""Here a code, a link or a key in the body is the credential: the routes count what is wrong themselves."""


def _shows_nothing(request: Request) -> bool:
    """Whether the request has nothing that would tell its sender from others at the same address."""
    path = request.url.path
    if path in UNCOUNTED or path.startswith(WITH_CODES) or (request.method, path) in SIGNING_IN:
        return False
    if not path.startswith("/api/"):
        return True
    return not ("authorization" in request.headers or session_secret(request) or "ticket" in request.query_params)


class RateHeaders:
    """ASGI middleware for both."""

    def __init__(self, app: ASGIApp, *, container: Container) -> None:
        self.app, self._container = app, container

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault(NOTED, {})  # a request that was looked at before it came here is not counted again

        async def send_with_rates(message: Message) -> None:
            if message["type"] == "http.response.start":
                warnings = warning_headers(scope) if message["status"] < 400 else []
                message = {**message, "headers": [*message["headers"], *rate_headers(scope), *warnings]}
            await send(message)

        request = Request(scope)
        if _shows_nothing(request):
            try:
                await self._container.get(Rates).address.check(scope, network_of(request))
            except TooManyRequests as error:
                kind = type(error)
                answer = problem_response(
                    request, kind.status, kind.code, kind.title, error.detail, error.headers, error.extra
                )
                await answer(scope, receive, send_with_rates)
                return
        await self.app(scope, receive, send_with_rates)
