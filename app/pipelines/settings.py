"""Settings of where workloads are found."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from app.settings import Section


class PipelineSettings(Section):
    """Settings of where workloads are found."""

    pipelines_dir: Path | None = Field(None, description="Folder of .py files, each with one or more pipelines.")
    pipelines_watch: bool = Field(
        False, description="Take files that change in that folder without a new start, as `tranche dev` does."
    )

    @field_validator("pipelines_dir")
    @classmethod
    def check_folder(cls, folder: Path | None) -> Path | None:
        if folder and not folder.is_dir():
            raise ValueError("there is no such folder")
        return folder
