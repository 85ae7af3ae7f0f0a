"""Rows of answers that were given under an Idempotency-Key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.idempotency.models import IdempotencyKey

KEPT: Final = timedelta(hours=24)
_IS_OLD = IdempotencyKey.created_at < func.clock_timestamp() - KEPT


async def try_to_hold(session: AsyncSession, organisation_id: UUID, key: str) -> bool:
    """Hold the key until the transaction ends; False, at once, when another transaction does."""
    name = func.hashtextextended(f"{organisation_id}:{key}", 0)
    return bool((await session.execute(select(func.pg_try_advisory_xact_lock(name)))).scalar_one())


async def find_answer(session: AsyncSession, organisation_id: UUID, key: str) -> IdempotencyKey | None:
    """What was answered under the key in the last 24 hours."""
    query = select(IdempotencyKey).where(
        IdempotencyKey.organisation_id == organisation_id, IdempotencyKey.key == key, ~_IS_OLD
    )
    return (await session.execute(query)).scalar_one_or_none()


async def add_answer(
    session: AsyncSession, organisation_id: UUID, key: str, request_hash: bytes, response: dict[str, Any]
) -> None:
    """Keep an answer, in place of an expired one under the same key."""
    mine = (IdempotencyKey.organisation_id == organisation_id, IdempotencyKey.key == key)
    await session.execute(delete(IdempotencyKey).where(*mine, _IS_OLD))
    row = {"organisation_id": organisation_id, "key": key, "request_hash": request_hash, "response": response}
    await session.execute(insert(IdempotencyKey).values(row))


async def delete_expired(session: AsyncSession) -> int:
    """Forget keys older than 24 hours; returns how many."""
    return int(getattr(await session.execute(delete(IdempotencyKey).where(_IS_OLD)), "rowcount", 0))
