"""The pipeline `pdf-extraction`: finds one swimmer's swims in meet result sheets."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions import ai_reading, cache, repository
from app.extractions.accounts import AiProviders
from app.extractions.batch_swims.overview import overview
from app.extractions.fallback import NO_TEXT, Left, choose, left_by_text
from app.extractions.models import PIPELINE_KEY
from app.extractions.params import ExtractionParams
from app.extractions.provider import Provider, ProviderError
from app.extractions.reading import Confidence, Reading, unread_text, why_not_found
from app.extractions.repository import ReadingKey
from app.extractions.sheet_errors import AI_READS_PDF_ONLY, NO_TEXT_LAYER, SheetError
from app.extractions.sheet_text import Found, NearName, checked, read_facts
from app.kit.ids import new_id
from app.kit.spreadsheets import csv_bytes
from app.kit.turns import Party
from app.pipelines.contract import RETRYABLE, Need, Pipeline, ResultTable, StepContext, Stop

EXTRACTOR: Final = "result-sheets"
VERSION: Final = 4
"""Goes up whenever the same PDF would give another answer."""
SHEET_FILE: Final = "sheet.json"
SWIMS_FILE: Final = "swims.csv"
MAX_SHEET_BYTES: Final = 200 * 1024 * 1024
"""The largest file that is fetched: a sheet of a hundred pages has one or two megabytes."""
MEDIA_TYPES: Final = (
    "application/pdf",
    "application/zip",
    "application/x-zip-compressed",
    "application/xml",
    "text/xml",
    "text/html",
    "application/xhtml+xml",
    "text/plain",
    "application/x-lenex",
    "application/vnd.lenex+xml",
    "application/vnd.lenex+zip",
)
"""What servers call the files that are read; others call them nothing in particular. The content decides."""
MOST_TO_CHECK: Final = 100
"""Jobs that a batch's summary names."""
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
    "confidence",
)
AMBIGUOUS_NAME: Final = "AMBIGUOUS_NAME"
NOT_READ_SURELY: Final = "NOT_READ_SURELY"
NO_RESULTS: Final = "NO_RESULTS"
_A_TURN: Final = "its turn with the AI provider"
NOT_ON_SHEET: Final = "NOT_ON_SHEET"
FACTS: Final = ("swimmer_name", "meet", "dates", "course", "confidence", "reason")


def make_pipeline() -> Pipeline:
    """The pipeline; sheets are read by the AI provider of the batch's organisation where a batch asks for one."""
    pipeline = Pipeline(
        PIPELINE_KEY,
        title="Result sheets",
        label="Results",
        description="Finds one swimmer's swims in meet results: PDF, LENEX, HY-TEK, SDIF, HTML, or a ZIP of these.",
        params=ExtractionParams,
        accepts=("file", "url"),
        max_parallel=4,
        expires_after=timedelta(days=30),
        version=VERSION,
        result_codes=True,  # families open their swimmer's result without an account
        result_table=ResultTable("swims", COLUMNS, facts=FACTS, repeats_count=False),
    )
    pipeline.step(timeout=300)(downloading)
    pipeline.step(when=lambda ctx: ctx.params.wants_ai, timeout=900)(uploading_to_ai)
    # Twice what a child may take, as this may have to wait for another job that reads the same sheet, and then read it.
    pipeline.step(max_retries=1, timeout=240)(extracting)
    pipeline.step(when=lambda ctx: not ctx.cached)(caching)
    pipeline.on_success(save_extraction)
    pipeline.on_batch_end(summarise)
    pipeline.on_overview(overview)
    pipeline.needs(services_wanted)
    return pipeline


async def services_wanted(need: Need) -> set[str]:
    """An AI provider, when the batch asks for one."""
    return {"ai"} if need.params.wants_ai else set()


