"""Batches for `legacy_jobs`, a table that an older system left in this database: at each start, and by command.

The grouping itself is the function of the migration tranche_0002. Rows that it took are marked, so that another call
does nothing; rows that it could not take stay, and are reported.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import bulk_repository
from app.kit.db import Database

log = logging.getLogger("tranche.legacy")
WINDOW: Final = timedelta(seconds=60)
_LEFT: Final = {
    "column": "legacy_jobs: the column {value} is missing, or not of the type it should have (rows left: {jobs}).",
    "created_at": "legacy_jobs: {value!r} in created_at is no date and time (rows left: {jobs}).",
    "pipeline": "legacy_jobs: the pipeline {value!r} is not here (rows left: {jobs})."
    " `tranche group-legacy --pipeline {value}=KEY` says which one it is.",
    "status": "legacy_jobs: the status {value!r} is not known (rows left: {jobs}).",
}


@dataclass(frozen=True, slots=True)
class Grouped:
    """How many batches were made, and a sentence for each kind of row that was left."""

    batches: int
    left: list[str]


async def group_legacy_jobs(
    session: AsyncSession, pipelines: Mapping[str, str] | None = None, window: timedelta = WINDOW
) -> Grouped:
    """Group what has not been grouped. `pipelines` gives our keys for the names of older ones."""
    rows = await bulk_repository.group_legacy_jobs(session, pipelines or {}, window)
    batches = sum(row.jobs for row in rows if row.kind == "batches")
    return Grouped(batches, [_LEFT[row.kind].format(**row._mapping) for row in rows if row.kind in _LEFT])


class LegacyJobs:
    """A service that groups when it starts, and logs what came of it.

    An older system's table never keeps this one from starting.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        try:
            async with self._database.transaction() as session:
                grouped = await group_legacy_jobs(session)
        except DBAPIError as error:
            log.warning("legacy_jobs was left alone: %s", str(error.orig).splitlines()[0])
            return
        if grouped.batches:
            log.info("legacy_jobs was grouped into %d batches", grouped.batches)
        for sentence in grouped.left:
            log.warning(sentence)

    async def stop(self) -> None:
        """What was grouped stays."""
