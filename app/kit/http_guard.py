"""Connections that are guarded against slow senders, and that can be dropped at once.

uvicorn has no time limit for a request that does not arrive: silent, half-header and half-body connections were still
open after 35 s (measured), and a header line of 200 KB was taken.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, ClassVar, Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.kit.errors import BadRequest, HeaderFieldsTooLarge, Problem, RequestTimeout, TooManyConnections, Unavailable
from app.kit.proxies import TrustedProxies

MAX_HEADER_BYTES: Final = 64 * 1024
_ABORT: Final = "tranche.abort"


def abort(scope: Scope) -> None:
    """Drop the connection of a request now, with what is still buffered for it. Needs the server's GuardedProtocol."""
    drop: Callable[[], None] = scope.get("extensions", {}).get(_ABORT, lambda: None)
    drop()


class _Awaited(Enum):
    """What is still to come of a request."""

    NOTHING = auto()
    HEADER = auto()
    BODY = auto()


class HeaderTooLarge(Exception):
    """Stops the parser."""


class HostNotClear(Exception):
    """Stops the parser: RFC 9112, 3.2, asks for exactly one Host in HTTP/1.1."""


class GuardedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose requests must arrive: the header within `patience` seconds, the body without longer silences.

    Time in which we do not read, because the application is not ready for more, does not count. Who is too late gets a
    408, a header of more than 64 KB a 431, an address with too many connections a 503; then the connection is closed.
    """

    patience: ClassVar[float] = 20.0
    most_of_address: ClassVar[int] = 1000
    proxies: ClassVar[TrustedProxies] = TrustedProxies(())
    """They speak for many: their connections are not counted."""
    _open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.access_log = False  # it would show the secrets in queries, whatever somebody configures
        self._awaited = _Awaited.HEADER
        self._since = self.loop.time()
        self._header_bytes = 0
        self._host: str | None = None
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        host = self.client[0] if self.client else None
        if host and not self.proxies.trusts(host):
            self._host = host
            self._open[host] += 1
            if self._open[host] > self.most_of_address:
                self._refuse(TooManyConnections)
                return
        self._watch = self.loop.call_later(self.patience, self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._host:
            self._open[self._host] -= 1
            if self._open[self._host] <= 0:
                del self._open[self._host]
            self._host = None
        self._awaited = _Awaited.NOTHING
        self._set_watch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._awaited
        if before is not _Awaited.HEADER:
            self._since = self.loop.time()
        super().data_received(data)
        if before is self._awaited is _Awaited.HEADER:
            self._header_bytes += len(data)
            if self._header_bytes > MAX_HEADER_BYTES:
                self._refuse(HeaderFieldsTooLarge)
        self._set_watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_ABORT: self.transport.abort}  # type: ignore[dict-item]
        self._awaited, self._header_bytes = _Awaited.HEADER, 0

    def on_headers_complete(self) -> None:
        self._header_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise HeaderTooLarge
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or self.parser.get_http_version() not in ("1.0", "1.1") or (not hosts and self._is_current()):
            raise HostNotClear
        self._awaited = _Awaited.BODY
        super().on_headers_complete()

    def _is_current(self) -> bool:
        return self.parser.get_http_version() != "1.0"

    def on_message_complete(self) -> None:
        self._awaited = _Awaited.NOTHING
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The parser gave up: what it was given is no HTTP, or the header was too large."""
        too_large = self._awaited is _Awaited.HEADER and self._header_bytes > MAX_HEADER_BYTES
        self._refuse(HeaderFieldsTooLarge if too_large else BadRequest)

    def _set_watch(self) -> None:
        """Requests that come in one piece, which is nearly all of them, never need a timer."""
        if self._watch is None and self._awaited is not _Awaited.NOTHING:
            self._since = self.loop.time()
            self._watch = self.loop.call_later(self.patience, self._check)
        elif self._watch and self._awaited is _Awaited.NOTHING:
            self._watch.cancel()
            self._watch = None

    def _check(self) -> None:
        now = self.loop.time()
        if self._awaited is _Awaited.BODY and self.flow.read_paused:
            self._since = now
        left = self._since + self.patience - now
        if left > 0:
            self._watch = self.loop.call_later(left, self._check)
        else:
            self._refuse(RequestTimeout)

    def _refuse(self, kind: type[Problem]) -> None:
        """Answer for the application, unless it has begun to, and close the connection."""
        self._awaited = _Awaited.NOTHING
        if self.transport.is_closing():
            return
        if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()
            return
        code = kind.code
        problem = {"type": f"urn:tranche:problem:{code}", "title": kind.title, "status": kind.status, "code": code}
        body = json.dumps(problem | {"detail": kind.meaning(), "instance": "/"}).encode()
        again = "retry-after: 5\r\n" if issubclass(kind, Unavailable) else ""
        head = f"HTTP/1.1 {kind.status} {HTTPStatus(kind.status).phrase}\r\ncontent-type: application/problem+json\r\n"
        head += f"{again}cache-control: no-store\r\nx-content-type-options: nosniff\r\n"
        self.transport.write(f"{head}content-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body)
        self.transport.close()


def guarded(patience: float, *, most_of_address: int, proxies: TrustedProxies) -> type[GuardedProtocol]:
    """The protocol with so many seconds of patience, and connections of one address that is no trusted proxy."""
    values = {"patience": patience, "most_of_address": most_of_address, "proxies": proxies, "_open": Counter()}
    return type("Guarded", (GuardedProtocol,), values)
