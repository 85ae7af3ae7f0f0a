"""The pipeline `data-report`: describes every table of a batch and sums the batch up."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta
from typing import Any, Final

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.ids import new_id
from app.kit.schemas import ShortText
from app.kit.words import quantity
from app.pipelines.contract import BatchInfo, Overview, Params, Pipeline, StepContext
from app.reports import repository
from app.reports.choices import Choices, DateOrderChoice, DecimalChoice, Delimiter, EncodingName, HeaderChoice
from app.reports.html_page import render_report
from app.reports.models import PIPELINE_KEY
from app.reports.note_groups import grouped_notes
from app.reports.overview import overview_of
from app.reports.summary import PROBLEMS, summarise

VERSION: Final = 1
REPEATED: Final = (
    *("format", "encoding", "delimiter", "rows", "column_count", "records", "widths", "header", "sheet"),
    "confidence",
)
"""Facts of a report that the job's result has too."""
ESSENCE: Final = ("name", "type", "date_order", "unit", "null_share", "mean")
MOST_TOLD: Final = 100
"""Columns of which a job's result has the ESSENCE: lists of jobs carry their results."""
CHOICES: Final = frozenset(field.name for field in fields(Choices))
JSON_FILE, HTML_FILE = "report.json", "report.html"
MEMORY_BYTES: Final = 1536 * 1024 * 1024
"""Address space for DuckDB: it reserves four times what it keeps resident (1.1 GB for 0.27 GB; measured)."""


class ReportParams(Params):
    """How to read the files, and how long to keep what was found."""

    header: HeaderChoice = Field(
        "auto", title="First row", description="Whether it names the columns: auto looks at what stands below it."
    )
    sheet: ShortText | None = Field(None, title="Sheet", description="Of workbooks; unset takes the one with the most.")
    delimiter: Delimiter = Field(
        None,
        title="Delimiter",
        description="Of text: comma, semicolon, tab, pipe, space, or the signs themselves; unset looks at the lines.",
    )
    encoding: EncodingName = Field(
        None, title="Encoding", description="Of text, such as cp1250 or shift_jis; unset looks at the letters."
    )
    decimal: DecimalChoice = Field(
        "auto", title="Decimal sign", description="Of numbers that can be read both ways, as 1,125 can: point or comma."
    )
    date_order: DateOrderChoice = Field(
        "auto", title="Order of dates", description="Of dates such as 03/04/2024: dmy has the day first, mdy the month."
    )
    keep_reports_days: int = Field(
        30, ge=1, le=3650, title="Keep reports for days", description="They stay when the batch has expired."
    )


pipeline = Pipeline(
    PIPELINE_KEY,
    title="Data reports",
    label="Report",
    description="Describes every table: columns, types, gaps, frequent values, broken rows; and compares the files.",
    params=ReportParams,
    accepts=("file", "url"),
    max_parallel=4,
    expires_after=timedelta(hours=24),  # the reports stay; the tables can be sent again
    version=VERSION,
)


@pipeline.step(timeout=300)
async def downloading(ctx: StepContext) -> None:
    """Fetch a URL; an uploaded file is here already."""
    if ctx.job.source_type == "url":
        await ctx.report(None, "fetching the file")
        await ctx.download()


@pipeline.step(max_retries=1, timeout=1800)
async def profiling(ctx: StepContext) -> dict[str, Any]:
    """Read the file in a child and describe it. A TableError of the child fails the job under its own code."""
    await ctx.report(None, "reading the table")
    began = time.monotonic()
    name, params = ctx.job.filename or "", ctx.params
    async with ctx.input.local_path() as path, ctx.scratch_folder() as folder:
        arguments = (str(path), name, str(folder), params.model_dump(include=CHOICES))
        # By name, as only the child loads DuckDB, which is 27 MB (measured).
        found: dict[str, Any] = await ctx.in_child(
            "app.reports.profiling:profile_file",
            *arguments,
            memory_bytes=MEMORY_BYTES,
            cpu_seconds=seconds_for(ctx.job.file_size or 0),
        )
    return {"profile_version": VERSION, **found, "processing_time_ms": int((time.monotonic() - began) * 1000)}


@pipeline.step(timeout=120)
async def reporting(ctx: StepContext) -> dict[str, Any]:
    """Write the report as JSON and as a page, and say the essence of it."""
    profile = ctx.outputs["profiling"]
    report = {"id": str(new_id()), "file_name": ctx.job.filename or "", "file_size": ctx.job.file_size or 0, **profile}
    page, text = await asyncio.to_thread(lambda: (render_report(report), json.dumps(report, ensure_ascii=False)))
    await ctx.save_file(JSON_FILE, text.encode(), "application/json")
    await ctx.save_file(HTML_FILE, page.encode(), "text/html")
    await ctx.report(None, _say(profile))
    return {
        "report_id": report["id"],
        "file_size": report["file_size"],
        "processing_time_ms": profile["processing_time_ms"],
        **{name: profile[name] for name in REPEATED if name in profile},
        "notes": grouped_notes(profile),
        "columns": [_essence(column, place) for place, column in enumerate(profile["columns"])],
        "problems": {name: profile["problems"].get(name, 0) for name in PROBLEMS},
    }


def seconds_for(size: int) -> int:
    """Processor seconds that a file of so many bytes may take, packed as it is: a small one must not cost much.

    Healthy tables pass on a machine four times slower than the one that this was measured on (2 cores, Python 3.11).
    Columns cost most: 13 s for one row of 4,000, 22 s for 600 rows of 1,500 (9 MB); of long tables a MB costs 0.1 to
    0.2 s as CSV, gzip or SQLite, 0.6 s as XLSX, less as JSON or Parquet. The setting for all children is the most.
    """
    return 90 + 10 * size // 1_000_000


@pipeline.on_success
async def save_report(session: AsyncSession, ctx: StepContext) -> None:
    """The report becomes a row, in the transaction that completes the job."""
    await repository.add_report(
        session,
        ctx.batch.organisation_id,
        ctx.batch.id,
        ctx.job,
        ctx.outputs["reporting"],
        ctx.outputs["profiling"],
        timedelta(days=ctx.params.keep_reports_days),
    )


@pipeline.on_overview
async def overview(session: AsyncSession, batch: BatchInfo) -> Overview | None:
    """The summary of the batch in words, once it is made."""
    found = await repository.find_batch_report(session, batch.organisation_id, batch.id)
    summary = found["summary_data"] if found else None
    return overview_of(summary) if summary and "outliers" in summary else None


pipeline.on_batch_end(summarise)


def _essence(column: Mapping[str, Any], place: int) -> dict[str, Any]:
    """What the summary of the batch is made of; of columns far to the right only the name and the type."""
    facts = ESSENCE if place < MOST_TOLD else ESSENCE[:2]
    return {name: column[name] for name in facts if column.get(name) is not None}


def _say(profile: Mapping[str, Any]) -> str:
    rows, columns = profile["rows"], profile["column_count"]
    bad = sum(profile["problems"].get(name, 0) for name in PROBLEMS if name != "duplicate_rows")
    said = f"{quantity(rows, 'row')} of {quantity(columns, 'column')}"
    return f"{said}, {quantity(bad, 'problem')}" if bad else said
