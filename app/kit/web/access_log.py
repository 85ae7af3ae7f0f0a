"""Gives each request an id, answers what fails unexpectedly, and writes one line of the log when it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.logs import FIELDS
from app.kit.tracing import measure_request, span
from app.kit.web.http_figures import IN_PROGRESS, count_request
from app.kit.web.plain_socket import SENT
from app.kit.web.request_context import HEADER, RequestContext, enter_request, leave_request, request_id_from
from app.kit.web.taken_connection import TakenConnection, taken_by

log = logging.getLogger("tranche.access")
OnError = Callable[[Request, Exception], Awaitable[Response]]


class AccessLog:
    """ASGI middleware, outside of all others, so that it knows every answer.

    The line has method, route (its pattern: paths hold share codes, queries hold tickets), status, duration in
    milliseconds, bytes of the body, address, and who called. `on_error` answers what nobody else did; `on_request` is
    called as each begins.
    """

    def __init__(self, app: ASGIApp, *, on_error: OnError, on_request: Callable[[], None]) -> None:
        self.app, self._on_error, self._on_request = app, on_error, on_request

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self._on_request()
        context = RequestContext(request_id_from(Headers(scope=scope).get(HEADER)), scope)
        status, size, began = 0, 0, time.perf_counter()

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = context.id
            else:
                size += len(message.get("body", b"")) + message.get(SENT, 0)
            await send(message)

        async def answer() -> None:
            try:
                await self.app(scope, receive, counted)
            except ClientDisconnect:
                return  # in the middle of its body: there is nobody to answer
            except Exception as error:
                if status:
                    raise
                response = await self._on_error(Request(scope), error)
                await response(scope, receive, counted)

        token = enter_request(context)
        IN_PROGRESS.inc()
        method = scope["method"]
        try:
            with span(method, parent=Headers(scope=scope).get("traceparent"), kind="server") as traced:
                try:
                    await answer()
                finally:
                    if traced is not None:
                        _describe(traced, context, method, status)
        finally:
            taken = taken_by(scope)
            if taken is None:
                _Over(context, method, status or None).tell(size, time.perf_counter() - began)
            else:
                _tell_later(taken, _Over(context, method, status or None, later=True), size, began)
            leave_request(token)


def _describe(traced: Any, context: RequestContext, method: str, status: int) -> None:
    """Name a request's span by its route, as the semantic conventions for HTTP say."""
    route = context.route or "-"
    traced.update_name(f"{method} {route}")
    traced.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    traced.set_attributes({f"tranche.{name}": value for name, value in context.log_fields().items()})


def tell_of_stream(taken: TakenConnection, context: RequestContext, began: float) -> None:
    """Write the line and count the request, once the stream has ended with which it was answered at the door."""
    IN_PROGRESS.inc()
    _tell_later(taken, _Over(context, context.scope["method"], 200, later=True), 0, began)


def _tell_later(taken: TakenConnection, over: _Over, size: int, began: float) -> None:
    taken.when_over(lambda sent: over.tell(size + sent, time.perf_counter() - began))


class _Over:
    """What is told of a request once its answer has ended. `status` is None when the client was gone before it.

    `later`: the request itself is forgotten by then.
    """

    __slots__ = ("_fields", "_method", "_problem", "_route", "_status")

    def __init__(self, context: RequestContext, method: str, status: int | None, *, later: bool = False) -> None:
        self._method, self._status, self._route, self._problem = method, status, context.route, context.problem
        self._fields = _fields(context, method, status) if log.isEnabledFor(logging.INFO) else None
        if later and self._fields is not None:
            self._fields |= context.log_fields()

    def tell(self, size: int, seconds: float) -> None:
        """Write the line and count the request."""
        method, route, status = self._method, self._route or "-", self._status
        if self._fields is not None:
            fields = self._fields | {"duration_ms": round(seconds * 1000, 1), "bytes": size}
            log.info("%s %s %s", method, route, status or "-", extra={FIELDS: fields})
        named = {"http.request.method": method, "http.route": route, "http.response.status_code": status or 0}
        measure_request(seconds, named)
        count_request(method, self._route, status, seconds, self._problem)
        IN_PROGRESS.dec()


def _fields(context: RequestContext, method: str, status: int | None) -> dict[str, Any]:
    who = {"user_id": context.user_id, "credential_id": context.credential_id, "problem": context.problem}
    return {
        "method": method,
        "route": context.route or "-",
        "status": status,
        "duration_ms": 0.0,
        "bytes": 0,
        "address": context.client_address,
        **{name: str(value) for name, value in who.items() if value},
    }
