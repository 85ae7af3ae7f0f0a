"""A batch's jobs as a table: CSV, Excel or JSON, one row for each job.

The rows are spooled first and written in threads, so that neither the loop nor a connection waits for a slow reader,
and so that every member that some job's result has becomes a column.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any, Final, Literal
from uuid import UUID

import orjson
from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.models import Job
from app.kit.spreadsheets import csv_chunks, json_chunks, write_xlsx
from app.kit.temporary_files import written

ExportFormat = Literal["csv", "json", "xlsx"]
MEDIA_TYPES: Final[dict[ExportFormat, str]] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_RESULT_COLUMNS: Final = 1000
"""A result's further members are left out of CSV and Excel, whose sheets end at 16,384 columns."""
_IN_MEMORY: Final = 1 << 20
_ROWS_AT_ONCE: Final = 200
_CHUNK_BYTES: Final = 1 << 18
_COLUMNS: Final = (
    Job.sequence,
    Job.filename,
    Job.source_type,
    Job.source_url,
    Job.status,
    Job.stage,
    Job.error_code,
    Job.error_message,
    Job.cached,
    Job.attempt.label("attempts"),
    Job.created_at,
    Job.started_at,
    Job.completed_at,
)
FIELDS: Final = (*(column.key for column in _COLUMNS), "duration_ms")


class Export:
    """Rows on their way into a file. The spool holds what is left of each row, one JSON object a line."""

    def __init__(self, wanted: ExportFormat) -> None:
        self._wanted = wanted
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed by write)
        self._result_columns: dict[str, None] = {}

    def add(self, rows: Sequence[Any]) -> None:
        """Spool some jobs. Blocks: results are decoded here and not by the session, which would do it on the loop."""
        for row in rows:
            fields: dict[str, Any] = dict(zip(FIELDS, row, strict=False))
            ended, began = fields["completed_at"], fields["started_at"]
            fields["duration_ms"] = round((ended - began).total_seconds() * 1000) if ended and began else None
            result: str | None = row[-1]
            if self._wanted == "json":
                # The text as the database has it: its numbers may have more digits than a decoder keeps.
                fields["result"] = None if result is None else orjson.Fragment(result)
            else:
                fields = self._plain(fields) | self._flat(result)
            line = orjson.dumps(fields) if self._wanted == "json" else json.dumps(fields).encode()
            self._spool.write(line + b"\n")

    @staticmethod
    def _plain(fields: dict[str, Any]) -> dict[str, Any]:
        moments = ("created_at", "started_at", "completed_at")
        return fields | {name: fields[name].isoformat() for name in moments if fields[name]}

    def _flat(self, result: str | None) -> dict[str, Any]:
        members = json.loads(result) if result else None
        if not isinstance(members, dict):
            return {}
        found = {}
        for name, value in members.items():
            column = f"result.{name}"
            if value is None or isinstance(value, dict | list):
                continue
            if len(self._result_columns) < MOST_RESULT_COLUMNS:
                self._result_columns[column] = None
            if column in self._result_columns:
                found[column] = value
        return found

    def write(self) -> tuple[IO[bytes], int]:
        """The finished file, at its start and for the caller to close, and its size. Blocks."""
        with self._spool:
            return written(self._fill)

    def _fill(self, target: IO[bytes]) -> None:
        columns = (*FIELDS, *self._result_columns)
        self._spool.seek(0)
        match self._wanted:
            case "csv":
                target.writelines(csv_chunks(columns, map(json.loads, self._spool)))
            case "xlsx":
                write_xlsx(target, columns, map(json.loads, self._spool), sheet="Jobs")
            case "json":
                target.writelines(json_chunks(map(orjson.Fragment, (line[:-1] for line in self._spool))))


async def collect(session: AsyncSession, batch_id: UUID, wanted: ExportFormat) -> Export:
    """Read a batch's jobs in their order; what comes back needs the session no more."""
    query = select(*_COLUMNS, cast(Job.result, Text)).where(Job.batch_id == batch_id).order_by(Job.sequence)
    export = Export(wanted)
    rows = await session.stream(query.execution_options(yield_per=_ROWS_AT_ONCE))
    async for part in rows.partitions():
        await asyncio.to_thread(export.add, part)
    return export


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """A file's content to its end; closes it."""
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
