"""A batch's results as one ZIP: a folder for each job, also while the batch still runs."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.audit.actions import Action
from app.audit.dependencies import TalliesDep
from app.audit.record import Target
from app.auth.dependencies import ReaderDep
from app.batches import service
from app.batches.archives import ArchivesDep
from app.batches.errors import BatchNotFound
from app.files.content import CONTENT, ranged_response
from app.files.dependencies import StorageDep
from app.files.errors import ContentMissing, StorageUnavailable
from app.kit.declarations import raises, sends
from app.kit.dependencies import DatabaseDep

router = APIRouter(prefix="/api/batches", tags=["batches"])


@router.get("/{batch_id}/download", response_class=Response, responses=CONTENT)
@router.head("/{batch_id}/download", include_in_schema=False)
@raises(BatchNotFound, StorageUnavailable, ranged_response, ContentMissing)
@sends("ETag", "Content-Disposition")
async def download_batch(
    batch_id: UUID,
    request: Request,
    caller: ReaderDep,
    database: DatabaseDep,
    storage: StorageDep,
    archives: ArchivesDep,
    tallies: TalliesDep,
) -> Response:
    """The result files of every completed job so far. Length and ETag are exact, and ranges are served."""
    async with database.transaction() as session:
        batch = (await service.get_batch(session, caller, batch_id)).batch
    tallies.note(Action.BATCH_EXPORTED, who=caller, target=Target("batch", batch_id, batch.name))
    archive = await archives.find(database, batch)
    return ranged_response(
        request,
        size=archive.size,
        name=f"{batch.base_directory_name}.zip",
        media_type="application/zip",
        etag=archive.etag,
        storage=storage,
        pieces=archive.pieces,
    )
