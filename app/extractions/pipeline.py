"""The pipeline `pdf-extraction`: finds one swimmer's swims in meet result sheets."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions import ai_reading, cache, repository
from app.extractions.models import Extraction
from app.extractions.names import name_keys
from app.extractions.params import ExtractionParams, ParamsWithoutProvider
from app.extractions.provider import Provider
from app.extractions.repository import ReadingKey
from app.extractions.sheet_errors import SheetError
from app.extractions.sheet_text import Found, Probe, checked, find_in_sheet, write_sheet
from app.extractions.swims import Sheet
from app.kit.ids import new_id
from app.kit.spreadsheets import csv_bytes
from app.pipelines.contract import Pipeline, ResultTable, StepContext, StepFunction, Stop

EXTRACTOR: Final = "result-sheets"
VERSION: Final = 3
"""Goes up whenever the same PDF would give another answer."""
SHEET_FILE: Final = "sheet.json"
SWIMS_FILE: Final = "swims.csv"
MAX_SHEET_BYTES: Final = 200 * 1024 * 1024
"""The largest PDF that is fetched: a sheet of a hundred pages has one or two megabytes."""
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


def make_pipeline(provider: Provider | None = None) -> Pipeline:
    """The pipeline, with the AI provider of this installation if it has one."""
    pipeline = Pipeline(
        "pdf-extraction",
        title="Result sheets",
        description="Finds one swimmer's swims in meet result sheets.",
        params=ExtractionParams if provider else ParamsWithoutProvider,
        accepts=("file", "url"),
        max_parallel=4,
        expires_after=timedelta(days=30),
        version=VERSION,
        result_codes=True,  # families open their swimmer's result without an account
        result_table=ResultTable("swims", COLUMNS, facts=("swimmer_name", "meet", "dates", "course", "reason")),
    )
    pipeline.step(timeout=300)(downloading)
    pipeline.step(when=lambda ctx: bool(provider and ctx.params.wants_ai), timeout=900)(_uploading_to(provider))
    # Twice what a child may take, as this may have to wait for another job that reads the same sheet, and then read it.
    pipeline.step(max_retries=1, timeout=240)(extracting)
    pipeline.step(when=lambda ctx: not ctx.cached)(caching)
    pipeline.on_success(save_extraction)
    pipeline.on_batch_end(summarise)
    return pipeline


async def downloading(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    if ctx.job.source_type == "url":
        await ctx.report(None, "fetching the sheet")
        await ctx.download(media_types=("application/pdf",), max_bytes=MAX_SHEET_BYTES)


def _uploading_to(provider: Provider | None) -> StepFunction:
    async def uploading_to_ai(ctx: StepContext) -> Stop | dict[str, Any] | None:
        """Have the AI provider read the sheet, if the batch wants that of every sheet, or the sheet has no text."""
        assert provider is not None, "the step is skipped without a provider"
        name = ctx.params.swimmer_name
        async with ctx.input.local_path() as path:
            try:
                look: Probe = await ctx.in_child("app.extractions.sheet:probe", str(path))
            except SheetError as error:
                return Stop(error.code, error.message)
            if ctx.params.reader != "ai" and look["has_text"]:
                return None
            key = _key(ctx, provider.extractor, ai_reading.VERSION, ai_reading.subject_of(name))
            if known := await cache.known_or_mine(ctx, key):
                return {**json.loads(known.data), "read_ms": known.read_ms}

            async def report(message: str) -> None:
                await ctx.report(None, message)

            began = time.monotonic()
            answer = await provider.ask(ai_reading.question_about(name, ctx.job.filename), path, report)
            sheet = await asyncio.to_thread(ai_reading.read_answer, answer.content, name, look["pages"])
        tokens = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
        reading = {"sheet": sheet.to_dict(), "ai": {"provider": provider.name, "model": provider.model, **tokens}}
        return {**reading, "read_ms": _since(began)}

    return uploading_to_ai


async def extracting(ctx: StepContext) -> Stop | dict[str, Any]:
    """Read the whole sheet, or take the reading of the same content from before, and find the swimmer."""
    by_ai = ctx.outputs.get("uploading_to_ai")
    ai: dict[str, Any] | None = None
    if by_ai:
        text, read_ms, ai = write_sheet(Sheet.from_dict(by_ai["sheet"])), by_ai["read_ms"], by_ai["ai"]
    elif ctx.params.reader == "ai":
        return Stop("AI_NOT_SET_UP", "The worker that ran this job has no AI provider set up.")
    else:
        known = await cache.known_or_mine(ctx, _key(ctx, EXTRACTOR, VERSION))
        if known:
            text, read_ms = known.data, known.read_ms
        else:
            await ctx.report(None, "reading the sheet")
            began = time.monotonic()
            try:
                async with ctx.input.local_path() as path:
                    answer: bytes = await ctx.in_child("app.extractions.sheet:read_sheet_text", str(path))
            except SheetError as error:
                return Stop(error.code, error.message)
            text, read_ms = await asyncio.to_thread(checked, answer), _since(began)
    name = ctx.params.swimmer_name
    found = await asyncio.to_thread(find_in_sheet, text, name)
    await asyncio.gather(  # most of what a cached job costs is waiting for the disk
        ctx.save_file(SHEET_FILE, text.encode(), "application/json"),
        ctx.save_file(SWIMS_FILE, csv_bytes(COLUMNS, found.swims), "text/csv"),
        ctx.report(None, _say(name, found)),
    )
    return {
        "extraction_id": str(new_id()),
        "swimmer_name": name,
        **found.facts,
        "source": "ai" if ai else "text",
        "extractor": f"{ai['provider']}/{ai['model']}" if ai else EXTRACTOR,
        "extractor_version": ai_reading.VERSION if ai else VERSION,
        **({"ai": ai} if ai else {}),
        "read_ms": read_ms,
        "swims_on_sheet": found.swims_on_sheet,
        "swims": found.swims,
        "near_names": found.near,
    }


async def caching(ctx: StepContext) -> None:
    """Keep the reading, so that the same sheet is answered at once the next time."""
    by_ai, found = ctx.outputs.get("uploading_to_ai"), ctx.outputs["extracting"]
    if by_ai:
        text = json.dumps({"sheet": by_ai["sheet"], "ai": by_ai["ai"]}, ensure_ascii=False)
    else:
        text = (await ctx.read_file(SHEET_FILE)).decode()
    await cache.keep(ctx, _key_of_result(ctx, found), text, found["read_ms"])


async def save_extraction(session: AsyncSession, ctx: StepContext) -> None:
    """The job's swims become a row of their own, in the transaction that completes the job."""
    found = ctx.outputs["extracting"]
    core, short = name_keys(found["swimmer_name"])
    extraction = Extraction(
        id=found["extraction_id"],
        organisation_id=ctx.batch.organisation_id,
        job_id=ctx.job.id,
        sheet_id=await repository.find_sheet_id(session, _key_of_result(ctx, found)),
        swimmer_core=core,
        swimmer_short=short,
        **{name: found[name] for name in ("swimmer_name", "source", "meet", "dates", "course", "swims")},
    )
    await repository.add_extraction(session, extraction)


