"""Refuses request bodies over their limit, before they are read or as soon as they pass it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kit.errors import problem_response


class BodyLimit:
    """ASGI middleware. `overrides` maps a path to its own limit in bytes.

    Routes that stream bodies watch over themselves: every path below a prefix of `raw`, and multipart bodies on a path
    of `multipart`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        overrides: Mapping[str, int],
        raw: tuple[str, ...] = (),
        multipart: tuple[str, ...] = (),
    ) -> None:
        self.app, self.limit, self.overrides, self.raw, self.multipart = app, limit, overrides, raw, multipart

    def _is_streamed(self, scope: Scope) -> bool:
        if scope["path"].startswith(self.raw):
            return True
        kind: bytes = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        return scope["path"] in self.multipart and kind.startswith(b"multipart/form-data")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_streamed(scope):
            await self.app(scope, receive, send)
            return
        limit = self.overrides.get(scope["path"].rstrip("/"), self.limit)
        detail = f"The body is larger than {limit:,} bytes."
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > limit:
            headers = {"Connection": "close"}
            answer = problem_response(Request(scope), 413, "too_large", "Too large", detail, headers)
            await answer(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                # FastAPI turns any other exception met while it reads a body into a 400.
                raise HTTPException(413, detail, {"Connection": "close"})
            return message

        await self.app(scope, counted, send)
