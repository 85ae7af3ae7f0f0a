"""A batch's swims from its extractions, as a table to show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.extractions import repository
from app.extractions.batch_swims.table import EventSwims, Row, SheetSwims, events_of, is_of_event, rows_of

MOST_ROWS: Final = 10_000
"""Swims of one reply or page; a file has them all."""


@dataclass(slots=True)
class Swims:
    """What a batch's table shows. `total` counts all rows, of which `rows` has the first `MOST_ROWS`.

    `repeated` counts the sheets that are the same as one before, which are left out.
    """

    rows: list[Row] = field(default_factory=list)
    total: int = 0
    repeated: int = 0
    events: Sequence[EventSwims] = ()
    swimmers: list[str] = field(default_factory=list)
    """Whose swims they are, as it was asked for: one, except in batches that were made in several ways."""


async def read_swims(session: AsyncSession, organisation_id: UUID, batch_id: UUID, event: str | None = None) -> Swims:
    """The table of a batch's swims, only those of one event if it is given."""
    found, seen = Swims(), set[str]()

    def add(part: Sequence[SheetSwims]) -> None:
        before = len(seen)
        found.swimmers += dict.fromkeys(sheet.swimmer for sheet in part if sheet.swimmer not in found.swimmers)
        for row in rows_of(part, seen):
            if event is None or is_of_event(row, event):
                found.total += 1
                if len(found.rows) < MOST_ROWS:
                    found.rows.append(row)
        found.repeated += sum(sheet.checksum is not None for sheet in part) - (len(seen) - before)

    async for part in repository.stream_batch_swims(session, organisation_id, batch_id):
        await asyncio.to_thread(add, part)
    found.events = await asyncio.to_thread(events_of, found.rows)
    return found
