"""Rows of organisations, users and their credentials."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import CompoundSelect, delete, func, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import ApiKey, Organisation, Session, User

_USER_IS_LIVE = User.deactivated_at.is_(None)
_KEY_IS_LIVE = ApiKey.revoked_at.is_(None) & (ApiKey.expires_at.is_(None) | (ApiKey.expires_at > func.now()))


async def find_user_by_key(session: AsyncSession, key_hash: bytes) -> tuple[ApiKey, User] | None:
    """The live key with this hash, and whose it is."""
    return next(iter(await list_users_by_key(session, [key_hash])), None)


async def find_user_by_session(session: AsyncSession, token_hash: bytes, kind: str) -> tuple[Session, User] | None:
    """The session of this kind with this token, if it has not expired, and whose it is."""
    return next(iter(await list_users_by_session(session, [token_hash], kind)), None)


async def list_users_by_key(session: AsyncSession, hashes: Sequence[bytes]) -> Sequence[tuple[ApiKey, User]]:
    """The live keys with these hashes, and whose they are."""
    query = select(ApiKey, User).join(User, User.id == ApiKey.user_id)
    query = query.where(ApiKey.key_hash.in_(hashes), _KEY_IS_LIVE, _USER_IS_LIVE)
    return [(key, user) for key, user in await session.execute(query)]


async def list_users_by_session(
    session: AsyncSession, hashes: Sequence[bytes], kind: str
) -> Sequence[tuple[Session, User]]:
    """The sessions of this kind with these tokens that have not expired, and whose they are."""
    query = select(Session, User).join(User, User.id == Session.user_id)
    query = query.where(
        Session.token_hash.in_(hashes), Session.kind == kind, Session.expires_at > func.now(), _USER_IS_LIVE
    )
    return [(found, user) for found, user in await session.execute(query)]


def _live_credentials(ids: Sequence[UUID]) -> CompoundSelect[UUID, UUID]:
    """Id and user of those keys and browser sessions among `ids` that are valid now."""
    keys = select(ApiKey.id, ApiKey.user_id).where(ApiKey.id.in_(ids), _KEY_IS_LIVE)
    sessions = select(Session.id, Session.user_id).where(Session.id.in_(ids), Session.expires_at > func.now())
    return union_all(
        keys.join(User, User.id == ApiKey.user_id).where(_USER_IS_LIVE),
        sessions.join(User, User.id == Session.user_id).where(_USER_IS_LIVE),
    )


async def list_live_credentials(session: AsyncSession, ids: Sequence[UUID]) -> set[UUID]:
    """Those of the keys and sessions that are still valid."""
    return {row[0] for row in await session.execute(_live_credentials(ids))}


async def find_by_credential(session: AsyncSession, credential_id: UUID) -> tuple[ApiKey | None, User] | None:
    """Whose key or session this is, if it is still valid, and the key if it is one."""
    live = _live_credentials([credential_id]).subquery()
    query = select(ApiKey, User).select_from(live).join(User, User.id == live.c.user_id)
    found = (await session.execute(query.outerjoin(ApiKey, ApiKey.id == live.c.id))).one_or_none()
    return (found[0], found[1]) if found else None


async def find_organisation(session: AsyncSession, name: str) -> Organisation | None:
    return (await session.execute(select(Organisation).where(Organisation.name == name))).scalar_one_or_none()


async def get_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    return (await session.execute(select(Organisation).where(Organisation.id == organisation_id))).scalar_one()


async def find_first_admin(session: AsyncSession) -> User | None:
    """The oldest administrator of the installation."""
    query = select(User).where(User.role == "admin").order_by(User.created_at, User.id).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def find_user(session: AsyncSession, organisation_id: UUID, name: str) -> User | None:
    query = select(User).where(User.organisation_id == organisation_id, User.name == name)
    return (await session.execute(query.order_by(User.created_at).limit(1))).scalar_one_or_none()


async def list_keys(session: AsyncSession, organisation_id: UUID) -> Sequence[tuple[ApiKey, User]]:
    """The organisation's keys that are not revoked, oldest first, each with its user."""
    query = select(ApiKey, User).join(User, User.id == ApiKey.user_id)
    query = query.where(User.organisation_id == organisation_id, ApiKey.revoked_at.is_(None))
    return [(key, user) for key, user in await session.execute(query.order_by(ApiKey.created_at, ApiKey.id))]


async def find_key(session: AsyncSession, organisation_id: UUID, key_id: UUID) -> ApiKey | None:
    query = select(ApiKey).join(User, User.id == ApiKey.user_id)
    query = query.where(ApiKey.id == key_id, User.organisation_id == organisation_id, ApiKey.revoked_at.is_(None))
    return (await session.execute(query)).scalar_one_or_none()


async def revoke_key(session: AsyncSession, key_id: UUID) -> None:
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(revoked_at=func.now()))


async def restore_key(session: AsyncSession, key_hash: bytes) -> bool:
    """Make a revoked or expired key valid again; False when there is none with this hash."""
    statement = update(ApiKey).where(ApiKey.key_hash == key_hash).values(revoked_at=None, expires_at=None)
    return (await session.execute(statement.returning(ApiKey.id))).scalar_one_or_none() is not None


async def touch_key(session: AsyncSession, key_id: UUID) -> None:
    """Note that the key was used just now."""
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=func.now()))


async def delete_session(session: AsyncSession, token_hash: bytes) -> None:
    await session.execute(delete(Session).where(Session.token_hash == token_hash))


async def delete_expired_sessions(session: AsyncSession) -> int:
    """Remove sessions and links whose time is over; returns how many."""
    return int(getattr(await session.execute(delete(Session).where(Session.expires_at < func.now())), "rowcount", 0))


async def delete_links(session: AsyncSession, user_id: UUID) -> None:
    await session.execute(delete(Session).where(Session.user_id == user_id, Session.kind == "link"))
