"""Browsers that are signed in, and the links that sign one in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import session_repository
from app.auth.devices import device_name
from app.auth.models import ApiKey, Session, User
from app.auth.secrets import new_secret, secret_hash
from app.auth.settings import AuthSettings
from app.kit.web.request_context import current_request


async def open_session(
    session: AsyncSession,
    user: User,
    settings: AuthSettings,
    *,
    key: ApiKey | None = None,
    secret: str | None = None,
    life: timedelta | None = None,
) -> tuple[Session, str]:
    """A browser session of the user, which ends with the key that opens it; the second value is its secret.

    `life` is how long it may last, where that is less than the settings say. The browser's name and address are those
    of the request at hand.
    """
    now = (await session.execute(select(func.now()))).scalar_one()
    request, secret = current_request(), secret or new_secret()
    expires_at = now + min(settings.session_life, life or settings.session_life)
    if key and key.expires_at:
        expires_at = min(expires_at, key.expires_at)
    row = Session(
        user_id=user.id,
        key_id=key.id if key else None,
        kind="browser",
        token_hash=secret_hash(secret),
        device=device_name(request.user_agent) if request else None,
        client_address=request.client_address if request else None,
        last_used_at=now,
        idle_ends_at=now + settings.session_idle,
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    return row, secret


async def make_link(session: AsyncSession, user: User, life: timedelta) -> str:
    """The secret of a link that signs the user in, once; the one before no longer does."""
    await session_repository.delete_links(session, user.id)
    now, secret = (await session.execute(select(func.now()))).scalar_one(), new_secret()
    row = Session(
        user_id=user.id, kind="link", token_hash=secret_hash(secret), idle_ends_at=now + life, expires_at=now + life
    )
    session.add(row)
    await session.flush()
    return secret


async def sign_out_everywhere(session: AsyncSession, user: User) -> int:
    """End all sessions, links and stream tickets of the user; returns how many browsers that were. Keys stay."""
    user.signed_out_at = func.clock_timestamp()
    await session.flush()
    return await session_repository.delete_sessions(session, user.id)
