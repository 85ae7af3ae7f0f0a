"""Claims: what is due is taken for a lease, by one sender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Interval, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.lookout import any_row

_DUE_DELIVERIES = text("""
select distinct w.organisation_id from webhook_endpoints w
where w.enabled
  and not exists (select from organisations o where o.id = w.organisation_id and o.disabled_at is not null)
  and exists (select from webhook_deliveries d
    where d.endpoint_id = w.id and d.status = 'pending' and d.next_attempt_at <= (select clock_timestamp()))
  and exists (select from webhook_secrets s
    where s.endpoint_id = w.id and s.expires_at is null and s.key_id = any(:key_ids))
""").bindparams(bindparam("key_ids", type_=ARRAY(Text)))

_DUE_MAILS = text("""
select o.id from organisations o
where o.disabled_at is null and exists (select from batch_mails m
  where m.organisation_id = o.id and m.status = 'pending' and m.next_attempt_at <= (select clock_timestamp()))
""")

ANY_MAIL: Final = any_row(_DUE_MAILS)
"""Whether any mail is due."""

_CLAIM_DELIVERIES = text("""
with due as (
  select d.id from unnest(:organisations, :room) as r(organisation_id, room) cross join lateral (
    select d.id from webhook_endpoints w
    left join unnest(:busy, :counts) as b(endpoint_id, sending) on b.endpoint_id = w.id
    cross join lateral (
      select d.id, d.next_attempt_at from webhook_deliveries d
      where d.endpoint_id = w.id and d.status = 'pending' and d.next_attempt_at <= (select clock_timestamp())
      order by d.next_attempt_at limit greatest(0, :slots - coalesce(b.sending, 0)) for update skip locked
    ) d
    where w.organisation_id = r.organisation_id and w.enabled
      and exists (select from webhook_secrets s
        where s.endpoint_id = w.id and s.expires_at is null and s.key_id = any(:key_ids))
    order by d.next_attempt_at limit r.room
  ) d
)
update webhook_deliveries d set claim_token = gen_random_uuid(), next_attempt_at = clock_timestamp() + :lease
from due where d.id = due.id returning d.id
""").bindparams(
    bindparam("organisations", type_=ARRAY(PgUUID)),
    bindparam("room", type_=ARRAY(Integer)),
    bindparam("key_ids", type_=ARRAY(Text)),
    bindparam("busy", type_=ARRAY(PgUUID)),
    bindparam("counts", type_=ARRAY(Integer)),
    bindparam("lease", type_=Interval),
)

_CLAIM_MAILS = text("""
with due as (
  select m.batch_id from unnest(:organisations, :room) as r(organisation_id, room) cross join lateral (
    select m.batch_id from batch_mails m
    where m.organisation_id = r.organisation_id and m.status = 'pending'
      and m.next_attempt_at <= (select clock_timestamp())
    order by m.next_attempt_at limit r.room for update skip locked
  ) m
)
update batch_mails m set claim_token = gen_random_uuid(), next_attempt_at = clock_timestamp() + :lease
from due where m.batch_id = due.batch_id returning m.batch_id
""").bindparams(
    bindparam("organisations", type_=ARRAY(PgUUID)),
    bindparam("room", type_=ARRAY(Integer)),
    bindparam("lease", type_=Interval),
)


def any_delivery(key_ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether any delivery is due, as `list_owed_deliveries` means it."""
    return any_row(_DUE_DELIVERIES.bindparams(key_ids=list(key_ids)))


async def list_owed_deliveries(session: AsyncSession, key_ids: Sequence[str]) -> Sequence[UUID]:
    """The organisations that have due deliveries of enabled endpoints whose secret is of these keys.

    Those of a disabled organisation wait until it is enabled.
    """
    return (await session.execute(_DUE_DELIVERIES, {"key_ids": list(key_ids)})).scalars().all()


async def claim_deliveries(
    session: AsyncSession,
    key_ids: Sequence[str],
    busy: Mapping[UUID, int],
    *,
    slots: int,
    room: Mapping[UUID, int],
    lease: timedelta,
) -> Sequence[UUID]:
    """Due deliveries as `list_owed_deliveries` means them, at most `slots` for each endpoint.

    `room` says how many of each organisation, `busy` how many are being sent to an endpoint already.
    """
    values: dict[str, Any] = {"key_ids": list(key_ids), "slots": slots, "lease": lease}
    values |= {"organisations": list(room), "room": list(room.values())}
    values |= {"busy": list(busy), "counts": list(busy.values())}
    return (await session.execute(_CLAIM_DELIVERIES, values)).scalars().all()


async def list_owed_mails(session: AsyncSession) -> Sequence[UUID]:
    """The organisations that have mails which are due; those of a disabled one wait."""
    return (await session.execute(_DUE_MAILS)).scalars().all()


async def claim_mails(session: AsyncSession, *, room: Mapping[UUID, int], lease: timedelta) -> Sequence[UUID]:
    """The batches of mails that are due, at most so many of each organisation."""
    values = {"organisations": list(room), "room": list(room.values()), "lease": lease}
    return (await session.execute(_CLAIM_MAILS, values)).scalars().all()
