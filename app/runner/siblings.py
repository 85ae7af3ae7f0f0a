"""Which jobs of a batch belong together: grouped once for a batch and kept for a while, as every one of them asks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import CTE, select

from app.batches.models import Batch, Job
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
        self._groupings: OrderedDict[tuple[UUID, int, Key, bool], Mapping[str, Sequence[JobInfo]]] = OrderedDict()

    async def of(
        self, batch_id: UUID, pipeline_id: int, key: Key, filename: str, *, with_retried: bool = False
    ) -> Sequence[JobInfo]:
        """The jobs of the batch and pipeline whose file names have the key of `filename`, in order.

        `with_retried`: those of the batches that it retries as well, each job by its last try.
        """
        wanted = (batch_id, pipeline_id, key, with_retried)
        if wanted not in self._groupings:
            self._groupings[wanted] = await self._group(*wanted)
            if len(self._groupings) > _GROUPINGS_KEPT:
                self._groupings.popitem(last=False)
        return self._groupings[wanted].get(key(filename), ())

    async def _group(
        self, batch_id: UUID, pipeline_id: int, key: Key, with_retried: bool
    ) -> Mapping[str, Sequence[JobInfo]]:
        async with self._database.transaction() as session:
            batches: Sequence[UUID] = [batch_id]
            if with_retried:
                batches = (await session.execute(select(_line_of_tries(batch_id).c.id))).scalars().all()
            query = select(*_COLUMNS).where(Job.batch_id.in_(batches), Job.pipeline_id == pipeline_id)
            jobs = [JobInfo(**row._asdict()) for row in (await session.execute(query.order_by(Job.sequence))).all()]
            if len(batches) > 1:
                tries = select(Job.id, Job.retry_of_job_id).where(Job.batch_id.in_(batches))
                jobs = _last_tries(jobs, {row.id: row.retry_of_job_id for row in (await session.execute(tries)).all()})
        groups: dict[str, list[JobInfo]] = {}
        for job in jobs:
            groups.setdefault(key(job.filename or ""), []).append(job)
        return groups


def _line_of_tries(batch_id: UUID) -> CTE:
    """The ids of a batch, of the one that it retries, of the one that this retries, and so on."""
    start = select(Batch.id, Batch.parent_batch_id, Batch.relation).where(Batch.id == batch_id)
    line = start.cte("line_of_tries", recursive=True)
    before = select(Batch.id, Batch.parent_batch_id, Batch.relation)
    return line.union_all(before.where(Batch.id == line.c.parent_batch_id, line.c.relation == "retry_failed"))


def _last_tries(jobs: Sequence[JobInfo], earlier: Mapping[UUID, UUID | None]) -> list[JobInfo]:
    """Each job by its last try, where its first one stood."""
    known: dict[UUID | None, JobInfo] = {job.id: job for job in jobs}
    superseded = set(earlier.values())

    def first_of(job: JobInfo) -> JobInfo:
        while before := known.get(earlier[job.id]):
            job = before
        return job

    return sorted((job for job in jobs if job.id not in superseded), key=lambda job: first_of(job).sequence)
