"""Rows of organisations, users and their credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.live import KEY_IS_LIVE, USER_IS_ACTIVE, USER_IS_LIVE, is_disabled, seconds_until
from app.auth.models import ApiKey, Organisation, User
from app.kit.quick_reads import QuickRead
from app.kit.table_watch import UNNOTED


async def knows_key(session: AsyncSession, key_hash: bytes) -> bool:
    """Whether there is a key with this hash that has not ended, of an active user."""
    return bool(await list_users_by_key(session, [key_hash]))


_BY_HASH: Final = (
    select(ApiKey, User, is_disabled(User.organisation_id), seconds_until(ApiKey.expires_at))
    .join(User, User.id == ApiKey.user_id)
    .where(ApiKey.key_hash.in_(bindparam("hashes", expanding=True)), KEY_IS_LIVE, USER_IS_ACTIVE)
)


async def list_users_by_key(
    session: AsyncSession, hashes: Sequence[bytes]
) -> Sequence[tuple[ApiKey, User, bool, float]]:
    """The keys with these hashes that have not ended, whose they are, whether their organisation is disabled, and the
    seconds until the key ends."""
    rows = await session.execute(_BY_HASH, {"hashes": hashes})
    return [(key, user, disabled, seconds) for key, user, disabled, seconds in rows]


async def find_organisation(session: AsyncSession, name: str) -> Organisation | None:
    return (await session.execute(select(Organisation).where(Organisation.name == name))).scalar_one_or_none()


async def get_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    return (await session.execute(select(Organisation).where(Organisation.id == organisation_id))).scalar_one()


_ORGANISATION: Final = QuickRead(select(Organisation).where(Organisation.id == bindparam("organisation_id")))


async def read_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """The organisation, to be looked at: nothing is written that is changed of it."""
    return (await _ORGANISATION.plain_rows(session, organisation_id=organisation_id))[0][0]


async def find_first_admin(session: AsyncSession) -> User | None:
    """The oldest administrator of the installation."""
    query = select(User).where(User.role == "admin").order_by(User.created_at, User.id).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def find_user(session: AsyncSession, organisation_id: UUID, name: str) -> User | None:
    query = select(User).where(User.organisation_id == organisation_id, User.name == name)
    return (await session.execute(query.order_by(User.created_at).limit(1))).scalar_one_or_none()


async def list_keys(
    session: AsyncSession, organisation_id: UUID, user_id: UUID | None = None
) -> Sequence[tuple[ApiKey, User]]:
    """The organisation's keys that are not revoked, or those of one user, oldest first, each with its user."""
    query = select(ApiKey, User).join(User, User.id == ApiKey.user_id)
    query = query.where(User.organisation_id == organisation_id, ApiKey.revoked_at.is_(None))
    if user_id:
        query = query.where(User.id == user_id)
    return [(key, user) for key, user in await session.execute(query.order_by(ApiKey.created_at, ApiKey.id))]


async def find_key(session: AsyncSession, organisation_id: UUID, key_id: UUID) -> ApiKey | None:
    query = select(ApiKey).join(User, User.id == ApiKey.user_id)
    query = query.where(ApiKey.id == key_id, User.organisation_id == organisation_id, ApiKey.revoked_at.is_(None))
    return (await session.execute(query)).scalar_one_or_none()


_REVOKE = text("""
with recursive ended (id) as (
  select id from api_keys where id = :id
  union
  select k.id from api_keys k join ended e on k.parent_id = e.id
)
update api_keys set revoked_at = now() where revoked_at is null and id in (select id from ended) returning id
""")


async def revoke_key(session: AsyncSession, key_id: UUID) -> int:
    """End a key, and every key that was made with it or with one of those; returns how many that were."""
    return len((await session.execute(_REVOKE, {"id": key_id})).all())


_DESCENDS = text("""
with recursive above (id) as (
  select parent_id from api_keys where id = :id
  union
  select k.parent_id from api_keys k join above a on k.id = a.id
)
select exists (select from above where id = :ancestor)
""")


async def descends(session: AsyncSession, key_id: UUID, ancestor: UUID) -> bool:
    """Whether a key was made with another, or with one that was."""
    return bool((await session.execute(_DESCENDS, {"id": key_id, "ancestor": ancestor})).scalar_one())


async def hand_over_children(session: AsyncSession, key_id: UUID, to: UUID) -> None:
    """What was made with a key belongs to another from now on, in whose place it has come."""
    await session.execute(update(ApiKey).where(ApiKey.parent_id == key_id, ApiKey.id != to).values(parent_id=to))


async def find_live_key(
    session: AsyncSession, organisation_id: UUID | None, key_id: UUID
) -> tuple[ApiKey, User] | None:
    """A key of the organisation, or of any, that counts, and whose it is, for a change of it: another one waits."""
    query = select(ApiKey, User).join(User, User.id == ApiKey.user_id)
    query = query.where(ApiKey.id == key_id, KEY_IS_LIVE, USER_IS_LIVE)
    if organisation_id:
        query = query.where(User.organisation_id == organisation_id)
    found = (await session.execute(query.with_for_update(key_share=True, of=ApiKey))).one_or_none()
    return (found[0], found[1]) if found else None


async def end_key(session: AsyncSession, key_id: UUID, at: datetime) -> None:
    """Let a key end at a time, unless it does so before."""
    ends = func.least(func.coalesce(ApiKey.expires_at, at), at)
    await session.execute(update(ApiKey).where(ApiKey.id == key_id).values(expires_at=ends))


async def restore_key(session: AsyncSession, key_hash: bytes) -> bool:
    """Make a revoked or expired key valid again; False when there is none with this hash."""
    statement = update(ApiKey).where(ApiKey.key_hash == key_hash).values(revoked_at=None, expires_at=None)
    return (await session.execute(statement.returning(ApiKey.id))).scalar_one_or_none() is not None


async def touch_key(session: AsyncSession, key_id: UUID) -> None:
    """Note that the key was used just now."""
    used = update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=func.now())
    await session.execute(used, execution_options={UNNOTED: True})


async def count_keys(session: AsyncSession, organisation_id: UUID) -> int:
    """The organisation's keys that are not revoked."""
    query = select(func.count()).select_from(ApiKey).join(User, User.id == ApiKey.user_id)
    query = query.where(User.organisation_id == organisation_id, ApiKey.revoked_at.is_(None))
    return int((await session.execute(query)).scalar_one())


async def count_own_keys(session: AsyncSession, user_id: UUID) -> int:
    """The user's keys that are not revoked."""
    query = select(func.count()).select_from(ApiKey).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
    return int((await session.execute(query)).scalar_one())


async def count_users(session: AsyncSession, organisation_id: UUID) -> int:
    """The organisation's users."""
    query = select(func.count()).select_from(User).where(User.organisation_id == organisation_id)
    return int((await session.execute(query)).scalar_one())
