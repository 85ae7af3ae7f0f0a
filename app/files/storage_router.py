"""How much is stored, and how much room is left."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import func, select

from app.auth.dependencies import AdminDep
from app.files.dependencies import StorageDep
from app.files.models import File
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
async def get_storage(session: SessionDep, caller: AdminDep, storage: StorageDep) -> StorageRead:
    """The organisation's files, in bytes; equal contents are stored once. The disk is the one that takes uploads."""
    own = select(File.storage_key, func.count().label("files"), func.max(File.size).label("size"))
    each = own.where(File.organisation_id == caller.organisation_id).group_by(File.storage_key).subquery()
    total = func.coalesce(func.sum(each.c.files), 0), func.coalesce(func.sum(each.c.files * each.c.size), 0)
    once = func.count(), func.coalesce(func.sum(each.c.size), 0)
    files, size, contents, contents_size = (await session.execute(select(*total, *once).select_from(each))).one()
    free, disk = storage.disk_usage()
    return StorageRead(
        files=files,
        size=size,
        contents=contents,
        contents_size=contents_size,
        disk_free=free,
        disk_total=disk,
        local=storage.root is not None,
    )
