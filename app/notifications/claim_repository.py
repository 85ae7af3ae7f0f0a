"""Claims: what is due is taken for a lease, by one sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Integer, Interval, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

_CLAIM_DELIVERIES = text("""
with due as (
  select d.id from webhook_endpoints w
  left join unnest(:busy, :counts) as b(endpoint_id, sending) on b.endpoint_id = w.id
  cross join lateral (
    select d.id, d.next_attempt_at from webhook_deliveries d
    where d.endpoint_id = w.id and d.status = 'pending' and d.next_attempt_at <= (select clock_timestamp())
    order by d.next_attempt_at limit greatest(0, :slots - coalesce(b.sending, 0)) for update skip locked
  ) d
  where w.enabled
    and exists (select from webhook_secrets s
      where s.endpoint_id = w.id and s.expires_at is null and s.key_id = any(:key_ids))
  order by d.next_attempt_at limit :room
)
update webhook_deliveries d set claim_token = gen_random_uuid(), next_attempt_at = clock_timestamp() + :lease
from due where d.id = due.id returning d.id
""").bindparams(
    bindparam("key_ids", type_=ARRAY(Text)),
    bindparam("busy", type_=ARRAY(PgUUID)),
    bindparam("counts", type_=ARRAY(Integer)),
    bindparam("lease", type_=Interval),
)

_CLAIM_MAILS = text("""
with due as (
  select m.batch_id from batch_mails m where m.status = 'pending' and m.next_attempt_at <= (select clock_timestamp())
  order by m.next_attempt_at limit :room for update skip locked
)
update batch_mails m set claim_token = gen_random_uuid(), next_attempt_at = clock_timestamp() + :lease
from due where m.batch_id = due.batch_id returning m.batch_id
""").bindparams(bindparam("lease", type_=Interval))


async def claim_deliveries(
    session: AsyncSession, key_ids: Sequence[str], busy: Mapping[UUID, int], *, slots: int, room: int, lease: timedelta
) -> Sequence[UUID]:
    """At most `room` due deliveries of enabled endpoints whose secret is of these keys, at most `slots` for each.

    `busy` says how many are being sent to an endpoint already.
    """
    values: dict[str, Any] = {"key_ids": list(key_ids), "slots": slots, "room": room, "lease": lease}
    values |= {"busy": list(busy), "counts": list(busy.values())}
    return (await session.execute(_CLAIM_DELIVERIES, values)).scalars().all()


async def claim_mails(session: AsyncSession, *, room: int, lease: timedelta) -> Sequence[UUID]:
    """The batches of at most `room` mails that are due."""
    return (await session.execute(_CLAIM_MAILS, {"room": room, "lease": lease})).scalars().all()
