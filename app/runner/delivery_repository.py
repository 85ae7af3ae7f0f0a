"""What is looked up when dispatches are delivered: those that come together are looked up together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from app.batches.states import BATCH_TERMINAL
from app.kit.data_loader import DataLoader
from app.kit.db import Database

_BATCHES: Final = text(
    "select id, organisation_id, needs_summary and status <> all(:over) and pending_jobs + running_jobs = 0 as quiet"
    " from batches where id = any(:ids)"
)


class Addressee(NamedTuple):
    """Whose batch a dispatch is about, and whether nothing is left of the batch but its summary."""

    organisation_id: UUID
    quiet: bool


class Addressees:
    """Finds the batches that dispatches are about."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._loader = DataLoader(self._read)

    async def find(self, batch_id: UUID) -> Addressee | None:
        """None for a batch that was removed."""
        return await self._loader.find(batch_id)

    async def _read(self, batch_ids: Sequence[UUID]) -> Mapping[UUID, Addressee]:
        values = {"ids": list(batch_ids), "over": [*BATCH_TERMINAL, "draft"]}
        async with self._database.statements() as session:
            rows = await session.execute(_BATCHES, values)
        return {row.id: Addressee(row.organisation_id, row.quiet) for row in rows}
