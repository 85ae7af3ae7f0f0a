"""All swims of a batch as a file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from typing import IO, Any, Final, Literal
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions import repository
from app.extractions.batch_swims.table import COLUMNS, SheetSwims, is_of_event, is_timed, rows_of
from app.kit.spreadsheets import csv_chunks, write_xlsx
from app.kit.temporary_files import written

FileFormat = Literal["csv", "xlsx"]
_IN_MEMORY: Final = 1 << 20


class SwimFile:
    """Rows on their way into a file. The spool holds one a line, as only the last one shows which are the best."""

    def __init__(self, event: str | None) -> None:
        self._event = event
        self._spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed by write)
        self._seen: set[str] = set()
        self._rows = 0
        self._best: dict[str, tuple[float, date, int]] = {}

    def add(self, part: Sequence[SheetSwims]) -> None:
        """Spool the swims of some sheets. Blocks."""
        for row in rows_of(part, self._seen):
            if self._event is not None and not is_of_event(row, self._event):
                continue
            if is_timed(row):
                mine = (row["seconds"], row["date"] or date.max, self._rows)
                self._best[row["event_key"]] = min(self._best.get(row["event_key"], mine), mine)
            self._spool.write(orjson.dumps({name: row.get(name) for name in COLUMNS}) + b"\n")
            self._rows += 1

    def _lines(self) -> Iterator[dict[str, Any]]:
        best = {index for _, _, index in self._best.values()}
        self._spool.seek(0)
        for index, line in enumerate(self._spool):
            yield orjson.loads(line) | {"is_best": index in best}

    def write(self, wanted: FileFormat) -> tuple[IO[bytes], int]:
        """The finished file, at its start and for the caller to close, and its size. Blocks."""

        def fill(target: IO[bytes]) -> None:
            if wanted == "csv":
                target.writelines(csv_chunks(COLUMNS, self._lines()))
            else:
                write_xlsx(target, COLUMNS, self._lines(), sheet="Swims")

        with self._spool:
            return written(fill)


async def collect(session: AsyncSession, organisation_id: UUID, batch_id: UUID, event: str | None) -> SwimFile:
    """Read a batch's swims; what comes back needs the session no more."""
    file = SwimFile(event)
    async for part in repository.stream_batch_swims(session, organisation_id, batch_id):
        await asyncio.to_thread(file.add, part)
    return file
