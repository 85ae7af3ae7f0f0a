"""Reply bodies of files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from app.kit.schemas import Input, Output, check_text

Tag = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(check_text)]


class FileRead(Output):
    id: UUID
    name: str
    size: int
    media_type: str
    sha256: str
    tags: list[str]
    created_at: datetime


class FileUpdate(Input):
    tags: list[Tag] = Field(max_length=50)


class FilePage(Output):
    files: list[FileRead]
    next_cursor: str | None
