"""Secrets that the installation signs with: one for each purpose, kept in the database so that all processes agree."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import SigningKey

SECRET_BYTES = 32


async def get_signing_key(session: AsyncSession, purpose: str) -> bytes:
    """The secret for one purpose, made now if there is none."""
    query = select(SigningKey.secret).where(SigningKey.purpose == purpose)
    known = (await session.execute(query)).scalar_one_or_none()
    if known is not None:
        return known
    # Two processes may make it at once: the one that comes second waits for the first, and then reads its secret.
    made = insert(SigningKey).values(purpose=purpose, secret=secrets.token_bytes(SECRET_BYTES))
    await session.execute(made.on_conflict_do_nothing())
    return (await session.execute(query)).scalar_one()
