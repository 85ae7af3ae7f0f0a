"""Reply bodies of files."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from app.kit.schemas import Output


class FileRead(Output):
    id: UUID
    name: str
    size: int
    media_type: str
    sha256: str
    created_at: datetime


class FilePage(Output):
    files: list[FileRead]
    next_cursor: str | None