async def downloading(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    if ctx.job.source_type == "url":
        await ctx.report(None, "fetching the sheet")
        await ctx.download(media_types=MEDIA_TYPES, max_bytes=MAX_SHEET_BYTES)


@dataclass(frozen=True, slots=True)
class TextReading:
    """The reading of a sheet's text; `known` says that it was made before."""

    text: str
    read_ms: int
    known: bool


async def _read_text(ctx: StepContext) -> TextReading:
    """The text reading of the job's sheet, taken from before or made now. Raises SheetError."""
    if known := await cache.known_or_mine(ctx, _key(ctx, EXTRACTOR, VERSION)):
        return TextReading(known.data, known.read_ms, True)
    await ctx.report(None, "reading the sheet")
    began = time.monotonic()
    async with ctx.input.local_path() as path:
        answer: bytes = await ctx.in_child("app.extractions.sheet:read_sheet_text", str(path), ctx.job.filename or "")
    return TextReading(await asyncio.to_thread(checked, answer), _since(began), False)


async def uploading_to_ai(ctx: StepContext) -> Stop | dict[str, Any] | None:
    """Have the AI provider read the sheet, or those pages of it whose text could not be read with certainty.

    The output: `text_known` where there is a text reading, and whether it was made before; `left`, what the text
    left to the provider and why; `ai` and `sheet`, what the provider said; or `refused`, why it said nothing.
    """
    provider = await ctx.resource(AiProviders).of(ctx)
    if provider is None:
        return None
    output: dict[str, Any] = {}
    left = Left("", "")
    try:
        if ctx.params.reader != "ai":
            try:
                text = await _read_text(ctx)
            except SheetError as error:
                if error.code != NO_TEXT_LAYER:
                    raise
                left = NO_TEXT
            else:
                # Kept at once: others that wait for it need not wait for the provider as well.
                if not text.known:
                    await cache.keep(ctx, _key(ctx, EXTRACTOR, VERSION), text.text, text.read_ms)
                output["text_known"] = text.known
                found = left_by_text(read_facts(text.text))
                if found is None:
                    return output
                left = found
        return {**output, "left": asdict(left), **await _ask(ctx, provider, left.pages)}
    except (SheetError, ProviderError) as error:
        if "text_known" not in output and isinstance(error, SheetError):
            return Stop(error.code, error.message)
        if "text_known" not in output or error.code in RETRYABLE:
            raise
        return {**output, "left": asdict(left), "refused": {"code": error.code, "message": error.message}}


async def _ask(ctx: StepContext, provider: Provider, pages: list[int] | None) -> dict[str, Any]:
    """What the provider reads off these pages, or the whole sheet; taken from before, or asked for now.

    Raises SheetError and ProviderError.
    """
    name = ctx.params.swimmer_name
    key = _key(ctx, provider.extractor, ai_reading.VERSION, ai_reading.subject_of(name, pages))
    if known := await cache.known_or_mine(ctx, key):
        return {**json.loads(known.data), "read_ms": known.read_ms, "ai_known": True}

    async def report(message: str) -> None:
        await ctx.report(None, message)

    began = time.monotonic()
    async with ctx.input.local_path() as path, ctx.scratch_folder() as folder:
        try:
            count: int = await ctx.in_child("app.extractions.sheet:count_pages", str(path))
        except SheetError as error:
            if error.code == AI_READS_PDF_ONLY:
                raise ProviderError(error.code, error.message) from None
            raise
        if pages is not None:
            part: bytes = await ctx.in_child("app.extractions.sheet:take_pages", str(path), pages)
            path = folder / "pages.pdf"
            await asyncio.to_thread(path.write_bytes, part)
        question = ai_reading.question_about(name, ctx.job.filename)
        owner, waiting = Party(ctx.batch.organisation_id, ctx.batch.id), partial(ctx.waiting, _A_TURN)
        answer = await provider.ask(question, path, report, owner, waiting)
    sheet = await asyncio.to_thread(ai_reading.read_answer, answer.content, name, count, pages)
    tokens = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
    ai = {"provider": provider.name, "model": provider.model, **tokens}
    return {"sheet": sheet.to_dict(), "ai": ai, "read_ms": _since(began), "ai_known": False}


async def extracting(ctx: StepContext) -> Stop | dict[str, Any]:
    """Take the text reading of the whole sheet, or the provider's, and find the swimmer in it."""
    name, by_ai = ctx.params.swimmer_name, ctx.outputs.get("uploading_to_ai") or {}
    if ctx.params.reader == "ai" and not by_ai:
        return Stop("AI_NOT_SET_UP", "The organisation has no account of an AI provider any more.")
    text: TextReading | None = None
    if not by_ai or "text_known" in by_ai:
        try:
            text = await _read_text(ctx)
        except SheetError as error:
            return Stop(error.code, error.message)
    # A reading that the step before has made is known by now, but was made for this job.
    known = (by_ai.get("text_known", text.known if text else True), by_ai.get("ai_known", True))
    if all(known):
        ctx.mark_cached()
    taken = await asyncio.to_thread(choose, text.text if text else None, by_ai, ctx.params.wanted)
    found = taken.found
    facts, swims = dict(found.facts), found.swims
    reading: Reading = facts["reading"]
    confidence = reading["confidence"]
    not_found = _why_nothing(found)
    if not_found == AMBIGUOUS_NAME:
        facts["reason"] = f"Several people on this sheet may be {name}: a club or a year of birth tells them apart."
    elif not_found == NOT_READ_SURELY:
        facts["reason"] = why_not_found(reading, name)
    rows = [{**swim, "confidence": confidence} for swim in swims]
    await ctx.save_files({SHEET_FILE: taken.text.encode(), SWIMS_FILE: csv_bytes(COLUMNS, rows)})
    ctx.conclude(_say(name, facts, found))
    ai = by_ai["ai"] if taken.by_ai else None
    return {
        "extraction_id": str(new_id()),
        "swimmer_name": name,
        **facts,
        "confidence": confidence,
        "warnings": reading["warnings"],
        "source": "ai" if ai else "text",
        "extractor": _model_of(ai) if ai else EXTRACTOR,
        "extractor_version": ai_reading.VERSION if ai else VERSION,
        **({"ai": ai} if ai else {}),
        **({"fallback": taken.choice} if taken.choice else {}),
        "read_ms": (text.read_ms if text else 0) + by_ai.get("read_ms", 0),
        "swims_on_sheet": found.swims_on_sheet,
        "swims": swims,
        "match": found.match,
        "not_found": not_found,
        "near_names": found.near_names,
        "near": found.near,
    }


async def caching(ctx: StepContext) -> None:
    """Keep what was read for this job, so that the same sheet is answered at once the next time."""
    by_ai, found = ctx.outputs.get("uploading_to_ai") or {}, ctx.outputs["extracting"]
    if not by_ai:
        text = (await ctx.read_file(SHEET_FILE)).decode()
        await cache.keep(ctx, _key(ctx, EXTRACTOR, VERSION), text, found["read_ms"])
    elif by_ai.get("ai_known") is False:
        data = json.dumps({"sheet": by_ai["sheet"], "ai": by_ai["ai"]}, ensure_ascii=False)
        await cache.keep(ctx, _ai_key(ctx, by_ai), data, by_ai["read_ms"])


async def save_extraction(session: AsyncSession, ctx: StepContext) -> None:
    """The job's swims become a row of their own, in the transaction that completes the job."""
    by_ai, found = ctx.outputs.get("uploading_to_ai") or {}, ctx.outputs["extracting"]
    key = _ai_key(ctx, by_ai) if found["source"] == "ai" else _key(ctx, EXTRACTOR, VERSION)
    values = {
        "id": UUID(found["extraction_id"]),
        "organisation_id": ctx.batch.organisation_id,
        "job_id": ctx.job.id,
        **{name: found[name] for name in ("swimmer_name", "source", "confidence", "meet", "dates", "course", "swims")},
    }
    await repository.add_extraction(session, values, key)


def summarise(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How many sheets carried the swimmer, how many swims were found, and what the cache saved."""
    completed = [job for job in jobs if job["status"] == "completed" and job["result"]]
    ended = _each_sheet_once(completed)
    results = [job["result"] for job in ended]
    cached = [job["result"] for job in completed if job["cached"]]
    return {
        "sheets": len(jobs),
        "repeated_sheets": len(completed) - len(ended),
        "sheets_read": len(results),
        "sheets_with_swimmer": sum(bool(result["swims"]) for result in results),
        "swims": sum(len(result["swims"]) for result in results),
        "meets": sorted({result["meet"] for result in results if result["swims"] and result["meet"]}),
        "read_by_ai": sum(result.get("source") == "ai" for result in results),
        **_confidence_of(ended),
        "cached": len(cached),
        "time_saved_ms": sum(result.get("read_ms", 0) for result in cached),
    }


def _each_sheet_once(jobs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first job of each content; one whose content is not known is taken as it is."""
    first: dict[Any, Mapping[str, Any]] = {}
    for job in jobs:
        first.setdefault(job.get("checksum") or job["sequence"], job)
    return list(first.values())


def _confidence_of(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How sure the readings were, and the first jobs, by sequence, whose sheets somebody should look at."""
    sure = Counter(job["result"].get("confidence") for job in jobs)
    unread = sum((job["result"].get("reading") or {}).get("unread", 0) for job in jobs)
    doubtful = [job["sequence"] for job in jobs if job["result"].get("confidence") in ("check", "low")]
    return {
        "confidence": {name: sure[name] for name in get_args(Confidence)},
        "lines_not_read": unread,
        "jobs_to_check": doubtful[:MOST_TO_CHECK],
    }


def _key(ctx: StepContext, extractor: str, version: int, subject: str = "") -> ReadingKey:
    assert ctx.job.checksum, "a job has its file from the first step on"
    return ReadingKey(ctx.batch.organisation_id, ctx.job.checksum, extractor, version, subject)


def _ai_key(ctx: StepContext, by_ai: Mapping[str, Any]) -> ReadingKey:
    subject = ai_reading.subject_of(ctx.params.swimmer_name, by_ai["left"]["pages"])
    return _key(ctx, _model_of(by_ai["ai"]), ai_reading.VERSION, subject)


def _model_of(ai: Mapping[str, Any]) -> str:
    """As `Provider.extractor` has it."""
    return f"{ai['provider']}/{ai['model']}"


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _say(swimmer_name: str, facts: Mapping[str, Any], found: Found) -> str:
    left = unread_text(facts["reading"])
    if found.swims:
        many = "swim" if len(found.swims) == 1 else "swims"
        pages = "page" if facts["pages"] == 1 else "pages"
        said = f"{len(found.swims)} {many} on {facts['pages']} {pages}"
        if not left and facts["reading"]["confidence"] != "high":
            left = "to be checked"
    else:
        said = (facts["reason"] or f"{swimmer_name} is not on this sheet").removesuffix(".")
    several = len(found.near_names) < len(found.near) or found.match == "ambiguous"
    names = [f"{near['name']} ({_beside(near)})" if several else near["name"] for near in found.near]
    close = f"close: {', '.join(names)}" if names else ""
    return "; ".join(part for part in (said, "" if left in said else left, close) if part)


def _beside(near: NearName) -> str:
    return ", ".join(said for said in (near["team"], near["age"]) if said) or "no club"


def _why_nothing(found: Found) -> str | None:
    """Why there are no swims, as a code; None when there are some."""
    if found.swims:
        return None
    if found.match == "ambiguous":
        return AMBIGUOUS_NAME
    if found.facts["reason"]:
        return NO_RESULTS
    return NOT_READ_SURELY if found.facts["reading"]["confidence"] == "low" else NOT_ON_SHEET
