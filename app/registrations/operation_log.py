"""Reads the view batch_operation_logs, which shows the events of registration batches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.pages import Page, PageRequest

_PAGE = text("""
select id, batch_job_id, registration_job_id, operation, details, created_at, event_id, place
from batch_operation_logs
where batch_job_id = :batch_id and organisation_id = :organisation_id and event_id >= :event_id
  and (event_id, place) > (:event_id, :place)
order by event_id, place limit :limit
""")


async def list_log(session: AsyncSession, organisation_id: UUID, batch_id: UUID, page: PageRequest) -> Page[Any]:
    """A page of the organisation's log of one batch, oldest first."""
    event_id, place = page.place(int, int) or (0, 0)
    values = {"organisation_id": organisation_id, "batch_id": batch_id, "event_id": event_id, "place": place}
    rows = (await session.execute(_PAGE, values | {"limit": page.limit + 1})).all()
    return page.cut(rows, lambda row: (row.event_id, row.place))
