"""A key is replaced by a new one of the same kind; for a while both work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth import repository, service
from app.auth.key_limits import KeyLimits
from app.auth.models import ApiKey


async def rotate_key(
    session: AsyncSession,
    key: ApiKey,
    limits: KeyLimits,
    overlap: timedelta,
    *,
    secret: str | None = None,
    made_with: UUID | None = None,
) -> tuple[ApiKey, str]:
    """A new key in the place of another, which ends after the overlap; returns it and its secret.

    What was made with the old one goes on with the new one. The new one ends with the key that it was `made_with`,
    unless that is the old one or was made with it.
    """
    if made_with and made_with != key.id and not await repository.descends(session, made_with, key.id):
        limits = replace(limits, parent_id=made_with)
    made, secret = await service.add_key(session, key.user_id, key.name, secret, limits)
    await repository.hand_over_children(session, key.id, made.id)
    if overlap:
        at = (await session.execute(select(func.now() + overlap))).scalar_one()
        await repository.end_key(session, key.id, at)
    else:
        await repository.revoke_key(session, key.id)
    return made, secret
