"""What a new key may: never more than whoever makes it, for no longer than what it is made with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.errors import AdminOnly, ExceedsOwnRights, ExpiryNotPossible
from app.auth.models import ApiKey, User
from app.auth.permissions import Permission, permissions_of
from app.kit.declarations import raises

SHORTEST: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """When a key ends, what it is narrowed to, and the key that it was made with; None is no limit."""

    expires_at: datetime | None = None
    scopes: Sequence[str] | None = None
    pipelines: Sequence[str] | None = None
    parent_id: UUID | None = None


@raises(ExpiryNotPossible, ExceedsOwnRights)
async def limit_by_maker(
    session: AsyncSession, caller: Caller, user: User, wanted: KeyLimits, longest: timedelta | None
) -> KeyLimits:
    """The limits of a key that the caller makes for a user; what was not `wanted` is as wide as it may be.

    Raises ExpiryNotPossible (422), and ExceedsOwnRights (403) for what the caller may not.
    """
    parent = await session.get_one(ApiKey, caller.key_id) if caller.key_id else None
    limits = KeyLimits(
        await _end(session, wanted.expires_at, parent, longest),
        _scopes(caller, user, wanted.scopes, parent),
        _pipelines(caller, wanted.pipelines),
        caller.key_id,
    )
    check_rights(caller, user, limits, parent)
    return limits


@raises(ExpiryNotPossible, ExceedsOwnRights)
async def limit_replacement(
    session: AsyncSession,
    caller: Caller,
    user: User,
    key: ApiKey,
    expires_at: datetime | None,
    longest: timedelta | None,
) -> KeyLimits:
    """The limits of the key that comes in the place of another: the same, and no more than the caller's.

    It ends when the other would have, or at `expires_at`. Raises what `limit_by_maker` does.
    """
    parent = await session.get_one(ApiKey, caller.key_id) if caller.key_id else None
    limits = KeyLimits(key.expires_at, key.scopes, key.pipelines, key.parent_id)
    check_rights(caller, user, limits, parent)
    if expires_at is None and key.expires_at is not None:
        ends = [end for end in (key.expires_at, parent and parent.expires_at) if end]
        return replace(limits, expires_at=min(ends))
    return replace(limits, expires_at=await _end(session, expires_at, parent, longest))


@raises(AdminOnly)
def check_keeps_keys(caller: Caller) -> None:
    """Raise AdminOnly (403) for a key that is narrowed to less than its user has, unless it has `admin`.

    Everybody else manages their own, administrators those of the organisation.
    """
    is_whole = caller.pipelines is None and permissions_of(caller.role, operator=False) <= caller.permissions
    if not (is_whole or Permission.ADMIN in caller.permissions):
        raise AdminOnly(detail="A key that is narrowed to scopes or pipelines manages no keys.")


def keys_of(caller: Caller) -> UUID | None:
    """Whose keys the caller manages: its own user's, or as an administrator everybody's, which is None."""
    return None if Permission.ADMIN in caller.permissions else caller.user_id


def check_rights(caller: Caller, user: User, limits: KeyLimits, parent: ApiKey | None) -> None:
    """Raises ExceedsOwnRights (403) when a key of the user with these limits may more than the caller."""
    limited = limits.pipelines is not None
    theirs = permissions_of(user.role, operator=user.operator, scopes=limits.scopes, limited=limited)
    if more := sorted(theirs - caller.permissions):
        raise ExceedsOwnRights(f"The key could {' and '.join(more)}, which you may not.")
    if parent and not _within(limits.scopes, parent.scopes):
        raise ExceedsOwnRights("The key would have scopes that yours does not have.")
    if not _within(limits.pipelines, caller.pipelines):
        raise ExceedsOwnRights("The key would open pipelines that yours does not open.")


def _within(narrow: Collection[str] | None, wide: Collection[str] | None) -> bool:
    """Whether one set is within another; None is everything."""
    return wide is None or (narrow is not None and set(narrow) <= set(wide))


def _scopes(caller: Caller, user: User, wanted: Sequence[str] | None, parent: ApiKey | None) -> Sequence[str] | None:
    """What was wanted, else all: for oneself as wide as one's own key, for another user what both may now."""
    if wanted is not None:
        return wanted
    if user.id == caller.user_id:
        return parent.scopes if parent else None
    both = caller.permissions & permissions_of(user.role, operator=user.operator)
    return sorted(both - {Permission.OPERATE})


def _pipelines(caller: Caller, wanted: Sequence[str] | None) -> Sequence[str] | None:
    return wanted if wanted is not None or caller.pipelines is None else sorted(caller.pipelines)


async def _end(
    session: AsyncSession, wanted: datetime | None, parent: ApiKey | None, longest: timedelta | None
) -> datetime | None:
    """When a key made now ends, by the database's clock."""
    now: datetime = (await session.execute(select(func.now()))).scalar_one()
    latest = parent.expires_at if parent else None
    most = now + longest if longest else None
    if wanted is None:
        return min((end for end in (latest, most) if end), default=None)
    if wanted < now + SHORTEST:
        raise ExpiryNotPossible("A key lives for a minute at least.")
    if latest and wanted > latest:
        raise ExpiryNotPossible("A key cannot live longer than the one that it is made with.")
    if most and wanted > most + SHORTEST:
        raise ExpiryNotPossible("A key cannot live that long here.")
    return wanted
