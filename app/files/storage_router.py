"""How much is stored, and how much room is left."""

from __future__ import annotations

from fastapi import APIRouter

from app.auth.dependencies import OperatorDep
from app.files import repository
from app.files.dependencies import StorageDep
from app.kit.dependencies import SessionDep
from app.kit.schemas import Output

router = APIRouter(prefix="/api/storage", tags=["operations"])


class StorageRead(Output):
    files: int
    size: int
    contents: int
    contents_size: int
    disk_free: int
    disk_total: int
    local: bool


@router.get("")
async def get_storage(session: SessionDep, caller: OperatorDep, storage: StorageDep) -> StorageRead:
    """The organisation's files, in bytes; equal contents are stored once. The disk is the one that takes uploads."""
    totals = await repository.sum_files(session, caller.organisation_id)
    free, disk = storage.disk_usage()
    return StorageRead(
        files=totals.files,
        size=totals.size,
        contents=totals.contents,
        contents_size=totals.contents_size,
        disk_free=free,
        disk_total=disk,
        local=storage.root is not None,
    )
