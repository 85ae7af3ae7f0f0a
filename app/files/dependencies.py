"""What routes that take or give files are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.files.storage import Storage
from app.files.upload import UploadLimits
from app.kit.container import provided

StorageDep = Annotated[Storage, Depends(provided(Storage))]


UploadLimitsDep = Annotated[UploadLimits, Depends(provided(UploadLimits))]
