"""Settings of where workloads are found."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from app.settings import Section


class PipelineSettings(Section):
    """Settings of where workloads are found."""

    pipelines_dir: Path | None = Field(None, description="Folder of .py files, each with one or more pipelines.")
