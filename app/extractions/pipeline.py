"""The pipeline `pdf-extraction`: finds one swimmer's swims in meet result sheets (document 003)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions import repository
from app.extractions.errors import SheetError
from app.extractions.models import Extraction
from app.extractions.names import find_swims
from app.extractions.sheet import EXTRACTOR, VERSION, Sheet, read_sheet_data
from app.kit.schemas import ShortText
from app.kit.tables import csv_bytes
from app.pipelines.contract import Params, Pipeline, StepContext, Stop

SHEET_FILE: Final = "sheet.json"
SWIMS_FILE: Final = "swims.csv"
COLUMNS: Final = (
    "name",
    "event_number",
    "event",
    "round",
    "kind",
    "leg",
    "place",
    "time",
    "status",
    "seed_or_prelim",
    "points",
    "exhibition",
    "team",
    "relay",
    "page",
    "note",
)


class ExtractionParams(Params):
    """What to look for."""

    swimmer_name: ShortText = Field(
        title="Swimmer", description='As printed on the sheets or not: "Lilly King", "King, Lilly".'
    )


pipeline = Pipeline(
    "pdf-extraction",
    title="Result sheets",
    description="Finds one swimmer's swims in meet result sheets.",
    params=ExtractionParams,
    accepts=("file", "url"),
    max_parallel=4,
    expires_after=timedelta(days=30),  # document 003
    version=VERSION,
)


@pipeline.step(timeout=300)
async def downloading(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    if ctx.job.source_type == "url":
        await ctx.report(None, "fetching the sheet")
        await ctx.download()


@pipeline.step(when=lambda ctx: False)
async def uploading_to_ai(ctx: StepContext) -> None:
    """Hand the sheet to an AI provider: skipped, as none can be set up yet."""


@pipeline.step(max_retries=1, timeout=120)
async def extracting(ctx: StepContext) -> Stop | dict[str, Any]:
    """Read the whole sheet, or take the reading of the same content from before, and find the swimmer."""
    known = None
    if ctx.job.checksum:
        async with ctx.transaction() as session:
            known = await repository.find_sheet(session, ctx.batch.organisation_id, ctx.job.checksum)
    if known:
        ctx.mark_cached()
        data = known.data
    else:
        await ctx.report(None, "reading the sheet")
        try:
            async with ctx.input.local_path() as path:
                data = await ctx.in_child(read_sheet_data, str(path))
        except SheetError as error:
            return Stop(error.code, error.message)
    swims, near = await asyncio.to_thread(_find, data, ctx.params.swimmer_name)
    await ctx.save_file(SHEET_FILE, json.dumps(data, ensure_ascii=False).encode(), "application/json")
    await ctx.save_file(SWIMS_FILE, csv_bytes(COLUMNS, swims), "text/csv")
    await ctx.report(None, _say(ctx.params.swimmer_name, data, swims, near))
    return {
        "swimmer_name": ctx.params.swimmer_name,
        **{name: data[name] for name in ("meet", "dates", "course", "layout", "pages", "reason")},
        "extractor": EXTRACTOR,
        "extractor_version": VERSION,
        "swims_on_sheet": len(data["swims"]),
        "swims": swims,
        "near_names": near,
    }


@pipeline.step(when=lambda ctx: not ctx.cached)
async def caching(ctx: StepContext) -> None:
    """Keep the whole reading, so that the same sheet is answered at once the next time."""
    if ctx.job.checksum:
        data = json.loads(await ctx.read_file(SHEET_FILE))
        async with ctx.transaction() as session:
            await repository.add_sheet(session, ctx.batch.organisation_id, ctx.job.checksum, data)


@pipeline.on_success
async def save_extraction(session: AsyncSession, ctx: StepContext) -> None:
    """The job's swims become a row of their own, in the transaction that completes the job."""
    found = ctx.outputs["extracting"]
    sheet = None
    if ctx.job.checksum:
        sheet = await repository.find_sheet(session, ctx.batch.organisation_id, ctx.job.checksum)
    extraction = Extraction(
        organisation_id=ctx.batch.organisation_id,
        job_id=ctx.job.id,
        sheet_id=sheet.id if sheet else None,
        **{name: found[name] for name in ("swimmer_name", "meet", "dates", "course", "swims")},
    )
    await repository.add_extraction(session, extraction)


@pipeline.on_batch_end
def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many sheets carried the swimmer, and how many swims were found."""
    results = [job["result"] for job in jobs if job["status"] == "completed" and job["result"]]
    return {
        "sheets": len(jobs),
        "sheets_read": len(results),
        "sheets_with_swimmer": sum(bool(result["swims"]) for result in results),
        "swims": sum(len(result["swims"]) for result in results),
        "meets": sorted({result["meet"] for result in results if result["swims"] and result["meet"]}),
    }


def _find(data: dict[str, Any], swimmer_name: str) -> tuple[list[dict[str, Any]], list[str]]:
    swims, near = find_swims(Sheet.from_dict(data), swimmer_name)
    return [asdict(swim) for swim in swims], near


def _say(swimmer_name: str, data: Mapping[str, Any], swims: Sequence[object], near: Sequence[str]) -> str:
    if swims:
        many = "swim" if len(swims) == 1 else "swims"
        pages = "page" if data["pages"] == 1 else "pages"
        return f"{len(swims)} {many} on {data['pages']} {pages}"
    if data["reason"]:
        return str(data["reason"])
    close = f"; close: {', '.join(near)}" if near else ""
    return f"{swimmer_name} is not on this sheet{close}"
