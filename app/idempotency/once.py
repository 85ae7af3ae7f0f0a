"""Idempotency-Key: the same request under the same key is answered the same again, and carried out once.

The key's row is inserted in the transaction that does the work, so either both are there or neither. An advisory lock,
tried and not waited for, tells a second request that the first is still in flight. (Check-then-insert made 20 batches
of 40 racers, the unique insert makes one; measured.)
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from pydantic_core import to_jsonable_python
from sqlalchemy.ext.asyncio import AsyncSession

from app.idempotency import repository
from app.idempotency.errors import IdempotencyInFlight, IdempotencyKeyReused
from app.kit.json_writing import dump_json
from app.kit.web.public_address import public_path

M = TypeVar("M", bound=BaseModel)
Kept = dict[str, Any]
"""What is kept of an answer: JSON values, and never a secret."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """The request's Idempotency-Key, or None when it has none, and what it asks for: method, path and query."""

    key: str | None
    target: str


class Once:
    """Carries one request out once. `body`, of models or JSON values, tells two requests apart.

    A `location` such as "/api/templates/{id}" is filled in from what is kept, and sent with the first answer and with
    each replay. A replay is marked `Idempotent-Replayed: true`.
    """

    def __init__(self, request: KeyedRequest, organisation_id: UUID, response: Response) -> None:
        self._request, self._organisation_id, self._response = request, organisation_id, response

    async def answer(
        self,
        session: AsyncSession,
        body: Any,
        make: Callable[[], Awaitable[object]],
        reply: type[M],
        *,
        location: str | None = None,
    ) -> M:
        """The reply, from what `make` returns, or as it was given before. It is kept whole: it must hold no secret.

        Raises what `find` does.
        """

        async def make_reply() -> BaseModel:
            return reply.model_validate(await make())

        return reply.model_validate(await self.run(session, body, make_reply, location=location))

    async def run(
        self,
        session: AsyncSession,
        body: Any,
        make: Callable[[], Awaitable[object]],
        *,
        location: str | None = None,
    ) -> Kept:
        """What `make` returns as JSON values, or returned before; kept in the transaction that does the work.

        For answers that hold a secret: `make` returns what it can be made from again. Raises what `find` does.
        """
        kept = await self.find(session, body, location=location)
        if kept is None:
            kept = to_jsonable_python(await make())
            if self._request.key is not None:
                digest = await self._digest(body)
                await repository.add_answer(session, self._organisation_id, self._request.key, digest, kept)
            self._locate(location, kept)
        return kept

    async def find(self, session: AsyncSession, body: Any, *, location: str | None = None) -> Kept | None:
        """What was kept, if the request was answered before; else holds the key until the transaction ends.

        Raises IdempotencyInFlight (409) while another request without an answer holds it, IdempotencyKeyReused (422)
        when the key was used for another request.
        """
        if self._request.key is None:
            return None
        is_free = await repository.try_to_hold(session, self._organisation_id, self._request.key)
        known = await repository.find_answer(session, self._organisation_id, self._request.key)
        if known is None:
            # Not before: those who repeat an answered request at the same time hold the key from each other.
            if not is_free:
                detail = "The first request with this Idempotency-Key is still being worked on."
                raise IdempotencyInFlight(detail, headers={"Retry-After": "1"})
            return None
        if known.request_hash != await self._digest(body):
            raise IdempotencyKeyReused("This Idempotency-Key was used for another request.")
        self._response.headers["Idempotent-Replayed"] = "true"
        self._locate(location, known.response)
        return known.response

    async def _digest(self, body: Any) -> bytes:
        """What tells this request from another under the same key."""
        return await asyncio.to_thread(_digest_of, self._request.target, body)

    def _locate(self, location: str | None, kept: Kept) -> None:
        if location:
            self._response.headers["Location"] = public_path(location.format_map(kept))


def _digest_of(target: str, body: Any) -> bytes:
    """SHA-256 of the canonical JSON of both, which is made a member of the body at a time: it may have thousands."""
    digest = hashlib.sha256(f"[{json.dumps(target)}, ".encode())
    if isinstance(body, (list, tuple)):
        for place, member in enumerate(body):
            written = dump_json(to_jsonable_python(member), sort_keys=True)
            digest.update(f"{', ' if place else '['}{written}".encode())
        digest.update(b"]]" if body else b"[]]")
    else:
        digest.update(f"{dump_json(to_jsonable_python(body), sort_keys=True)}]".encode())
    return digest.digest()
