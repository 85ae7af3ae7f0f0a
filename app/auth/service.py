"""Making users and keys, and the first administrator of an installation."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import repository
from app.auth.key_limits import KeyLimits
from app.auth.models import ApiKey, Organisation, User
from app.auth.secrets import MIN_LENGTH, new_secret, secret_hash
from app.kit.service import CannotStart

FIRST_ADMIN_LOCK = 7_236_541_021


class AdminKeyTooShort(CannotStart):
    """TRANCHE_ADMIN_KEY has fewer than 16 characters."""


async def add_key(
    session: AsyncSession, user_id: UUID, name: str, secret: str | None = None, limits: KeyLimits | None = None
) -> tuple[ApiKey, str]:
    """A new key for the user; the second value is the secret, shown only once."""
    secret = secret or new_secret()
    key = ApiKey(user_id=user_id, name=name, key_hash=secret_hash(secret), hint=secret[-4:])
    for limit, value in asdict(limits).items() if limits else ():
        setattr(key, limit, value)
    session.add(key)
    await session.flush()
    await session.refresh(key)
    return key, secret


async def ensure_user(session: AsyncSession, organisation: str, name: str, role: str, email: str | None = None) -> User:
    """The user of that name in that organisation, each made when missing."""
    owner = await repository.find_organisation(session, organisation)
    if owner is None:
        owner = Organisation(name=organisation)
        session.add(owner)
        await session.flush()
    user = await repository.find_user(session, owner.id, name)
    if user is None:
        user = User(organisation_id=owner.id, name=name, role=role, email=email)
        session.add(user)
        await session.flush()
    return user


async def ensure_first_admin(session: AsyncSession, wanted: str | None) -> tuple[User, bool, str | None]:
    """The installation's first administrator, whether it is new, and the secret of a key made just now, if one was.

    `wanted` is the key that the operator chose (TRANCHE_ADMIN_KEY): it becomes valid if it is not yet, or no longer.
    """
    if wanted is not None and len(wanted) < MIN_LENGTH:
        raise AdminKeyTooShort(f"TRANCHE_ADMIN_KEY must have {MIN_LENGTH} characters or more")
    await session.execute(select(func.pg_advisory_xact_lock(FIRST_ADMIN_LOCK)))  # two processes may start at once
    admin = await repository.find_first_admin(session)
    fresh = admin is None
    if admin is None:
        admin = await ensure_user(session, "Default", "admin", "admin")
        admin.operator = True
        await session.flush()
    if wanted is not None:
        known = await repository.knows_key(session, secret_hash(wanted))
        if not known and not await repository.restore_key(session, secret_hash(wanted)):
            await add_key(session, admin.id, "TRANCHE_ADMIN_KEY", wanted)
        return admin, fresh, None
    return admin, fresh, (await add_key(session, admin.id, "first admin key"))[1] if fresh else None
