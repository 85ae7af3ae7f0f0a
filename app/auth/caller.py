"""Who calls: every /api route asks for a Caller, by key (`Authorization: Bearer`) or by the console's cookie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import credential_repository, repository, session_repository
from app.auth.errors import CrossSiteRequest, OrganisationDisabled
from app.auth.models import ApiKey, User
from app.auth.permissions import Permissions, permissions_of
from app.auth.remembered import TABLES, Remembered
from app.auth.secrets import secret_hash
from app.kit.data_loader import DataLoader
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.web.public_address import own_cookie, public_address

COOKIE = "tranche_session"
"""The session's cookie, whose whole name `kit/web/public_address.py` makes."""
USE_PRECISION = timedelta(minutes=1)
"""A busy key or browser must not write on each request."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Credential:
    """The key or session that proved who calls, and what it is narrowed to: None is to nothing.

    `key_id` is the key itself, or the one that opened the session.
    """

    user: User
    id: UUID
    key_id: UUID | None = None
    scopes: frozenset[str] | None = None
    pipelines: frozenset[str] | None = None
    ends_at: datetime | None = None
    organisation_is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request this is. `actor` is what the audit log keeps; `client_ip` is the peer's address.

    `credential_id` is the key or session that proved it: what is open for long asks whether that is still valid.
    `permissions` are those of the user and of the credential both; `pipelines` are the keys of those whose batches the
    credential opens, None for all. `key_id` is the key behind it: what is made with it never has more rights or life.
    `ends_at` is when the credential ends, if nobody ends it before.
    """

    organisation_id: UUID
    user_id: UUID
    user_name: str
    email: str | None
    role: str
    client_ip: str | None
    credential_id: UUID | None = None
    permissions: Permissions = frozenset()
    pipelines: frozenset[str] | None = None
    key_id: UUID | None = None
    ends_at: datetime | None = None

    @property
    def actor(self) -> str:
        return self.user_name

    def opens(self, pipelines: Iterable[str]) -> bool:
        """Whether the credential opens a batch of these pipelines: all of them, where it is limited to some."""
        return self.pipelines is None or self.pipelines.issuperset(pipelines)


def session_secret(request: Request) -> str | None:
    """The secret of the browser's session, if it sends one."""
    return own_cookie(request, COOKIE)


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
        # A proxy may have put another Host in place of the one that the browser wrote.
        own = {request.headers.get("host"), public_address().host or None}
        same = origin is None or origin.split("://", 1)[-1] in own
    if not same:
        raise CrossSiteRequest("This request came from a page of another site.")


class Callers:
    """Finds who calls. Requests that come at the same time are looked up together, and what was found is remembered.

    Until `memory` hears of changes, each request is looked up.
    """

    def __init__(self, database: Database, session_idle: timedelta) -> None:
        self._database, self._session_idle = database, session_idle
        self._by_key = DataLoader(self._read_keys)
        self._by_session = DataLoader(self._read_sessions)
        self.memory = Remembered[Credential]()
        database.watch(TABLES, self.memory.change, self.memory.changed)

    @raises(OrganisationDisabled)
    async def find_by_key(self, key: str) -> Credential | None:
        """Whose key this is, if it is valid; raises OrganisationDisabled (401) where that is all that is wrong.

        That a key was used is noted, once a minute at most.
        """
        hashed = secret_hash(key)
        found = self.memory.recall(hashed) or await self._by_key.find(hashed)
        if found and found.organisation_is_disabled:
            detail = "Your organisation is disabled. Ask whoever operates this installation."
            raise OrganisationDisabled(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return found

    async def find_by_session(self, token: str) -> Credential | None:
        """Whose browser session this is, if it has not expired."""
        hashed = secret_hash(token)
        return self.memory.recall(hashed) or await self._by_session.find(hashed)

    async def _read_keys(self, hashes: Sequence[bytes]) -> dict[bytes, Credential]:
        generation, found = self.memory.generation, dict[bytes, Credential]()
        async with self._database.transaction() as session:
            for key, user, disabled, seconds in await repository.list_users_by_key(session, hashes):
                found[key.key_hash] = credential_of_key(key, user, disabled=disabled)
                if disabled:
                    continue
                if key.last_used_at is None or datetime.now(UTC) - key.last_used_at > USE_PRECISION:
                    await repository.touch_key(session, key.id)
                self.memory.keep(generation, key.key_hash, found[key.key_hash], seconds)
        return found

    async def _read_sessions(self, hashes: Sequence[bytes]) -> dict[bytes, Credential]:
        generation, found = self.memory.generation, dict[bytes, Credential]()
        precision = min(USE_PRECISION, self._session_idle / 4)
        async with self._database.transaction() as session:
            for row, key, user, seconds in await session_repository.list_by_token(session, hashes):
                found[row.token_hash] = _credential(row.id, user, key, row.expires_at)
                if datetime.now(UTC) - row.last_used_at > precision:
                    await session_repository.touch_session(session, row.id, self._session_idle)
                self.memory.keep(
                    generation, row.token_hash, found[row.token_hash], min(seconds, precision.total_seconds())
                )
        return found


def credential_of_key(key: ApiKey, user: User, *, disabled: bool = False) -> Credential:
    """A key as what proves that its user calls."""
    return replace(_credential(key.id, user, key, key.expires_at), organisation_is_disabled=disabled)


def _credential(credential_id: UUID, user: User, key: ApiKey | None, ends_at: datetime | None) -> Credential:
    """A key or a session, which has the rights of the key that opened it and ends with it."""
    if key is None:
        return Credential(user, credential_id, ends_at=ends_at)
    scopes, pipelines = (None if one is None else frozenset(one) for one in (key.scopes, key.pipelines))
    ends = [end for end in (ends_at, key.expires_at) if end]
    return Credential(user, credential_id, key.id, scopes, pipelines, min(ends, default=None))


async def find_credential(session: AsyncSession, credential_id: UUID) -> Credential | None:
    """The key or session with this id, if it is still valid."""
    found = await credential_repository.find_live(session, credential_id)
    return _credential(credential_id, *found) if found else None


def caller_of(request: Request, credential: Credential) -> Caller:
    """Whose credential this is, as a caller of this request."""
    user, client_ip = credential.user, request.client.host if request.client else None
    permissions = permissions_of(
        user.role, operator=user.operator, scopes=credential.scopes, limited=credential.pipelines is not None
    )
    return Caller(
        user.organisation_id,
        user.id,
        user.name,
        user.email,
        user.role,
        client_ip,
        credential.id,
        permissions,
        credential.pipelines,
        credential.key_id,
        credential.ends_at,
    )


def acting_for(user: User, actor: str) -> Caller:
    """The service as it acts for a user, as a schedule does: with what the user may now."""
    permissions = frozenset() if user.deactivated_at else permissions_of(user.role, operator=user.operator)
    return Caller(user.organisation_id, user.id, actor, user.email, user.role, None, permissions=permissions)
