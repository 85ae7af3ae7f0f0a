"""The pipeline `contact-sheet`: the views of each asset on one labelled sheet.

Every file is a job, and the job of an asset's first readable file draws the sheet from the files of all; the others say
which job has it. A file that cannot be read fails its own job and leaves an empty tile. In a batch that retries another
the sheets show all views of an asset, those of the batch before as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final

from pydantic import Field

from app.assets.originals import LISTED, count_assets
from app.assets.packing import unpack
from app.assets.picture_names import PICTURES, asset_key, seen_on
from app.files.names import display_name
from app.pipelines.contract import JobInfo, Params, Pipeline, StepContext

MAX_VIEWS: Final = 36
"""A sheet has so many tiles at most; further files of the asset are left out and counted in `not_shown`."""


class ContactSheetParams(Params):
    """How large."""

    tile: int = Field(480, ge=64, le=1024, title="Tile", description="Side of one picture on the sheet, in pixels.")


pipeline = Pipeline(
    "contact-sheet",
    title="Contact sheets",
    description="The views of each asset on one labelled sheet. The asset is the file name without its view.",
    params=ContactSheetParams,
    accepts=("file",),
    max_parallel=8,
    label="Render",
    naming=PICTURES,
)


@pipeline.step(max_retries=1, timeout=120)
async def validating(ctx: StepContext) -> dict[str, Any]:
    """Decode the own file, and find the file of the asset whose job draws the sheet."""
    views = await ctx.siblings(asset_key(ctx.batch.naming))
    own = next(place for place, job in enumerate(views) if job.id == ctx.job.id)
    earlier = [*views[: min(own, MAX_VIEWS)], views[own]]
    async with AsyncExitStack() as stack:
        paths = await _paths(ctx, stack, earlier)
        arguments = (paths, _names(earlier), len(earlier) - 1)
        place: int = await ctx.in_child("app.assets.contact_sheet_drawing:first_readable", *arguments)
    holder = earlier[place]
    seen = seen_on(ctx.job.filename or "", ctx.batch.naming)
    return {
        "asset": seen.asset,
        "view": seen.view,
        "views": len(await ctx.siblings(asset_key(ctx.batch.naming), with_retried=True)),
        "sheet_job_id": str(holder.id),
        "sheet_job_sequence": holder.sequence,
        "holds_sheet": holder.id == ctx.job.id,
    }


@pipeline.step(max_retries=1, timeout=300, when=lambda ctx: ctx.outputs["validating"].get("holds_sheet", True))
async def drawing(ctx: StepContext) -> dict[str, Any]:
    """Draw the sheet, in the job that holds it."""
    views = await ctx.siblings(asset_key(ctx.batch.naming), with_retried=True)
    shown = views[:MAX_VIEWS]
    found = ctx.outputs["validating"]
    seen = [seen_on(name, ctx.batch.naming) for name in _names(shown)]
    title = seen[0].title or ctx.batch.name
    labels = [one.label or name for one, name in zip(seen, _names(shown), strict=True)]
    async with AsyncExitStack() as stack:
        paths = await _paths(ctx, stack, shown)
        arguments = (title, paths, _names(shown), labels, ctx.params.tile)
        answer: bytes = await ctx.in_child("app.assets.contact_sheet_drawing:draw_sheet", *arguments)
    places, sheet = unpack(answer)
    empty = [_names(shown)[place] for place in json.loads(places)]
    name = f"{display_name(title)} contact sheet.jpg"
    await ctx.save_file(name, sheet, "image/jpeg")
    return {
        **found,
        "sheet_job_id": str(ctx.job.id),  # not that of the job that this one retries
        "sheet_job_sequence": ctx.job.sequence,
        "views": len(views),
        "sheet": name,
        "size": len(sheet),
        "not_shown": len(views) - len(shown),
        "left_empty": empty,
    }


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The assets with the number of their files, how many sheets there are, and which views they do not show."""
    results = [job["result"] for job in jobs if job["status"] == "completed" and job["result"]]
    sheets = [result for result in results if result.get("sheet")]
    empty = [name for sheet in sheets for name in sheet.get("left_empty", ())]
    return {
        **count_assets(jobs),
        "sheets": len(sheets),
        "views_left_empty": len(empty),
        "left_empty": empty[:LISTED],
        "views_not_shown": sum(sheet["not_shown"] for sheet in sheets),
    }


def _names(jobs: Sequence[JobInfo]) -> list[str]:
    return [job.filename or "" for job in jobs]


async def _paths(ctx: StepContext, stack: AsyncExitStack, jobs: Sequence[JobInfo]) -> list[str]:
    """Where children find the files of these jobs while the stack is open."""
    return [str(await stack.enter_async_context(ctx.content(job.checksum).local_path())) for job in jobs]
