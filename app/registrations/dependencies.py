"""What the routes of restaurants and their batches are given."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.auth.dependencies import CallerDep
from app.batches import service
from app.batches.dependencies import BatchDep
from app.batches.errors import BatchNotFound
from app.batches.listing import BatchRow
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep
from app.registrations.models import PIPELINE_KEY
from app.registrations.settings import PlatformSettings

PlatformSettingsDep = Annotated[PlatformSettings, Depends(provided(PlatformSettings))]


def _of_kind(row: BatchRow) -> BatchRow:
    if row.pipeline.key != PIPELINE_KEY:
        raise BatchNotFound
    return row


@raises(BatchNotFound)
async def get_row(row: BatchDep) -> BatchRow:
    """The caller's registration batch; raises BatchNotFound (404), also for a batch of another kind."""
    return _of_kind(row)


RowDep = Annotated[BatchRow, Depends(get_row)]


@raises(BatchNotFound)
async def check_kind(database: DatabaseDep, caller: CallerDep, batch_id: UUID) -> None:
    """Refuse a batch of another kind, before a command or an export of batches takes it.

    In a transaction of its own: a command must read the row it locks afresh.
    """
    async with database.transaction() as session:
        _of_kind(await service.get_batch(session, caller, batch_id))
