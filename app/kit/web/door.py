"""Requests that are answered before the application is asked: held by the server's connection until somebody decides.

Whoever keeps the door may answer a request that it has been shown with a stream, or leave it to the application, which
then answers it as if it had come just now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from starlette.types import Scope

from app.kit.web.taken_connection import TakenConnection


class Held(Protocol):
    """A request that waits on its connection. One of the two is called, once."""

    def serve(self) -> None:
        """Leave it to the application."""

    def answer(self, connection: TakenConnection, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Send a 200 with these headers and let `connection` write the body; False: that cannot be, `serve` it."""


class Door(Protocol):
    """Keeps some requests from the application."""

    def show(self, held: Held, scope: Scope) -> Callable[[], None] | None:
        """What is called once a request has come whole, which then is held; None: it is for the application."""
