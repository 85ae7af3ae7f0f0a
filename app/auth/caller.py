"""Who calls: every /api route asks for a Caller, by key (`Authorization: Bearer`) or by the console's cookie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Request

from app.auth import repository
from app.auth.errors import CrossSiteRequest
from app.auth.models import User
from app.auth.secrets import secret_hash
from app.kit.data_loader import DataLoader
from app.kit.db import Database
from app.kit.declarations import raises

COOKIE = "tranche_session"
KEY_USE_PRECISION = timedelta(minutes=1)
"""A busy key must not write on each request."""
Found = tuple[User, UUID]
"""A user, and the id of the key or session that proved it."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request this is. `actor` is what the audit log keeps; `client_ip` is the peer's address.

    `credential_id` is the key or session that proved it: what is open for long asks whether that is still valid.
    """

    organisation_id: UUID
    user_id: UUID
    user_name: str
    email: str | None
    role: str
    client_ip: str | None
    credential_id: UUID | None = None

    @property
    def actor(self) -> str:
        return self.user_name


@raises(CrossSiteRequest)
def refuse_cross_site(request: Request) -> None:
    """A cookie travels by itself, so a request that changes something must come from our own pages.

    Browsers send Sec-Fetch-Site on trustworthy origins (https and loopback) and Origin on every unsafe request.
    """
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    if site:
        same = site in ("same-origin", "none")
    else:
        origin = request.headers.get("origin")
        same = origin is None or origin.split("://", 1)[-1] == request.headers.get("host")
    if not same:
        raise CrossSiteRequest("This request came from a page of another site.")


class Callers:
    """Finds who calls. Requests that come at the same time are looked up together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_key = DataLoader(self._read_keys)
        self._by_session = DataLoader(self._read_sessions)

    async def find_by_key(self, key: str) -> Found | None:
        """Whose key this is, if it is valid. That it was used is noted, once a minute at most."""
        return await self._by_key.find(secret_hash(key))

    async def find_by_session(self, token: str) -> Found | None:
        """Whose browser session this is, if it has not expired."""
        return await self._by_session.find(secret_hash(token))

    async def _read_keys(self, hashes: Sequence[bytes]) -> dict[bytes, Found]:
        async with self._database.transaction() as session:
            rows = await repository.list_users_by_key(session, hashes)
            for key, _ in rows:
                if key.last_used_at is None or datetime.now(UTC) - key.last_used_at > KEY_USE_PRECISION:
                    await repository.touch_key(session, key.id)
        return {key.key_hash: (user, key.id) for key, user in rows}

    async def _read_sessions(self, hashes: Sequence[bytes]) -> dict[bytes, Found]:
        async with self._database.transaction() as session:
            rows = await repository.list_users_by_session(session, hashes, "browser")
        return {row.token_hash: (user, row.id) for row, user in rows}


def caller_of(request: Request, user: User, credential_id: UUID) -> Caller:
    """The user as a caller of this request."""
    client_ip = request.client.host if request.client else None
    return Caller(user.organisation_id, user.id, user.name, user.email, user.role, client_ip, credential_id)
