"""Connections that are guarded against slow senders, and that an answer without an end can take over.

uvicorn has no time limit for a request that does not arrive: silent, half-header and half-body connections were still
open after 35 s (measured), and a header line of 200 KB was taken.
"""

from __future__ import annotations

import asyncio
import json
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, ClassVar, Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.kit.errors import (
    BadRequest,
    HeaderFieldsTooLarge,
    Problem,
    RequestTimeout,
    ShuttingDown,
    TooManyConnections,
    Unavailable,
)
from app.kit.web.door import Door
from app.kit.web.plain_socket import EXTENSION
from app.kit.web.proxies import TrustedProxies
from app.kit.web.taken_connection import HIGH_WATER, LOW_WATER, TakenConnection, note_taken

MAX_HEADER_BYTES: Final = 64 * 1024
_GUARD: Final = "tranche.guard"


def guard_of(scope: Scope) -> GuardedProtocol | None:
    """The guard of a request's connection; None behind another server, or when the connection is gone."""
    found = scope.get("extensions", {}).get(_GUARD)
    return found() if found else None


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
    door: ClassVar[Door | None] = None
    _open: ClassVar[Counter[str]] = Counter()
    _made_of: ClassVar[tuple[Any, ...]]

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.access_log = False  # it would show the secrets in queries, whatever somebody configures
        self._awaited = _Awaited.HEADER
        self._since = self.loop.time()
        self._header_bytes = 0
        self._host: str | None = None
        # A request must not keep its connection: only the collector would free both.
        self._extension = weakref.ref(self)
        self._watch: asyncio.TimerHandle | None = None
        self._held: tuple[RequestResponseCycle, Any, Callable[[], None]] | None = None

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
        self.leave(self._host)
        self._host = None
        self._awaited = _Awaited.NOTHING
        self._set_watch()
        super().connection_lost(exc)

    @classmethod
    def leave(cls, host: str | None) -> None:
        """One connection less from an address."""
        if host:
            cls._open[host] -= 1
            if cls._open[host] <= 0:
                del cls._open[host]

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
        self.scope["extensions"] = {_GUARD: self._extension}  # type: ignore[dict-item]
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
        # Not the cycle itself: with its scope it would wait for the collector.
        self.scope["extensions"][EXTENSION] = weakref.ref(self.cycle)  # type: ignore[assignment]

    def _is_current(self) -> bool:
        return self.parser.get_http_version() != "1.0"

    def on_message_complete(self) -> None:
        self._awaited = _Awaited.NOTHING
        super().on_message_complete()
        if self._held and self._held[0] is self.cycle:
            self._held[2]()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Begin with a request, unless it is held. Those that waited for others on their connection never are."""
        shown = self.door.show(self, cast(Scope, cycle.scope)) if self.door and cycle.more_body else None
        if shown:
            self._held = cycle, app, shown
        else:
            super()._start_asgi_task(cycle, app)

    def serve(self) -> None:
        """Leave the request that is held, if one is, to the application."""
        held, self._held = self._held, None
        if held:
            super()._start_asgi_task(held[0], held[1])

    def answer(self, connection: TakenConnection, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Answer the request that is held; False when the client is gone, or has sent something else."""
        cycle = self.cycle
        if not (self._held and cycle.keep_alive and self.may_hand_over()):
            return False
        self._held = None
        lines = [b"%b: %b\r\n" % header for header in (*cycle.default_headers, *headers)]
        self.transport.write(b"HTTP/1.1 200 OK\r\n" + b"".join(lines) + b"transfer-encoding: chunked\r\n\r\n")
        cycle.response_started = cycle.chunked_encoding = True
        if not self.hand_over(connection):
            connection.connection_lost(None)
        return True

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

    def may_hand_over(self) -> bool:
        """Whether the request that is being answered is all that the connection has to do. Asked before the header.

        An answer to HTTP/1.0 then has no chunks (RFC 9112, 7.1): it goes on to the end of the connection.
        """
        if self._awaited is not _Awaited.NOTHING or self.pipeline or self.transport.is_closing():
            return False
        if self.cycle.response_started or self.cycle.disconnected:
            return False
        if not self._is_current():
            self.cycle.chunked_encoding = False
        return True

    def hand_over(self, connection: TakenConnection) -> bool:
        """Let `connection` write the body, whose header was sent; False when the client is gone meanwhile.

        The request is over then: its task ends, and nothing of it stays in memory.
        """
        cycle, transport = self.cycle, self.transport
        if cycle.disconnected or transport.is_closing():
            return False
        home = type(self)
        home._made_of = (self.config, self.server_state, self.app_state, self.loop)
        connection.attach(
            transport,
            home,
            self._host,
            chunked=bool(cycle.chunked_encoding),
            keep_alive=cycle.keep_alive and not self.pipeline,
            write_paused=self.flow.write_paused,
        )
        note_taken(cast(Scope, self.scope), connection)
        cycle.response_complete = True
        self.flow.resume_reading()
        self.connections.discard(self)
        transport.set_protocol(connection)
        transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        # What refers to each other here would wait for the collector.
        self.parser = self.scope = self.headers = self.cycle = self.flow = self.transport = None  # type: ignore[assignment]
        return True

    @classmethod
    def take_back(cls, transport: asyncio.Transport, early: bytes) -> None:
        """Serve the next requests of a connection that was handed over, whose first bytes may have come already."""
        guard = cls(*cls._made_of)
        transport.set_protocol(guard)
        guard.connection_made(transport)
        transport.set_write_buffer_limits()  # which may ask the guard to pause
        guard._wait_for_next(early)

    def _wait_for_next(self, early: bytes) -> None:
        self._awaited = _Awaited.NOTHING
        self._set_watch()
        if early:
            self.data_received(early)
        else:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def refuse_unfinished(self) -> None:
        """Answer for the application, which is about to end."""
        self._refuse(ShuttingDown)

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


def guarded(
    patience: float, *, most_of_address: int, proxies: TrustedProxies, door: Door | None = None
) -> type[GuardedProtocol]:
    """The protocol with so many seconds of patience, and connections of one address that is no trusted proxy."""
    values = {"patience": patience, "most_of_address": most_of_address, "proxies": proxies, "door": door}
    values["_open"] = Counter()
    return type("Guarded", (GuardedProtocol,), values)
