"""Rows of counts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, func, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.limits.models import RateCount

_TAKE: Final = text("""
insert into rate_counts as counts (key, taken, ends_at)
values (:key, :size, clock_timestamp() + make_interval(secs => :seconds))
on conflict (key) do update set
  taken = case when counts.ends_at > clock_timestamp() then counts.taken else 0 end + excluded.taken,
  ends_at = case when counts.ends_at > clock_timestamp() then counts.ends_at else excluded.ends_at end
returning taken, greatest(0, extract(epoch from ends_at - clock_timestamp())::float8)
""")


async def take(session: AsyncSession, key: str, size: int, seconds: float) -> tuple[int, float]:
    """Count a key further by `size`: the number that is reached, and the seconds until its window ends.

    A window lasts `seconds` from its first count on, and the next begins at 1.
    """
    taken, left = (await session.execute(_TAKE, {"key": key, "size": size, "seconds": seconds})).one()
    return int(taken), float(left)


async def delete_ended(session: AsyncSession) -> int:
    """Forget windows that have ended; returns how many."""
    ended = delete(RateCount).where(RateCount.ends_at < func.clock_timestamp())
    return int(getattr(await session.execute(ended), "rowcount", 0))
