"""More jobs for a batch that is there already: page by page, each in a transaction of its own.

An item whose external id the batch has already is left as it is, so that whoever lost an answer sends the same again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches import log, quotas, repository, service
from app.batches.adding_schemas import JobsAdded
from app.batches.desk import Desk
from app.batches.errors import BatchSealed, StepsChanged
from app.batches.items import jobs_of_items
from app.batches.models import Batch
from app.batches.plans import read_steps
from app.batches.schemas import Item
from app.batches.states import BATCH_TERMINAL
from app.batches.submission import Task, add_jobs, assign, check_params, params_of
from app.kit.db import after_commit
from app.kit.declarations import raises
from app.kit.secrets.sealing import CannotUnseal
from app.pipelines.errors import PipelineUnknown


@dataclass(slots=True)
class Adding:
    """One request that adds jobs, and how far it is."""

    caller: Caller
    desk: Desk
    batch_id: UUID
    most: int
    added: int = 0
    existing: int = 0
    _tasks: list[Task] = field(default_factory=list)

    @raises(
        *(service.get_locked, service.check_command, BatchSealed, StepsChanged, PipelineUnknown, CannotUnseal),
        *(jobs_of_items, assign, Desk.check_needs, quotas.check_start),
    )
    async def add(self, session: AsyncSession, items: Sequence[Item], *, sealed: bool | None = None) -> JobsAdded:
        """Add a page of items, and seal the batch behind them if that is wanted; how far all of it is."""
        batch = await service.get_locked(session, self.caller, self.batch_id)
        if self._has_more(batch, items, sealed):
            service.check_command(batch, "add")
            if batch.sealed:
                raise BatchSealed("The batch was sealed: no more jobs can be added. Make a new batch.")
        else:
            sealed = None
        new, known = await self._new_items(session, items)
        changes = await self._write(session, batch, new) if new else {}
        if sealed is not None and batch.sealed is not sealed:
            changes |= {"sealed": sealed} | ({} if sealed else {"needs_summary": True})
        if changes:
            await self._tell(session, batch, changes, added=len(new), existing=known)
        after_commit(session, partial(self._count, len(new), known))
        return JobsAdded(
            batch_id=batch.id,
            added=self.added + len(new),
            existing=self.existing + known,
            jobs_count=changes.get("total_jobs", batch.total_jobs),
            sealed=changes.get("sealed", batch.sealed),
            status=batch.status,
        )

    def _count(self, added: int, existing: int) -> None:
        self.added, self.existing = self.added + added, self.existing + existing

    @staticmethod
    def _has_more(batch: Batch, items: Sequence[Item], sealed: bool | None) -> bool:
        """Whether something is asked of the batch that is not so already.

        It may have ended, or have been sealed by the same request, since the last of the items was added.
        """
        if items or sealed is False:
            return True
        return sealed is True and not batch.sealed and batch.status not in BATCH_TERMINAL

    async def _new_items(self, session: AsyncSession, items: Sequence[Item]) -> tuple[list[Item], int]:
        """Those that the batch does not have, each once, and how many others there are."""
        wanted = [item.external_id for item in items if item.external_id is not None]
        if not wanted:
            return [*items], 0
        seen = await repository.list_external_ids(session, self.batch_id, wanted)
        new = []
        for item in items:
            if item.external_id is not None:
                if item.external_id in seen:
                    continue
                seen.add(item.external_id)
            new.append(item)
        return new, len(items) - len(new)

    async def _write(self, session: AsyncSession, batch: Batch, items: Sequence[Item]) -> dict[str, Any]:
        """Write the jobs; what changes in the row of their batch."""
        self._tasks = self._tasks or await self._read_tasks(session, batch)
        jobs = await jobs_of_items(session, batch.organisation_id, items)
        sequence, item = await repository.find_last_numbers(session, batch.id)
        assigned = assign(self._tasks, jobs, self.most, may_be_empty=True, before=item)
        if batch.status != "draft":
            pairs = [(task.pipeline, task.params) for task in self._tasks]
            records = [job.record for job in jobs if job.record is not None]
            await self.desk.check_needs(session, batch.organisation_id, pairs, records, also=(), mail=False)
            await quotas.check_start(session, batch.organisation_id, len(assigned))
        await add_jobs(session, self.desk.registry, batch.id, assigned, before=sequence)
        return {
            "total_files": batch.total_files + len(jobs),
            "total_jobs": batch.total_jobs + len(assigned),
            "pending_jobs": batch.pending_jobs + len(assigned),
            "total_size": batch.total_size + sum(job.file_size or 0 for job in jobs),
            "jobs_at_base": batch.jobs_at_base + len(assigned),
        }

    async def _read_tasks(self, session: AsyncSession, batch: Batch) -> list[Task]:
        """The batch's pipelines, the primary one first, with the steps that it began with."""
        registry, found = self.desk.registry, []
        primary = registry.find(batch.pipeline_id)
        ids = [registry.id_of(registry.get(key)) for key in batch.plans or ()]
        for pipeline_id in ids or await repository.list_pipeline_ids(session, batch):
            pipeline = registry.get(str(pipeline_id))
            settings = self.desk.unseal(params_of(batch, pipeline.key), batch.organisation_id)
            params = check_params(pipeline, settings)
            steps = pipeline.steps_for(params)
            if [step.name for step in steps] != list(await read_steps(session, batch, pipeline.key, pipeline_id)):
                raise StepsChanged(f"The pipeline {pipeline.key} has other steps than when the batch was made.")
            found.append(Task(pipeline, params, settings, steps))
        return sorted(found, key=lambda task: task.pipeline is not primary)

    async def _tell(
        self, session: AsyncSession, batch: Batch, changes: dict[str, Any], *, added: int, existing: int
    ) -> None:
        sealed = changes.get("sealed", batch.sealed)
        data = {"added": added, "existing": existing, "sealed": sealed, "status": batch.status}
        event = log.NewEvent("jobs.added", data=data)
        await log.record(session, batch.id, [event], actor=self.caller.actor, changes=changes)
        if batch.status in ("pending", "processing") or (batch.status == "paused" and sealed):
            # Also without jobs: whoever takes it closes the batch when it is quiet already.
            await self.desk.notifier.notify(session, batch.id, max(1, min(added, batch.max_parallel)))
