"""What feeds read of batches."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.states import BATCH_TERMINAL, sql_list

# A row's xmin changes with every update of it, also with those that leave no event.
_VERSIONS = text(f"""
select id, xmin::text from (
  (select id, xmin from batches where organisation_id = :organisation_id order by created_at desc, id desc limit 500)
  union all
  (select id, xmin from batches
   where organisation_id = :organisation_id and status not in ({sql_list(BATCH_TERMINAL)}))
) looked_at
""")


async def list_versions(session: AsyncSession, organisation_id: UUID) -> dict[UUID, str]:
    """The versions of the batches that lists look at: the newest 500, and all that have not ended."""
    rows = await session.execute(_VERSIONS, {"organisation_id": organisation_id})
    return {row[0]: row[1] for row in rows}
