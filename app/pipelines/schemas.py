"""Reply bodies of pipelines."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.kit.schemas import Output


class PipelineStepRead(Output):
    position: int
    name: str


class PipelineRead(Output):
    id: int
    key: str
    version: int
    title: str
    description: str
    mode: Literal["parallel", "sequential"]
    max_parallel: int
    accepts: list[str]
    steps: list[PipelineStepRead]
    params_schema: dict[str, Any]
    result_view: str | None = Field(description="The ES module that shows its results in the console, if it has one.")


class PipelineProblemRead(Output):
    source: str = Field(description="The file, or the entry point of an installed package.")
    message: str
    since: datetime
    kept: bool = Field(description="Whether its pipelines from before are still run.")


class PipelinePage(Output):
    pipelines: list[PipelineRead]
    problems: list[PipelineProblemRead] = Field(
        description="What is wrong with files and packages of this installation. Told to operators; empty for others."
    )
