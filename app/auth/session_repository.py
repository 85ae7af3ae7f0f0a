"""Rows of browser sessions and sign-in links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.live import KEY_IS_LIVE, SESSION_HAS_TIME, SESSION_IS_LIVE, USER_IS_LIVE, seconds_until
from app.auth.models import ApiKey, Session, User
from app.kit.pages import Page, PageRequest, paginate
from app.kit.table_watch import UNNOTED


def _live() -> Select[Session, ApiKey, User]:
    query = select(Session, ApiKey, User).join(User, User.id == Session.user_id)
    return query.outerjoin(ApiKey, ApiKey.id == Session.key_id).where(SESSION_IS_LIVE, USER_IS_LIVE)


_BY_TOKEN: Final = (
    _live()
    .add_columns(seconds_until(Session.expires_at, Session.idle_ends_at, ApiKey.expires_at))
    .where(Session.token_hash.in_(bindparam("hashes", expanding=True)), Session.kind == "browser")
)


async def list_by_token(
    session: AsyncSession, hashes: Sequence[bytes]
) -> Sequence[tuple[Session, ApiKey | None, User, float]]:
    """The browser sessions with these tokens that have not ended, each with the key that opened it, its user, and the
    seconds until it ends."""
    found = await session.execute(_BY_TOKEN, {"hashes": hashes})
    return [(row, key, user, seconds) for row, key, user, seconds in found]


async def list_sessions(
    session: AsyncSession, organisation_id: UUID, user_id: UUID | None, page: PageRequest
) -> Page[Row[Session, ApiKey, User]]:
    """A page of the browsers that are signed in, of one user or of all of the organisation, the newest first."""
    query = _live().where(User.organisation_id == organisation_id, Session.kind == "browser")
    if user_id:
        query = query.where(Session.user_id == user_id)
    return await paginate(session, query, page, key=(Session.created_at, Session.id), descending=True)


async def find_session(session: AsyncSession, organisation_id: UUID, session_id: UUID) -> Session | None:
    """A browser session of the organisation."""
    query = select(Session).join(User, User.id == Session.user_id)
    query = query.where(Session.id == session_id, Session.kind == "browser", User.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()


async def touch_session(session: AsyncSession, session_id: UUID, idle: timedelta) -> None:
    """Note that the session was used just now: its idle time begins anew."""
    used = {"last_used_at": func.now(), "idle_ends_at": func.now() + idle}
    touched = update(Session).where(Session.id == session_id).values(used)
    await session.execute(touched, execution_options={UNNOTED: True})


async def delete_session(session: AsyncSession, session_id: UUID) -> None:
    await session.execute(delete(Session).where(Session.id == session_id))


async def delete_by_token(session: AsyncSession, token_hash: bytes) -> UUID | None:
    """Remove the browser session with this token; returns its id, if there was one."""
    mine = (Session.token_hash == token_hash, Session.kind == "browser")
    return (await session.execute(delete(Session).where(*mine).returning(Session.id))).scalar_one_or_none()


async def delete_sessions(session: AsyncSession, user_id: UUID) -> int:
    """Remove the user's sessions and links; returns how many browsers were signed in."""
    gone = await session.execute(delete(Session).where(Session.user_id == user_id).returning(Session.kind))
    return gone.scalars().all().count("browser")


async def delete_expired_sessions(session: AsyncSession) -> int:
    """Remove sessions and links whose time is over, or that of their key; returns how many."""
    return await _count(session, ~SESSION_HAS_TIME) + await _count(session, _key_has_ended())


def _key_has_ended() -> ColumnElement[bool]:
    return Session.key_id.in_(select(ApiKey.id).where(~KEY_IS_LIVE))


async def _count(session: AsyncSession, ended: ColumnElement[bool]) -> int:
    return int(getattr(await session.execute(delete(Session).where(ended)), "rowcount", 0))


async def delete_links(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(delete(Session).where(Session.user_id == user_id, Session.kind == "link"))


async def find_link(session: AsyncSession, token_hash: bytes) -> User | None:
    """Whom a link signs in, if it still works."""
    query = select(User).join(Session, Session.user_id == User.id)
    query = query.where(Session.token_hash == token_hash, Session.kind == "link", Session.expires_at > func.now())
    return (await session.execute(query.where(USER_IS_LIVE))).scalar_one_or_none()


async def take_link(session: AsyncSession, token_hash: bytes) -> User | None:
    """The same, and the link is used up: of requests at the same time one gets the user."""
    mine = (Session.token_hash == token_hash, Session.kind == "link", Session.expires_at > func.now())
    user_id = (await session.execute(delete(Session).where(*mine).returning(Session.user_id))).scalar_one_or_none()
    query = select(User).where(User.id == user_id, USER_IS_LIVE)
    return (await session.execute(query)).scalar_one_or_none()
