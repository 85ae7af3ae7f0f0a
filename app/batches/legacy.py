"""Batches for `legacy_jobs`, a table that an older system left in this database: at each start, and by command.

The grouping itself is a function of the migrations, which leaves the names to us. Rows that it took are marked, so that
another call does nothing; rows that it could not take stay, and are reported.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.repository import get_organisation
from app.batches import bulk_repository, repository
from app.batches.directory_names import claim_name, make_namer
from app.batches.models import Batch
from app.kit.db import Database
from app.pipelines.registry import Registry

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
    session: AsyncSession,
    registry: Registry,
    pipelines: Mapping[str, str] | None = None,
    window: timedelta = WINDOW,
) -> Grouped:
    """Group what has not been grouped. `pipelines` gives our keys for the names of older ones."""
    rows = await bulk_repository.group_legacy_jobs(session, pipelines or {}, window)
    made = [UUID(row.value) for row in rows if row.kind == "batch"]
    for batch_id in made:
        await _name(session, registry, batch_id)
    return Grouped(len(made), [_LEFT[row.kind].format(**row._mapping) for row in rows if row.kind in _LEFT])


async def _name(session: AsyncSession, registry: Registry, batch_id: UUID) -> None:
    """Name a batch that was made just now as a submission of its files would have been."""
    batch = await session.get_one(Batch, batch_id)
    names = [source.filename or "" for source in await repository.list_sources(session, batch_id)]
    organisation = await get_organisation(session, batch.organisation_id)
    namer = await make_namer(session, registry.find(batch.pipeline_id), organisation, names)
    prefix, mixed = namer.prefix_of(names)
    wanted = namer.directory_of(prefix, namer.description_of(names), batch.created_at)
    name = await claim_name(session, batch.organisation_id, wanted)
    batch.customer_prefix, batch.mixed_customers = prefix, mixed
    batch.name = batch.base_directory_name = name
    await session.flush()
    await bulk_repository.name_in_log(session, batch_id, name)


class LegacyJobs:
    """A service that groups when it starts, and logs what came of it.

    An older system's table never keeps this one from starting.
    """

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database, self._registry = database, registry

    async def start(self) -> None:
        try:
            async with self._database.transaction() as session:
                grouped = await group_legacy_jobs(session, self._registry)
        except DBAPIError as error:
            log.warning("legacy_jobs was left alone: %s", str(error.orig).splitlines()[0])
            return
        if grouped.batches:
            log.info("legacy_jobs was grouped into %d batches", grouped.batches)
        for sentence in grouped.left:
            log.warning(sentence)

    async def stop(self) -> None:
        """What was grouped stays."""
