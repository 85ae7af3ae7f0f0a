"""The pipeline `originals`: hands the files back as they came, grouped by asset; no content is copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.assets.picture_names import PICTURES, asset_of, view_of
from app.assets.views import count_assets
from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline(
    "originals",
    title="Originals",
    description="Keeps the files as they are, grouped by what they show, to be downloaded as one ZIP.",
    accepts=("file", "url"),
    max_parallel=64,
    naming=PICTURES,
)


@pipeline.step(timeout=300, when=lambda ctx: ctx.job.source_type == "url")
async def fetching(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    await ctx.download()


@pipeline.step()
async def grouping(ctx: StepContext) -> dict[str, Any]:
    """Name the input as the result, and say which asset and which view it is."""
    name = ctx.job.filename or "file"
    await ctx.keep_input(name)
    return {"asset": asset_of(name), "view": view_of(name), "size": ctx.job.file_size}


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The assets with the number of their files."""
    return count_assets(jobs)
