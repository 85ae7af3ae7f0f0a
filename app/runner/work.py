"""What is to be done for the jobs of a batch: pipelines, steps and checked parameters, kept while the batch runs."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.auth.models import Organisation
from app.auth.repository import get_organisation
from app.batches.models import Batch
from app.batches.plans import read_steps
from app.batches.repository import list_pipeline_ids
from app.batches.submission import params_of
from app.kit.db import Database
from app.kit.metrics import OTHER
from app.kit.secrets.sealing import CannotUnseal, Sealer, sealed_in
from app.pipelines.contract import BatchInfo, Pipeline, Step
from app.pipelines.naming import NamingChoices
from app.pipelines.registry import Registry
from app.runner.course import Course, find_course, no_course
from app.runner.metrics import StepFigures, step_figures

log = logging.getLogger("tranche.work")
BATCHES_KEPT: Final = 256
SHORTEST_SECRET: Final = 6


@dataclass(frozen=True, slots=True)
class Work:
    """What the jobs of a batch share that go through the same pipeline."""

    info: BatchInfo
    pipeline_id: int
    pipeline: Pipeline
    params: Any
    steps: Sequence[Step]
    course: Course
    """Where `steps` are from."""
    figures: Sequence[StepFigures]
    secrets: frozenset[str] = frozenset()
    """What must not turn up in what its steps return or say."""
    trace_context: str | None = None


class WorkCache:
    """The work of the batches that were asked for last."""

    def __init__(self, database: Database, registry: Registry, sealer: Sealer) -> None:
        self._database, self._registry, self._sealer = database, registry, sealer
        self._known: OrderedDict[UUID, Mapping[int, Work]] = OrderedDict()
        self._generation = registry.generation

    async def of(self, batch_id: UUID) -> Mapping[int, Work]:
        """The work for each pipeline of the batch, by its id; empty when this process does not have all of them."""
        if (generation := self._registry.generation) != self._generation:
            self._known.clear()
            self._generation = generation
        if batch_id in self._known:
            self._known.move_to_end(batch_id)
            return self._known[batch_id]
        work = await self._read(batch_id)
        if work and generation == self._registry.generation:
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
            pipeline_ids = await list_pipeline_ids(session, batch)
            pipelines = {pipeline_id: self._registry.find(pipeline_id) for pipeline_id in pipeline_ids}
            names = {
                pipeline_id: await read_steps(session, batch, pipeline.key, pipeline_id)
                for pipeline_id, pipeline in pipelines.items()
                if pipeline
            }
        found = {}
        for pipeline_id, pipeline in pipelines.items():
            if pipeline is None:
                log.warning("batch %s needs pipeline %s, which this process does not have", batch_id, pipeline_id)
                return {}
            kept = params_of(batch, pipeline.key)
            try:
                settings = self._sealer.unseal_tree(kept, batch.organisation_id)
            except CannotUnseal as error:
                log.warning("batch %s cannot be run by this process: %s", batch_id, error.detail)
                return {}
            secrets = frozenset(text for sealed in sealed_in(kept) for text in self._clear(sealed, batch))
            shared = (batch, organisation, pipeline_id, pipeline, names[pipeline_id])
            found[pipeline_id] = _work(*shared, settings, secrets)
        return found

    def _clear(self, sealed: str, batch: Batch) -> Iterator[str]:
        """A secret that can be told from other text where it turns up."""
        secret = self._sealer.unseal(sealed, batch.organisation_id)
        if isinstance(secret, str) and len(secret) >= SHORTEST_SECRET:
            yield secret


def _work(
    batch: Batch,
    organisation: Organisation,
    pipeline_id: int,
    pipeline: Pipeline,
    names: Sequence[str],
    settings: dict[str, Any],
    secrets: frozenset[str],
) -> Work:
    try:
        params = pipeline.params.model_validate(settings)
    except ValueError:
        # Checked when it was submitted; a newer version of the workload may have stricter rules than the row.
        params = pipeline.params.model_construct(**settings)
    naming = NamingChoices.of(organisation.naming)
    info = BatchInfo(batch.id, batch.organisation_id, batch.name, settings, batch.metadata_, batch.result_codes, naming)
    course = _course(pipeline, params, names)
    declared = set(pipeline.step_names())  # others have their names from parameters, and there is no end to those
    figures = [step_figures(pipeline.key, step.name if step.name in declared else OTHER) for step in course.steps]
    return Work(info, pipeline_id, pipeline, params, course.steps, course, figures, secrets, batch.trace_context)


def _course(pipeline: Pipeline, params: Any, names: Sequence[str]) -> Course:
    try:
        return find_course(names, pipeline.steps_for(params))
    except Exception as error:  # the plan is the workload's own code
        log.warning("the pipeline %s makes no steps of parameters that it took before", pipeline.key, exc_info=True)
        return no_course(names, f"the pipeline makes no steps of its parameters any more ({type(error).__name__})")
