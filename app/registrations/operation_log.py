"""Reads the view batch_operation_logs, which shows the events of registration batches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.pages import decode_cursor, encode_cursor

_PAGE = text("""
select id, batch_job_id, registration_job_id, operation, details, created_at, event_id, place
from batch_operation_logs
where batch_job_id = :batch_id and organisation_id = :organisation_id and event_id >= :event_id
  and (event_id, place) > (:event_id, :place)
order by event_id, place limit :limit
""")


async def list_log(
    session: AsyncSession, organisation_id: UUID, batch_id: UUID, limit: int, cursor: str | None
) -> tuple[list[Any], str | None]:
    """A page of the organisation's log of one batch, oldest first, and the cursor of the next."""
    event_id, place = decode_cursor(cursor, int, int) if cursor else (0, 0)
    values = {"organisation_id": organisation_id, "batch_id": batch_id, "event_id": event_id, "place": place}
    rows = list((await session.execute(_PAGE, values | {"limit": limit + 1})).all())
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode_cursor(rows[limit - 1].event_id, rows[limit - 1].place)
