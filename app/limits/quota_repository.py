"""Rows of quotas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import new_id
from app.kit.quick_reads import QuickStatement
from app.limits.models import QuotaLimit, StorageUse

_FIND: Final = QuickStatement(
    text("""
select distinct on (quota) quota, most from quota_limits
where quota = any(cast(:quotas as text[])) and (organisation_id = :organisation_id or organisation_id is null)
order by quota, organisation_id nulls last
""")
)
_LIST: Final = text("""
select o.id, (
  select l.most from quota_limits l
  where l.quota = :quota and (l.organisation_id = o.id or l.organisation_id is null)
  order by l.organisation_id nulls last limit 1
) as most
from unnest(cast(:organisations as uuid[])) as o(id)
""")
_SET: Final = text("""
insert into quota_limits as limits (id, organisation_id, quota, most) values (:id, :organisation_id, :quota, :most)
on conflict (organisation_id, quota) do update set most = excluded.most
where limits.most is distinct from excluded.most
""")
_ZONE: Final = "(select now() at time zone time_zone as here from organisations where id = :organisation_id) zone"
_MIDNIGHT: Final = text(f"select ceil(extract(epoch from here::date + 1 - here))::int from {_ZONE}")
_TAKE_DAY: Final = text(f"""
insert into quota_days as days (organisation_id, day, batches)
select :organisation_id, here::date, :before + 1 from {_ZONE}
on conflict (organisation_id, day) do update set batches = greatest(days.batches, :before) + 1
returning batches
""")
_OF_DAY: Final = text(f"""
select batches from quota_days, {_ZONE} where organisation_id = :organisation_id and day = here::date
""")
_FORGET_DAYS: Final = text("delete from quota_days where day < current_date - 3")
_SAVE_STORED: Final = text("""
insert into storage_use (organisation_id, bytes, measured_at) values (:organisation_id, :bytes, clock_timestamp())
on conflict (organisation_id) do update set bytes = excluded.bytes, measured_at = excluded.measured_at
""")
_ADD_STORED: Final = text("update storage_use set bytes = bytes + :bytes where organisation_id = :organisation_id")


async def find_limits(session: AsyncSession, organisation_id: UUID, quotas: Sequence[str]) -> dict[str, int | None]:
    """The organisation's own limits, else those of the installation; None is no limit."""
    values = {"quotas": [str(quota) for quota in quotas], "organisation_id": organisation_id}
    found: dict[str, int | None] = {row["quota"]: row["most"] for row in await _FIND.send(session, values)}
    return {str(quota): found.get(str(quota)) for quota in quotas}


async def list_limits(session: AsyncSession, organisations: Sequence[UUID], quota: str) -> dict[UUID, int]:
    """One limit of several organisations, their own else the installation's; those without a limit are left out."""
    rows = await session.execute(_LIST, {"organisations": list(organisations), "quota": str(quota)})
    return {row.id: row.most for row in rows if row.most is not None}


async def list_own_limits(session: AsyncSession, organisation_id: UUID) -> dict[str, int | None]:
    """The limits that an operator has set for the organisation."""
    query = select(QuotaLimit.quota, QuotaLimit.most).where(QuotaLimit.organisation_id == organisation_id)
    return {row.quota: row.most for row in await session.execute(query)}


async def set_limits(session: AsyncSession, organisation_id: UUID | None, limits: Mapping[str, int | None]) -> None:
    """Set limits of an organisation, or of all those that have none of their own."""
    rows = [
        {"id": new_id(), "organisation_id": organisation_id, "quota": str(quota), "most": most}
        for quota, most in sorted(limits.items())
    ]
    if rows:
        await session.execute(_SET, rows)


async def forget_limits(session: AsyncSession, organisation_id: UUID, quotas: Sequence[str]) -> None:
    """Give the organisation what the installation allows everybody."""
    own = (QuotaLimit.organisation_id == organisation_id, QuotaLimit.quota.in_([str(quota) for quota in quotas]))
    await session.execute(delete(QuotaLimit).where(*own))


async def lock(session: AsyncSession, organisation_id: UUID, quota: str) -> None:
    """Let nobody else count this quota of the organisation until the transaction has ended."""
    name = func.hashtextextended(f"quota:{organisation_id}:{quota}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(name)))


async def seconds_to_midnight(session: AsyncSession, organisation_id: UUID) -> int:
    """Until the organisation's day ends."""
    return int((await session.execute(_MIDNIGHT, {"organisation_id": organisation_id})).scalar_one())


async def take_of_day(session: AsyncSession, organisation_id: UUID, before: int) -> int:
    """Count one more of the organisation's day: how many that makes, of which `before` or more were there before."""
    values = {"organisation_id": organisation_id, "before": before}
    return int((await session.execute(_TAKE_DAY, values)).scalar_one())


async def count_of_day(session: AsyncSession, organisation_id: UUID) -> int | None:
    """How many were counted on the organisation's day; None when counting has not begun."""
    return (await session.execute(_OF_DAY, {"organisation_id": organisation_id})).scalar_one_or_none()


async def forget_days(session: AsyncSession) -> int:
    """Forget days that are over everywhere; returns how many."""
    return int(getattr(await session.execute(_FORGET_DAYS), "rowcount", 0))


async def find_stored(session: AsyncSession, organisation_id: UUID, age: timedelta) -> int | None:
    """Bytes of the organisation's contents, unless they were measured longer ago than that."""
    query = select(StorageUse.bytes).where(StorageUse.organisation_id == organisation_id)
    query = query.where(StorageUse.measured_at > func.clock_timestamp() - age)
    return (await session.execute(query)).scalar_one_or_none()


async def save_stored(session: AsyncSession, organisation_id: UUID, size: int) -> None:
    """Keep what was measured just now."""
    await session.execute(_SAVE_STORED, {"organisation_id": organisation_id, "bytes": size})


async def add_stored(session: AsyncSession, organisation_id: UUID, size: int) -> None:
    """Add what was stored just now."""
    await session.execute(_ADD_STORED, {"organisation_id": organisation_id, "bytes": size})


_LIVE: Final = "renewed_at > clock_timestamp() - interval '60 seconds'"
_STREAMS: Final = text(f"""
select coalesce(sum(streams), 0)::bigint from stream_slots where organisation_id = :organisation_id and {_LIVE}
""")
_HOLD: Final = text("""
insert into stream_slots (organisation_id, process_id, streams)
values (:organisation_id, :process_id, :streams)
on conflict (organisation_id, process_id) do update set streams = excluded.streams, renewed_at = clock_timestamp()
""")
_FORGET_DEAD: Final = text("delete from stream_slots where renewed_at < clock_timestamp() - interval '10 minutes'")


async def count_streams(session: AsyncSession, organisation_id: UUID) -> int:
    """Streams that processes hold open for the organisation; those of a process that fell silent no longer count."""
    return int((await session.execute(_STREAMS, {"organisation_id": organisation_id})).scalar_one())


async def hold_streams(session: AsyncSession, organisation_id: UUID, process_id: UUID, streams: int) -> None:
    """Say how many streams of the organisation a process holds open."""
    values = {"organisation_id": organisation_id, "process_id": process_id, "streams": streams}
    await session.execute(_HOLD, values)


async def forget_dead_slots(session: AsyncSession) -> int:
    """Forget what processes held that have gone; returns how many rows."""
    return int(getattr(await session.execute(_FORGET_DEAD), "rowcount", 0))
