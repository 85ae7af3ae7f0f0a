"""What a batch goes through: the version and the steps of its pipelines as it began. It goes on with these by names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches import repository
from app.batches.models import Batch
from app.pipelines.contract import Pipeline, Step

Plans = Mapping[str, Mapping[str, Any]]


def make_plans(chosen: Iterable[tuple[Pipeline, Sequence[Step]]]) -> dict[str, dict[str, Any]]:
    """What is kept with a batch: by the key of a pipeline its `version` and the names of its `steps`."""
    return {
        pipeline.key: {"version": pipeline.version, "steps": [step.name for step in steps]}
        for pipeline, steps in chosen
    }


async def read_steps(session: AsyncSession, batch: Batch, key: str, pipeline_id: int) -> Sequence[str]:
    """The names of the steps that the batch's jobs of this pipeline go through, by position.

    A batch that an earlier release made keeps them with its jobs alone.
    """
    if batch.plans and key in batch.plans:
        names: Sequence[str] = batch.plans[key]["steps"]
        return names
    return await repository.list_step_names(session, batch.id, pipeline_id)
