"""What routes that take or give files are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.auth.dependencies import CallerDep
from app.files import repository
from app.files.errors import FileNotFound, StorageFailed, StorageUnavailable
from app.files.models import File
from app.files.storage import Storage
from app.files.upload import UploadLimits
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.dependencies import DatabaseDep, SessionDep
from app.kit.errors import existing
from app.kit.turns import Party
from app.limits.quotas import find_room

StorageDep = Annotated[Storage, Depends(raises(StorageUnavailable, StorageFailed)(provided(Storage)))]


async def get_upload_limits(
    request: Request,
    caller: CallerDep,
    limits: Annotated[UploadLimits, Depends(provided(UploadLimits))],
    database: DatabaseDep,
) -> UploadLimits:
    """The installation's limits, in the turn of the caller's organisation, with the room that its quota leaves."""
    declared = request.headers.get("content-length", "")
    wanted = int(declared) if declared.isdigit() else None
    limits = replace(limits, party=Party(caller.organisation_id))
    if request.headers.get("content-type", "").startswith("application/json"):
        return limits  # it brings no files
    async with database.transaction() as session:
        room = await find_room(session, caller.organisation_id, wanted, repository.sum_contents)
    return replace(limits, room=room)


UploadLimitsDep = Annotated[UploadLimits, Depends(get_upload_limits)]


@raises(FileNotFound)
async def get_file(file_id: UUID, session: SessionDep, caller: CallerDep) -> File:
    """The caller's file; raises FileNotFound (404)."""
    return existing(await repository.find_file(session, caller.organisation_id, file_id), FileNotFound)


FileDep = Annotated[File, Depends(get_file)]
