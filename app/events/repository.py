"""What feeds read of batches."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.states import BATCH_TERMINAL, sql_list

# A row's xmin changes with every update of it, also with those that leave no event.
_VERSIONS = f"""
select id, xmin::text from (
  (select id, xmin from batches
   where organisation_id = :organisation_id {{opened}} order by created_at desc, id desc limit 500)
  union all
  (select id, xmin from batches
   where organisation_id = :organisation_id {{opened}} and status not in ({sql_list(BATCH_TERMINAL)}))
) looked_at
"""
_ALL = text(_VERSIONS.format(opened=""))
_OPENED = text(
    _VERSIONS.format(
        opened="""and pipeline_id in (select id from pipelines where key = any(:pipelines))
        and (total_pipelines = 1 or settings - cast(:pipelines as text[]) = '{}')"""
    )
)


async def list_versions(
    session: AsyncSession, organisation_id: UUID, pipelines: frozenset[str] | None = None
) -> dict[UUID, str]:
    """The versions of the batches that lists look at: the newest 500, and all that have not ended.

    `pipelines`: of those only which have no other pipeline.
    """
    if pipelines is None:
        rows = await session.execute(_ALL, {"organisation_id": organisation_id})
    else:
        rows = await session.execute(_OPENED, {"organisation_id": organisation_id, "pipelines": sorted(pipelines)})
    return {row[0]: row[1] for row in rows}
