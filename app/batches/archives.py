"""The archive of a batch's results, laid out once for all who fetch it or go on with it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import datetime
from typing import Annotated, Final, NamedTuple
from uuid import UUID

from fastapi import Depends

from app.batches import output_repository
from app.batches.models import Batch
from app.batches.naming import job_folders
from app.batches.output_repository import Outputs
from app.files.archive import Archive, Members, unique_paths
from app.kit.container import provided
from app.kit.db import Database

MOST_REMEMBERED: Final = 16 * 1024 * 1024
"""Bytes of memory for all archives that are remembered: three of 10,000 files."""
REMEMBERED_SECONDS: Final = 120.0


class _Known(NamedTuple):
    archive: Archive
    last_event_id: int
    updated_at: datetime


class Archives:
    """Lays archives out and remembers the latest: clients fetch one in parts, each with a request of its own.

    An archive is as the batch was at its newest event: whatever changes which results there are writes one, in the same
    transaction.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[UUID, UUID | None], _Known] = OrderedDict()
        self._forgetting: asyncio.TimerHandle | None = None

    async def find(self, database: Database, batch: Batch, job_id: UUID | None = None) -> Archive:
        """The archive of a batch that was just read, or of one of its jobs."""
        key = batch.id, job_id
        known = self._known.get(key)
        if known is None or known[1:] != (batch.last_event_id, batch.updated_at):
            async with database.transaction() as session:
                outputs = await output_repository.list_outputs(session, batch, job_id)
            archive = await asyncio.to_thread(archive_of, outputs)
            known = _Known(archive, batch.last_event_id, batch.updated_at)
        self._remember(key, known)
        return known.archive

    def _remember(self, key: tuple[UUID, UUID | None], known: _Known) -> None:
        self._known[key] = known
        self._known.move_to_end(key)
        total = sum(each.archive.weight for each in self._known.values())
        while total > MOST_REMEMBERED:
            _, oldest = self._known.popitem(last=False)
            total -= oldest.archive.weight
        if self._forgetting:
            self._forgetting.cancel()
        self._forgetting = asyncio.get_running_loop().call_later(REMEMBERED_SECONDS, self._known.clear)


def archive_of(outputs: Outputs) -> Archive:
    """Result files laid out as an archive: a folder for each job."""
    pipelines = [key for key in outputs.pipelines if key is not None]
    folders = job_folders(outputs.sequences, outputs.filenames, pipelines or None)
    paths = unique_paths(folders, outputs.names)
    return Archive(Members(paths, outputs.sizes, outputs.crc32s, outputs.storage_keys, outputs.created_at))


ArchivesDep = Annotated[Archives, Depends(provided(Archives))]
