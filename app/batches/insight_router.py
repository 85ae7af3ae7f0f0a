"""Looking into a batch: what failed and why, whether its records agree, and its jobs as a table."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from app.auth.caller import CallerDep
from app.batches import audit, export, failures, repository
from app.batches.audit import AuditRead
from app.batches.errors import BatchNotFound
from app.batches.export import MEDIA_TYPES, ExportFormat
from app.batches.failures import FailuresRead
from app.batches.models import Batch
from app.files.content import attachment
from app.kit.db import DatabaseDep, SessionDep

router = APIRouter(prefix="/api/batches", tags=["batches"])


async def get_own_batch(session: SessionDep, caller: CallerDep, batch_id: UUID) -> Batch:
    """The caller's batch; raises BatchNotFound (404)."""
    row = await repository.find_batch(session, caller.organisation_id, batch_id)
    if row is None:
        raise BatchNotFound("There is no such batch.")
    return row[0]


@router.get("/{batch_id}/failures")
async def list_failures(batch_id: UUID, session: SessionDep, caller: CallerDep) -> FailuresRead:
    """The failed jobs in groups of like failures, the largest first; each with its first 100 job ids."""
    await get_own_batch(session, caller, batch_id)
    return await failures.list_failures(session, batch_id)


@router.get("/{batch_id}/audit")
async def audit_batch(batch_id: UUID, session: SessionDep, caller: CallerDep) -> AuditRead:
    """Whether counters, jobs, steps and events agree with each other, and where not."""
    await get_own_batch(session, caller, batch_id)
    differences = await audit.audit(session, batch_id)
    return AuditRead(consistent=not differences, differences=differences)


@router.get(
    "/{batch_id}/export",
    response_class=Response,
    responses={200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values()}}},
)
async def export_batch(
    batch_id: UUID,
    database: DatabaseDep,
    caller: CallerDep,
    wanted: Annotated[
        ExportFormat, Query(alias="format", description="JSON has each result as it is, nested.")
    ] = "csv",
) -> Response:
    """One row for each job, with the plain members of all results as `result.*` columns; also while the batch runs."""
    async with database.transaction() as session:
        batch = await get_own_batch(session, caller, batch_id)
        rows = await export.collect(session, batch_id, wanted)
    file, size = await asyncio.to_thread(rows.write)
    headers = {
        "Content-Disposition": attachment(f"{batch.base_directory_name}.{wanted}"),
        "Content-Length": str(size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(export.chunks(file), headers=headers, media_type=MEDIA_TYPES[wanted])
