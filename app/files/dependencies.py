"""What routes that take or give files are given."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from app.auth.dependencies import CallerDep
from app.files import repository
from app.files.errors import FileNotFound, StorageUnavailable
from app.files.models import File
from app.files.storage import Storage
from app.files.upload import UploadLimits
from app.kit.container import provided
from app.kit.declarations import raises
from app.kit.dependencies import SessionDep
from app.kit.errors import existing
from app.kit.turns import Party

StorageDep = Annotated[Storage, Depends(raises(StorageUnavailable)(provided(Storage)))]


def get_upload_limits(
    caller: CallerDep, limits: Annotated[UploadLimits, Depends(provided(UploadLimits))]
) -> UploadLimits:
    """The installation's limits, in the turn of the caller's organisation."""
    return replace(limits, party=Party(caller.organisation_id))


UploadLimitsDep = Annotated[UploadLimits, Depends(get_upload_limits)]


@raises(FileNotFound)
async def get_file(file_id: UUID, session: SessionDep, caller: CallerDep) -> File:
    """The caller's file; raises FileNotFound (404)."""
    return existing(await repository.find_file(session, caller.organisation_id, file_id), FileNotFound)


FileDep = Annotated[File, Depends(get_file)]
