"""Settings of Dropbox and monday.com."""

from __future__ import annotations

from pydantic import Field, SecretStr

from app.settings import Section


class HandOverSettings(Section):
    """Settings of Dropbox and monday.com."""

    dropbox_token: SecretStr | None = Field(None, description="Token of a Dropbox app, for batches that ask for it.")
    dropbox_url: str = Field("https://api.dropboxapi.com", description="Dropbox's API.")
    dropbox_content_url: str = Field("https://content.dropboxapi.com", description="Dropbox's API for contents.")
    dropbox_folder: str = Field("", description="Folder in Dropbox below which batches get theirs.")
    monday_token: SecretStr | None = Field(None, description="Token of monday.com, for batches that ask for it.")
    monday_url: str = Field("https://api.monday.com/v2", description="monday.com's API.")
    monday_board: str | None = Field(None, description="Id of the board that batches are added to.")
    monday_columns: dict[str, str] = Field(
        default_factory=dict,
        description="JSON: status, customer_prefix, description, total_files, failed_jobs, created_at to column ids.",
    )
