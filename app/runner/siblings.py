"""Which jobs of a batch belong together: grouped once for a batch and kept for a while, as every one of them asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from app.batches.models import Job
from app.kit.db import Database
from app.pipelines.contract import JobInfo

Key = Callable[[str], str]
_GROUPINGS_KEPT: Final = 8
_COLUMNS: Final = (
    Job.id,
    Job.sequence,
    Job.source_type,
    Job.filename,
    Job.source_url,
    Job.record,
    Job.file_id,
    Job.file_size,
    Job.media_type,
    Job.checksum,
    Job.attempt,
)


class Siblings:
    """Groups of jobs by a key of their file names, for the batches that were asked for last."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._groupings: OrderedDict[tuple[UUID, int, Key], Mapping[str, Sequence[JobInfo]]] = OrderedDict()

    async def of(self, batch_id: UUID, pipeline_id: int, key: Key, filename: str) -> Sequence[JobInfo]:
        """The jobs of the batch and pipeline whose file names have the key of `filename`, in order."""
        wanted = (batch_id, pipeline_id, key)
        if wanted not in self._groupings:
            self._groupings[wanted] = await self._group(batch_id, pipeline_id, key)
            if len(self._groupings) > _GROUPINGS_KEPT:
                self._groupings.popitem(last=False)
        return self._groupings[wanted].get(key(filename), ())

    async def _group(self, batch_id: UUID, pipeline_id: int, key: Key) -> Mapping[str, Sequence[JobInfo]]:
        query = select(*_COLUMNS).where(Job.batch_id == batch_id, Job.pipeline_id == pipeline_id)
        async with self._database.transaction() as session:
            rows = (await session.execute(query.order_by(Job.sequence))).all()
        groups: dict[str, list[JobInfo]] = {}
        for row in rows:
            groups.setdefault(key(row.filename or ""), []).append(JobInfo(**row._asdict()))
        return groups
