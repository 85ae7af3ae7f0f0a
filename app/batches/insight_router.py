"""Looking into a batch: what failed and why, whether its records agree, and its jobs as a table."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from app.audit.actions import Action
from app.audit.dependencies import TalliesDep
from app.audit.record import Target
from app.auth.dependencies import ReaderDep
from app.batches import audit, export, failures, service
from app.batches.audit import AuditRead
from app.batches.dependencies import BatchDep
from app.batches.errors import BatchNotFound
from app.batches.export import MEDIA_TYPES, ExportFormat
from app.batches.failures import FailuresRead
from app.files.content import attachment
from app.kit.declarations import raises, sends
from app.kit.dependencies import DatabaseDep, SessionDep, in_transaction

router = APIRouter(prefix="/api/batches", tags=["batches"])


@router.get("/{batch_id}/failures")
@in_transaction
async def list_failures(caller: ReaderDep, batch: BatchDep, session: SessionDep) -> FailuresRead:
    """The failed jobs in groups of like failures, the largest first; each with its first 100 job ids."""
    return await failures.list_failures(session, batch.batch.id)


@router.get("/{batch_id}/audit")
@in_transaction
async def audit_batch(caller: ReaderDep, batch: BatchDep, session: SessionDep) -> AuditRead:
    """Whether counters, jobs, steps and events agree with each other, and where not."""
    differences = await audit.audit(session, batch.batch.id)
    return AuditRead(consistent=not differences, differences=differences)


@router.get(
    "/{batch_id}/export",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
@raises(BatchNotFound)
@sends("Content-Disposition")
async def export_batch(
    batch_id: UUID,
    database: DatabaseDep,
    tallies: TalliesDep,
    caller: ReaderDep,
    wanted: Annotated[
        ExportFormat, Query(alias="format", description="JSON has each result as it is, nested.")
    ] = "csv",
) -> Response:
    """One row for each job, with the plain members of all results as `result.*` columns; also while the batch runs."""
    async with database.transaction() as session:
        batch = (await service.get_batch(session, caller, batch_id)).batch
        rows = await export.collect(session, batch_id, wanted)
    tallies.note(Action.BATCH_EXPORTED, who=caller, target=Target("batch", batch_id, batch.name))
    file, size = await asyncio.to_thread(rows.write)
    headers = {
        "Content-Disposition": attachment(f"{batch.base_directory_name}.{wanted}"),
        "Content-Length": str(size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(export.chunks(file), headers=headers, media_type=MEDIA_TYPES[wanted])
