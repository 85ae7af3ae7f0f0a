"""What routes that take or give files are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.files.errors import StorageUnavailable
from app.files.storage import Storage
from app.files.upload import UploadLimits
from app.kit.container import provided
from app.kit.declarations import raises

StorageDep = Annotated[Storage, Depends(raises(StorageUnavailable)(provided(Storage)))]


UploadLimitsDep = Annotated[UploadLimits, Depends(provided(UploadLimits))]
