"""Keys and sessions alike, by their id: what is open for long names the one that it was opened with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CompoundSelect, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.live import KEY_IS_LIVE, SESSION_IS_LIVE, USER_IS_LIVE
from app.auth.models import ApiKey, Session, User


def _live(ids: Sequence[UUID]) -> CompoundSelect[UUID, UUID, UUID | None, datetime | None]:
    """Of those that count now: id, user, key behind it, and when it ends."""
    keys = select(ApiKey.id, ApiKey.user_id, ApiKey.id.label("key_id"), ApiKey.expires_at.label("ends_at"))
    ends_at = func.least(Session.expires_at, ApiKey.expires_at, type_=ApiKey.expires_at.type)
    sessions = select(Session.id, Session.user_id, Session.key_id, ends_at)
    sessions = sessions.outerjoin(ApiKey, ApiKey.id == Session.key_id).where(Session.kind == "browser")
    return union_all(
        keys.join(User, User.id == ApiKey.user_id).where(ApiKey.id.in_(ids), KEY_IS_LIVE, USER_IS_LIVE),
        sessions.join(User, User.id == Session.user_id).where(Session.id.in_(ids), SESSION_IS_LIVE, USER_IS_LIVE),
    )


async def list_live(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, float | None]:
    """Those of the keys and sessions that count, each with the seconds until it ends."""
    live = _live(ids).subquery()
    rows = await session.execute(select(live.c.id, func.extract("epoch", live.c.ends_at - func.now())))
    return {row[0]: None if row[1] is None else float(row[1]) for row in rows}


async def find_live(session: AsyncSession, credential_id: UUID) -> tuple[User, ApiKey | None, datetime | None] | None:
    """Whose key or session this is, if it counts; the key: itself, or the one that opened the session; when it ends."""
    live = _live([credential_id]).subquery()
    query = select(User, ApiKey, live.c.ends_at).select_from(live).join(User, User.id == live.c.user_id)
    found = (await session.execute(query.outerjoin(ApiKey, ApiKey.id == live.c.key_id))).one_or_none()
    return (found[0], found[1], found[2]) if found else None
