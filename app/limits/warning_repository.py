"""Rows of warnings that an organisation is near a limit."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_ADD: Final = text("""
insert into quota_warnings as known (organisation_id, quota, used, most) values (:organisation_id, :quota, :used, :most)
on conflict (organisation_id, quota) do update
set used = excluded.used, most = excluded.most, warned_at = clock_timestamp(), mailed_at = null, tries = 0
where known.warned_at < clock_timestamp() - interval '1 day'
returning quota
""")
_CLAIM: Final = text("""
update quota_warnings set mailed_at = clock_timestamp(), tries = tries + 1
where (organisation_id, quota) in (
  select organisation_id, quota from quota_warnings where mailed_at is null
  order by warned_at limit :limit for update skip locked
)
returning organisation_id, quota, used, most, tries,
  (select name from organisations where id = organisation_id) as organisation,
  array(select email from users where users.organisation_id = quota_warnings.organisation_id
    and role = 'admin' and email is not null and deactivated_at is null
    and not exists (select from organisations o
      where o.id = users.organisation_id and o.disabled_at is not null)
    order by created_at limit 50) as recipients
""")
_PUT_BACK: Final = text("""
update quota_warnings set mailed_at = null where organisation_id = :organisation_id and quota = :quota
""")


class OwedWarning(NamedTuple):
    """A warning that administrators are to be sent, at `recipients`; `tries` counts this one."""

    organisation_id: UUID
    quota: str
    used: int
    most: int
    tries: int
    organisation: str
    recipients: list[str]


async def add_warning(session: AsyncSession, organisation_id: UUID, quota: str, used: int, most: int) -> bool:
    """Keep a warning, unless there was one of this quota within a day; whether it was kept."""
    values = {"organisation_id": organisation_id, "quota": quota, "used": used, "most": most}
    return (await session.execute(_ADD, values)).first() is not None


async def claim_owed(session: AsyncSession, limit: int) -> list[OwedWarning]:
    """Warnings that nobody has mailed yet; from now on they are taken for mailed."""
    return [OwedWarning(*row) for row in await session.execute(_CLAIM, {"limit": limit})]


async def put_back(session: AsyncSession, warning: OwedWarning) -> None:
    """The mail could not be sent: it is owed again."""
    await session.execute(_PUT_BACK, {"organisation_id": warning.organisation_id, "quota": warning.quota})
