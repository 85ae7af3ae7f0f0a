"""Who calls: every /api route asks for a Caller, by key (`Authorization: Bearer`) or by the console's cookie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.auth import repository
from app.auth.models import User
from app.auth.secrets import secret_hash
from app.kit.db import DatabaseDep
from app.kit.errors import Problem

COOKIE = "tranche_session"
KEY_USE_PRECISION = timedelta(minutes=1)
"""A busy key must not write on each request."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Problem):
    status, code, title = 401, "not_signed_in", "Not signed in"


class KeyNotValid(Problem):
    status, code, title = 401, "invalid_key", "Key not valid"


class CrossSiteRequest(Problem):
    status, code, title = 403, "cross_site_request", "Cross-site request refused"


class AdminOnly(Problem):
    status, code, title = 403, "admin_only", "Administrators only"


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


async def get_caller(request: Request, database: DatabaseDep) -> Caller:
    """The caller; raises NotSignedIn or KeyNotValid (401).

    A session of its own, closed before the route runs: streams and uploads must not hold a connection.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    cookie = request.cookies.get(COOKIE)
    async with database.transaction() as session:
        if scheme:
            found = await repository.find_user_by_key(session, secret_hash(key.strip()))
            if scheme.lower() != "bearer" or found is None:
                headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
                raise KeyNotValid("The key is unknown, expired or revoked.", headers=headers)
            api_key, user = found
            credential_id = api_key.id
            if api_key.last_used_at is None or datetime.now(UTC) - api_key.last_used_at > KEY_USE_PRECISION:
                await repository.touch_key(session, api_key.id)
        elif cookie:
            refuse_cross_site(request)
            by_cookie = await repository.find_user_by_session(session, secret_hash(cookie), "browser")
            if by_cookie is None:
                raise NotSignedIn("The session has ended. Sign in again.", headers={"WWW-Authenticate": "Bearer"})
            browser, user = by_cookie
            credential_id = browser.id
        else:
            detail = "Send a key as 'Authorization: Bearer ...', or sign in."
            raise NotSignedIn(detail, headers={"WWW-Authenticate": "Bearer"})
    return caller_of(request, user, credential_id)


def caller_of(request: Request, user: User, credential_id: UUID) -> Caller:
    """The user as a caller of this request."""
    client_ip = request.client.host if request.client else None
    return Caller(user.organisation_id, user.id, user.name, user.email, user.role, client_ip, credential_id)


CallerDep = Annotated[Caller, Depends(get_caller)]


def get_admin(caller: CallerDep) -> Caller:
    """The caller, if an administrator; raises AdminOnly (403)."""
    if caller.role != "admin":
        raise AdminOnly("Only an administrator of the organisation may do this.")
    return caller


AdminDep = Annotated[Caller, Depends(get_admin)]
