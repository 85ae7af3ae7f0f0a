"""The pipeline `originals`: hands the files back as they came, grouped by asset; no content is copied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.assets.picture_names import PICTURES, seen_on
from app.pipelines.contract import Pipeline, StepContext

LISTED: Final = 500
"""A summary names so many assets; it is read whole with every list of batches."""

pipeline = Pipeline(
    "originals",
    title="Originals",
    description="Keeps the files as they are, grouped by what they show, to be downloaded as one ZIP.",
    accepts=("file", "url"),
    max_parallel=64,
    label="Render",
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
    seen = seen_on(name, ctx.batch.naming)
    return {"asset": seen.asset, "view": seen.view, "size": ctx.job.file_size}


@pipeline.on_batch_end
def count_assets(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many assets the completed jobs show, and how many files of each there are, by name."""
    results = [job["result"] for job in jobs if job["status"] == "completed" and job["result"]]
    files = Counter(str(result["asset"]) for result in results)
    return {"assets": len(files), "files": len(results), "files_by_asset": dict(sorted(files.items())[:LISTED])}
