"""A connection that the HTTP server has handed over: whoever took it writes to its transport, without a task.

An answer that goes on for hours keeps a request's whole stack in memory, and each piece of it passes through all of
that: 41-44 us for a send, of which 8 are the write (measured). Once the header is out none of it is needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from starlette.types import Scope

HIGH_WATER: Final = 256 * 1024
"""Bytes that may wait for a reader before it is asked to wait itself; pieces that many readers are sent are shared."""
LOW_WATER: Final = 64 * 1024
MOST_EARLY_BYTES: Final = 64 * 1024
END: Final = b"0\r\n\r\n"
_TAKEN: Final = "tranche.taken"


def framed(body: bytes) -> bytes:
    """A piece of a body as HTTP/1.1 sends it (RFC 9112, 7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class Home(Protocol):
    """The server that a connection came from."""

    def leave(self, host: str | None) -> None:
        """One connection less from an address."""

    def take_back(self, transport: asyncio.Transport, early: bytes) -> None:
        """Serve the next requests of a connection, whose first bytes may have come already."""


class TakenConnection(asyncio.Protocol):
    """What a connection's transport talks to once it has been handed over.

    `chunked` says whether pieces of the body are framed (HTTP/1.1) or sent as they are, up to the end of the connection
    (HTTP/1.0, or another server's transport). `sent` counts bytes of the body, `write_paused` says that too many wait.
    """

    __slots__ = (
        "_early",
        "_home",
        "_host",
        "_keep_alive",
        "_when_over",
        "chunked",
        "is_over",
        "sent",
        "transport",
        "write_paused",
    )

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._early, self._home, self._host = b"", None, None  # type: tuple[bytes, Home | None, str | None]
        self._keep_alive = self.chunked = self.is_over = self.write_paused = False
        self._when_over: Callable[[int], None] | None = None
        self.sent = 0

    def attach(
        self,
        transport: asyncio.Transport,
        home: Home | None = None,
        host: str | None = None,
        *,
        chunked: bool = False,
        keep_alive: bool = False,
        write_paused: bool = False,
    ) -> None:
        """Called once, by whoever hands the connection over."""
        self.transport, self._home, self._host = transport, home, host
        self.chunked, self._keep_alive, self.write_paused = chunked, keep_alive, write_paused

    def put(self, body: bytes) -> None:
        """Send a piece of the body."""
        self.sent += len(body)
        self.transport.write(framed(body) if self.chunked else body)

    def end(self, *, close: bool = False) -> None:
        """The body is over. The connection goes back to its server, or ends: so does one whose reader is behind."""
        if self.chunked:
            self.transport.write(END)
        if self._home and self._keep_alive and not close and not self.write_paused and not self.transport.is_closing():
            self._home.leave(self._host)
            self._home.take_back(self.transport, self._early)
            self._be_over()
        else:
            self.transport.close()

    def when_over(self, call: Callable[[int], None]) -> None:
        """Have a function called with the bytes of the body that were sent, once that or the connection has ended."""
        if self.is_over:
            call(self.sent)
        else:
            self._when_over = call

    def data_received(self, data: bytes) -> None:
        self._early += data
        if len(self._early) > MOST_EARLY_BYTES:
            self.transport.abort()

    def pause_writing(self) -> None:
        self.write_paused = True

    def resume_writing(self) -> None:
        self.write_paused = False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._home and not self.is_over:
            self._home.leave(self._host)
        self._be_over()

    def over(self) -> None:
        """Called once, when the answer or the connection has ended."""

    def _be_over(self) -> None:
        if self.is_over:
            return
        self.is_over = True
        self.over()
        if self._when_over:
            self._when_over(self.sent)
            self._when_over = None


def note_taken(scope: Scope, connection: TakenConnection) -> None:
    """Tell those around a request that its answer goes on after it."""
    scope.setdefault("extensions", {})[_TAKEN] = connection


def taken_by(scope: Scope) -> TakenConnection | None:
    """What goes on with the answer to a request that is over, if anything does."""
    found: TakenConnection | None = scope.get("extensions", {}).get(_TAKEN)
    return found
