"""The pipeline `web-images`: any image as a WebP for pages, with a thumbnail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from app.assets.packing import unpack
from app.assets.picture_names import PICTURES
from app.files.names import display_name, split_suffix
from app.pipelines.contract import Params, Pipeline, StepContext, Stop


class WebImageParams(Params):
    """How large, how good, how much work."""

    max_size: int = Field(
        1600, ge=16, le=8192, title="Longest side", description="In pixels; smaller stay as they are."
    )
    thumbnail: int = Field(256, ge=16, le=1024, title="Thumbnail", description="Its longest side in pixels.")
    quality: int = Field(80, ge=1, le=100, title="Quality")
    effort: int = Field(4, ge=0, le=6, title="Effort", description="0 is quick, 6 makes the smallest files.")


pipeline = Pipeline(
    "web-images",
    title="Images for the web",
    description="Upright, in sRGB, without metadata: a WebP of at most 1600 pixels a side, and a thumbnail of 256.",
    params=WebImageParams,
    accepts=("file", "url"),
    max_parallel=16,
    naming=PICTURES,
)


@pipeline.step(timeout=300, when=lambda ctx: ctx.job.source_type == "url")
async def fetching(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    await ctx.download()


@pipeline.step(max_retries=1, timeout=30)
async def validating(ctx: StepContext) -> dict[str, Any]:
    """See what it is, before anything is decoded."""
    async with ctx.input.local_path() as path:
        return await ctx.in_child("app.assets.images:describe", str(path), ctx.job.filename)


@pipeline.step(max_retries=1, timeout=120)
async def converting(ctx: StepContext) -> Stop | dict[str, Any]:
    """Decode it once, and write both sizes."""
    params: WebImageParams = ctx.params
    options = (params.max_size, params.thumbnail, params.quality, params.effort)
    async with ctx.input.local_path() as path:
        answer: bytes = await ctx.in_child("app.assets.images:make_web_images", str(path), ctx.job.filename, *options)
    description, large, small = unpack(answer)
    made = json.loads(description)
    stem, _ = split_suffix(display_name(ctx.job.filename or "image"))
    await ctx.save_file(f"{stem}.webp", large, "image/webp")
    await ctx.save_file(f"{stem}_thumbnail.webp", small, "image/webp")
    original = ctx.outputs["validating"]
    await ctx.report(None, f"{original['width']} x {original['height']} {original['format']} to {len(large):,} bytes")
    return {**made, "size": len(large), "thumbnail_size": len(small), "original": original}


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many images, and how many bytes they take now."""
    results = [job["result"] for job in jobs if job["status"] == "completed" and job["result"]]
    return {
        "images": len(results),
        "refused": sum(job["status"] == "failed" for job in jobs),
        "bytes": sum(result["size"] for result in results),
        "thumbnail_bytes": sum(result["thumbnail_size"] for result in results),
    }
