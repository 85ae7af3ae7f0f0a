"""The socket of a request whose answer nothing lies between: files go from the kernel's cache straight into it.

ASGI has no word for this that uvicorn knows (its extension `http.response.pathsend` is for one whole file), so our own
protocol class offers it. Whoever wants to write takes `plain_socket` before the header is sent, and does without where
there is none: behind another server, for HEAD, or where the bytes are encrypted on their way.
"""

from __future__ import annotations

import asyncio
import os
from typing import Final

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

EXTENSION: Final = "tranche.plain_socket"
SENT: Final = "tranche.sent"
"""In the last message of such an answer: bytes of the body that went beside ASGI."""


class PlainSocket:
    """Sends the body of one answer of known length. `descriptor` is a second one for the connection's socket.

    So a thread may write to it without meeting another connection's, should this one end meanwhile. The transport
    must have nothing left to write whenever something else writes: `start` and `write` see to it.
    """

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._transport, self._cycle = cycle.transport, cycle
        self.descriptor = os.dup(self._transport.get_extra_info("socket").fileno())
        self.sent = 0
        self._transport.set_write_buffer_limits(0)

    @property
    def is_gone(self) -> bool:
        """Whether nobody is there any more who could read."""
        return self._cycle.disconnected or self._transport.is_closing()

    async def start(self) -> None:
        """Wait until the header is on its way."""
        await self._emptied()

    async def write(self, data: bytes) -> None:
        """Write through the transport, and wait until the reader has taken so much that it is on its way."""
        self._transport.write(data)
        self.count(len(data))
        await self._emptied()

    async def _emptied(self) -> None:
        flow = self._cycle.flow
        while self._transport.get_write_buffer_size() and not self.is_gone:
            # Without a limit for what is buffered, the protocol is paused whenever something is.
            await (flow.drain() if flow.write_paused else asyncio.sleep(0))

    def count(self, size: int) -> None:
        """Note that so many bytes of the body were sent."""
        self.sent += size
        self._cycle.expected_content_length -= size

    def drop(self) -> None:
        """End the connection: its other end has, or cannot be told otherwise that the rest is missing."""
        self._transport.abort()
        self._cycle.disconnected = True

    def close(self) -> None:
        """Give the descriptor back, when no thread writes to it any more."""
        os.close(self.descriptor)
        if not self._transport.is_closing():
            self._transport.set_write_buffer_limits()


def plain_socket(scope: Scope) -> PlainSocket | None:
    """For the answer to this request, whose header was not sent yet; whoever gets one must close it."""
    found = scope.get("extensions", {}).get(EXTENSION)
    cycle: RequestResponseCycle | None = found() if found else None
    if cycle is None or cycle.response_started or cycle.disconnected or scope["method"] == "HEAD":
        return None
    transport = cycle.transport
    if transport.is_closing() or transport.get_extra_info("sslcontext") or not transport.get_extra_info("socket"):
        return None
    return PlainSocket(cycle)
