"""Who may send how large a body, and how slowly: decided from the header, before the body is read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Protocol

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.errors import RefusedWhileReading, RequestTimeout, TooLarge, TooMuchAtOnce
from app.kit.memory import return_memory
from app.kit.web.early_answer import SMALL_BODY, EarlyAnswer, declared_length
from app.kit.web.error_handlers import answer_to
from app.kit.web.json_lines import is_lines


class Authenticate(Protocol):
    """Raises a Problem when the header of a request holds no valid credential."""

    async def __call__(self, request: Request, /) -> Any: ...


BUFFERED_RATE: Final = 64 * 1024
"""Bytes a second at least of a body that is held in memory; 60 MB may take a quarter of an hour."""
STREAMED_RATE: Final = 4 * 1024
"""The same of one that goes to the disk as it comes: less than any network gives."""
RETURN_MEMORY_FROM: Final = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BodyRules:
    """What bodies may be.

    `limit` is the largest in bytes, `overrides` that of single paths, `at_once` what all that are being held in memory
    may have together, `patience` the seconds in which nothing need come. Routes that stream bodies watch over their
    size themselves: those of a path that matches a pattern of `raw`, multipart bodies on a path of `multipart`, and
    lines of JSON on one that matches a pattern of `lines`. In a pattern, and in an override, `*` stands for anything.
    """

    limit: int
    authenticate: Authenticate
    overrides: Mapping[str, int] = field(default_factory=dict)
    raw: tuple[str, ...] = ()
    multipart: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    at_once: int = 128 * 1024 * 1024
    patience: float = 20.0

    def limit_of(self, path: str) -> int:
        path = path.rstrip("/")
        if path in self.overrides:
            return self.overrides[path]
        return next((most for one, most in self.overrides.items() if "*" in one and fnmatchcase(path, one)), self.limit)

    def is_streamed(self, scope: Scope) -> bool:
        if any(fnmatchcase(scope["path"], pattern) for pattern in self.raw):
            return True
        kind: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if scope["path"] in self.multipart:
            return kind.lower().startswith(b"multipart/form-data")
        return is_lines(kind.decode("latin-1")) and any(fnmatchcase(scope["path"], one) for one in self.lines)


class BodyLimit:
    """ASGI middleware: refuses a body over its limit, and one over 64 KiB without a valid credential, unread.

    A body of unknown length is refused as soon as it passes the limit; one that comes too slowly with 408; one for
    which there is no memory just now with 503.
    """

    def __init__(self, app: ASGIApp, rules: BodyRules) -> None:
        self.app, self.rules = app, rules
        self._held = 0
        self._returning: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = declared_length(scope) if scope["type"] == "http" else 0
        if length == 0:
            await self.app(scope, receive, send)
            return
        early = EarlyAnswer(scope, receive, send)
        body = _Body(self, scope, early, length)
        try:
            try:
                await body.admit()
            except Exception as problem:
                await (await answer_to(Request(scope), problem))(scope, early.receive, early.send)
            else:
                await self.app(scope, body.receive, early.send)
        finally:
            self._release(body.held)

    def hold(self, count: int) -> None:
        """Count bytes that are going to be in memory; raises TooMuchAtOnce when there are too many."""
        if self._held and self._held + count > max(self.rules.at_once, count):
            raise TooMuchAtOnce("Other large bodies are being read just now.", retry_after=5)
        self._held += count

    def _release(self, count: int) -> None:
        self._held -= count
        if count >= RETURN_MEMORY_FROM and (self._returning is None or self._returning.done()):
            self._returning = asyncio.get_running_loop().run_in_executor(None, return_memory)


class _Body:
    """The body of one request. `length` is what its header announces."""

    def __init__(self, limits: BodyLimit, scope: Scope, early: EarlyAnswer, length: int | None) -> None:
        self._limits, self._scope, self._early, self._length = limits, scope, early, length
        rules = limits.rules
        self._streamed = rules.is_streamed(scope)
        self._limit = None if self._streamed else rules.limit_of(scope["path"])
        self._rate = STREAMED_RATE if self._streamed else BUFFERED_RATE
        self._known = False
        self._received, self._waited, self.held = 0, 0.0, 0

    async def admit(self) -> None:
        """Raise the problem of a body whose header says enough to refuse it."""
        await self._check(self._length or 0)

    async def receive(self) -> Message:
        """The next piece. Time counts only while it is waited for: our own slowness is not the client's."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        left = self._limits.rules.patience + self._received / self._rate - self._waited
        try:
            async with asyncio.timeout(left):
                message = await self._early.receive()
        except TimeoutError:
            self._early.give_up()
            raise RefusedWhileReading(RequestTimeout("The body comes too slowly.")) from None
        self._waited += loop.time() - began
        self._received += len(message.get("body", b""))
        if self._length is None:
            try:
                await self._check(self._received)
            except Exception as problem:
                raise RefusedWhileReading(problem) from None
        return message

    async def _check(self, size: int) -> None:
        if self._limit is not None and size > self._limit:
            raise TooLarge(f"The body is larger than {self._limit:,} bytes.")
        if size <= SMALL_BODY:
            return
        if not self._known:
            await self._limits.rules.authenticate(Request(self._scope))
            self._known = True
        if not self._streamed and size > self.held:
            self._limits.hold(size - self.held)
            self.held = size
