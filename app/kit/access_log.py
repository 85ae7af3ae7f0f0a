"""Gives each request an id, answers what fails unexpectedly, and writes one line of the log when it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.logs import FIELDS
from app.kit.request_context import HEADER, RequestContext, enter_request, leave_request, request_id_from
from app.kit.tracing import measure_request, span

log = logging.getLogger("tranche.access")
OnError = Callable[[Request, Exception], Awaitable[Response]]


class AccessLog:
    """ASGI middleware, outside of all others, so that it knows every answer.

    The line has method, route (its pattern: paths hold share codes, queries hold tickets), status, duration in
    milliseconds, bytes of the body, address, and who called. `on_error` answers what nobody else did.
    """

    def __init__(self, app: ASGIApp, *, on_error: OnError) -> None:
        self.app, self._on_error = app, on_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        context = RequestContext(request_id_from(Headers(scope=scope).get(HEADER)), scope)
        status, size, began = 0, 0, time.perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = context.id
            else:
                size += len(message.get("body", b""))
            await send(message)

        async def answer() -> None:
            try:
                await self.app(scope, receive, counted)
            except Exception as error:
                if status:
                    raise
                response = await self._on_error(Request(scope), error)
                await response(scope, receive, counted)

        token = enter_request(context)
        method = scope["method"]
        try:
            with span(method, parent=Headers(scope=scope).get("traceparent"), kind="server") as traced:
                try:
                    await answer()
                finally:
                    if traced is not None:
                        _describe(traced, context, method, status)
        finally:
            seconds = time.perf_counter() - began
            _write(context, method, status or None, size, seconds)
            route = context.route or "-"
            named = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            measure_request(seconds, named)
            leave_request(token)


def _describe(traced: Any, context: RequestContext, method: str, status: int) -> None:
    """Name a request's span by its route, as the semantic conventions for HTTP say."""
    route = context.route or "-"
    traced.update_name(f"{method} {route}")
    traced.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    traced.set_attributes({f"tranche.{name}": value for name, value in context.log_fields().items()})


def _write(context: RequestContext, method: str, status: int | None, size: int, seconds: float) -> None:
    """`status` is None when the client was gone before the answer."""
    if not log.isEnabledFor(logging.INFO):
        return
    route = context.route or "-"
    who = {"user_id": context.user_id, "credential_id": context.credential_id, "problem": context.problem}
    fields = {
        "method": method,
        "route": route,
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "bytes": size,
        "address": context.client_address,
        **{name: str(value) for name, value in who.items() if value},
    }
    log.info("%s %s %s", method, route, status or "-", extra={FIELDS: fields})
