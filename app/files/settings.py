"""Settings of uploads and of where contents live."""

from __future__ import annotations

from pydantic import Field

from app.settings import GIB, Section


class FileSettings(Section):
    """Settings of uploads and of where contents live."""

    storage_url: str | None = Field(
        None, description="Where file contents live: file:///path or s3://bucket/prefix; unset is a folder in home."
    )
    max_upload_bytes: int = Field(16 * GIB, ge=1, description="Largest request body with files.")
    max_file_bytes: int = Field(2 * GIB, ge=1, description="Largest single file.")
    max_files: int = Field(10_000, ge=1, description="Most files, URLs or records in one batch.")