def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many sheets carried the swimmer, how many swims were found, and what the cache saved."""
    ended = [job for job in jobs if job["status"] == "completed" and job["result"]]
    results = [job["result"] for job in ended]
    cached = [job["result"] for job in ended if job["cached"]]
    return {
        "sheets": len(jobs),
        "sheets_read": len(results),
        "sheets_with_swimmer": sum(bool(result["swims"]) for result in results),
        "swims": sum(len(result["swims"]) for result in results),
        "meets": sorted({result["meet"] for result in results if result["swims"] and result["meet"]}),
        "read_by_ai": sum(result.get("source") == "ai" for result in results),
        "cached": len(cached),
        "time_saved_ms": sum(result.get("read_ms", 0) for result in cached),
    }


def _key(ctx: StepContext, extractor: str, version: int, subject: str = "") -> ReadingKey:
    assert ctx.job.checksum, "a job has its file from the first step on"
    return ReadingKey(ctx.batch.organisation_id, ctx.job.checksum, extractor, version, subject)


def _key_of_result(ctx: StepContext, found: Mapping[str, Any]) -> ReadingKey:
    subject = ai_reading.subject_of(found["swimmer_name"]) if found["source"] == "ai" else ""
    return _key(ctx, found["extractor"], found["extractor_version"], subject)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _say(swimmer_name: str, found: Found) -> str:
    if found.swims:
        many = "swim" if len(found.swims) == 1 else "swims"
        pages = "page" if found.facts["pages"] == 1 else "pages"
        return f"{len(found.swims)} {many} on {found.facts['pages']} {pages}"
    if found.facts["reason"]:
        return str(found.facts["reason"])
    close = f"; close: {', '.join(found.near)}" if found.near else ""
    return f"{swimmer_name} is not on this sheet{close}"
