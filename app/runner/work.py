"""What is to be done for the jobs of a batch: pipelines, steps and checked parameters, kept while the batch runs."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from app.auth.models import Organisation
from app.auth.repository import get_organisation
from app.batches.models import Batch, Job
from app.batches.submission import params_of
from app.kit.db import Database
from app.pipelines.contract import BatchInfo, Pipeline, Step
from app.pipelines.naming import NamingChoices
from app.pipelines.registry import Registry

log = logging.getLogger("tranche.work")
BATCHES_KEPT: Final = 256


@dataclass(frozen=True, slots=True)
class Work:
    """What the jobs of a batch share that go through the same pipeline."""

    info: BatchInfo
    pipeline_id: int
    pipeline: Pipeline
    params: Any
    steps: Sequence[Step]


class WorkCache:
    """The work of the batches that were asked for last."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database, self._registry = database, registry
        self._known: OrderedDict[UUID, Mapping[int, Work]] = OrderedDict()

    async def of(self, batch_id: UUID) -> Mapping[int, Work]:
        """The work for each pipeline of the batch, by its id; empty when this process does not have all of them."""
        if batch_id in self._known:
            self._known.move_to_end(batch_id)
            return self._known[batch_id]
        work = await self._read(batch_id)
        if work:
            self._known[batch_id] = work
            if len(self._known) > BATCHES_KEPT:
                self._known.popitem(last=False)
        return work

    async def _read(self, batch_id: UUID) -> Mapping[int, Work]:
        async with self._database.transaction() as session:
            batch = await session.get(Batch, batch_id)
            if batch is None:
                return {}
            organisation = await get_organisation(session, batch.organisation_id)
            pipeline_ids: Sequence[int] = [batch.pipeline_id]
            if batch.total_pipelines > 1:
                query = select(Job.pipeline_id).where(Job.batch_id == batch_id).distinct()
                pipeline_ids = (await session.execute(query)).scalars().all()
        found = {}
        for pipeline_id in pipeline_ids:
            pipeline = self._registry.find(pipeline_id)
            if pipeline is None:
                log.warning("batch %s needs pipeline %s, which this process does not have", batch_id, pipeline_id)
                return {}
            found[pipeline_id] = _work(batch, organisation, pipeline_id, pipeline)
        return found


def _work(batch: Batch, organisation: Organisation, pipeline_id: int, pipeline: Pipeline) -> Work:
    settings = params_of(batch, pipeline.key)
    try:
        params = pipeline.params.model_validate(settings)
    except ValueError:
        # Checked when it was submitted; a newer version of the workload may have stricter rules than the row.
        params = pipeline.params.model_construct(**settings)
    naming = NamingChoices.of(organisation.naming)
    info = BatchInfo(batch.id, batch.organisation_id, batch.name, settings, batch.metadata_, batch.result_codes, naming)
    return Work(info, pipeline_id, pipeline, params, pipeline.steps_for(params))
