"""What is behind a code, as the public may see it: as a body, and as rows of a table."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Job
from app.batches.states import COUNTERS
from app.files.models import File
from app.kit.db import Database
from app.kit.pages import PageRequest
from app.kit.spreadsheets import csv_chunks
from app.kit.web.public_address import public_path
from app.pipelines.contract import ResultTable
from app.pipelines.registry import Registry
from app.results import repository
from app.results.addresses import Addresses
from app.results.repository import Shared
from app.results.schemas import SharedBatch, SharedFile, SharedJob, SharedPipeline, SharedResult

JOBS_AT_ONCE: Final = 100
_JOB_COLUMNS: Final = ("sequence", "job")
_PLAIN: Final = ResultTable("", ("status", "result"))
"""For pipelines whose results are no tables: one row for each job, with its result as JSON."""


async def read_shared(
    session: AsyncSession, shared: Shared, code: str, page: PageRequest
) -> SharedResult | SharedBatch:
    """The body. Of a batch one page of its jobs."""
    addresses = Addresses(code, public_path(""))
    found = await repository.list_shared_jobs(session, shared, page)
    files = await repository.list_files(session, [job for job, _ in found.rows])
    batch, link = shared.batch, shared.link
    pipeline = SharedPipeline(key=shared.pipeline.key, title=shared.pipeline.title)
    known = {
        "pipeline": pipeline,
        "expires_at": _earlier(link.expires_at, batch.expires_at),
        "links": addresses.links(),
    }
    parts = [_job(job, key, files[job.id], addresses) for job, key in found.rows]
    if link.job_id:
        return SharedResult(**known, **dict(parts[0]))
    return SharedBatch(
        **known,
        name=batch.name,
        status=batch.status,
        completed_at=batch.completed_at,
        counters={name: getattr(batch, f"{name}_jobs") for name in COUNTERS},
        summary_data=batch.summary_data,
        jobs=parts,
        next_cursor=found.next_cursor,
    )


def _earlier(one: Any, other: Any) -> Any:
    return min((moment for moment in (one, other) if moment), default=None)


def _job(job: Job, pipeline_key: str, files: Sequence[tuple[str, File]], addresses: Addresses) -> SharedJob:
    completed = job.status == "completed"
    return SharedJob(
        sequence=job.sequence,
        name=name_of(job),
        pipeline_key=pipeline_key,
        status=job.status,
        error_code=job.error_code if job.status == "failed" else None,
        completed_at=job.completed_at,
        result=job.result if completed else None,
        files=[
            SharedFile(name=name, size=file.size, media_type=file.media_type, url=addresses.file(job.sequence, name))
            for name, file in files
        ],
    )


def name_of(job: Job) -> str:
    """How a stranger knows the job. Never its URL, which may hold a key."""
    return job.filename or f"Job {job.sequence}"


def table_of(shared: Shared, registry: Registry) -> ResultTable | None:
    """The table that all of what a link opens has in common, if it has one."""
    pipeline = registry.find(shared.pipeline.id)
    has_one = shared.link.job_id is not None or shared.batch.total_pipelines == 1
    return pipeline.result_table if pipeline and has_one else None


def rows_of(table: ResultTable | None, result: Any) -> list[Mapping[str, Any]] | None:
    """The rows that a result has under its pipeline's table; None when it has no such table.

    Facts that are columns as well stand in every row.
    """
    rows = result.get(table.member) if table and isinstance(result, dict) else None
    if table is None or not isinstance(rows, list):
        return None
    facts = {name: result.get(name) for name in table.facts if name in table.columns}
    return [{**facts, **row} for row in rows if isinstance(row, dict)]


def _csv_rows(table: ResultTable | None, jobs: Sequence[Job], seen: set[str]) -> Iterator[dict[str, Any]]:
    for job in jobs:
        if table and not table.repeats_count and job.checksum and job.status == "completed":
            if job.checksum in seen:
                continue
            seen.add(job.checksum)
        job_columns = {"sequence": job.sequence, "job": name_of(job)}
        result = job.result if job.status == "completed" else None
        if table is None:
            text = None if result is None else json.dumps(result, ensure_ascii=False)
            yield job_columns | {"status": job.status, "result": text}
        else:
            yield from ({**row, **job_columns} for row in rows_of(table, result) or [])


async def csv_pieces(database: Database, shared: Shared, table: ResultTable | None) -> AsyncIterator[bytes]:
    """The results as CSV: the rows of every job, or one row for each. Jobs are read a page at a time."""
    own = (table or _PLAIN).columns
    columns = own if shared.link.job_id and table else (*_JOB_COLUMNS, *own)
    page, header = PageRequest(JOBS_AT_ONCE), True
    seen: set[str] = set()

    def make(jobs: Sequence[Job]) -> list[dict[str, Any]]:
        return list(_csv_rows(table, jobs, seen))

    while True:
        async with database.transaction() as session:
            found = await repository.list_shared_jobs(session, shared, page)
        jobs = [job for job, _ in found.rows]
        rows = [{name: _cell(row.get(name)) for name in columns} for row in await asyncio.to_thread(make, jobs)]
        for piece in csv_chunks(columns, rows, header=header):
            yield piece
        if found.next_cursor is None:
            return
        page, header = PageRequest(JOBS_AT_ONCE, found.next_cursor), False


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
