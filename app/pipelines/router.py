"""Which pipelines there are."""

from __future__ import annotations

from fastapi import APIRouter

from app.auth.dependencies import ReaderDep
from app.auth.permissions import Permission
from app.kit.declarations import RouteTag, raises
from app.kit.errors import NotFound
from app.kit.room import Rooms
from app.kit.web.public_address import public_path
from app.pipelines.contract import Pipeline
from app.pipelines.dependencies import RegistryDep, RoomsDep
from app.pipelines.errors import PipelineUnknown
from app.pipelines.registry import Registry
from app.pipelines.schemas import PipelinePage, PipelineProblemRead, PipelineRead, PipelineStepRead

_TAG = RouteTag("pipelines", "What this installation can do with an item, and the parameters each pipeline takes.")
router = APIRouter(prefix="/api/pipelines", tags=[_TAG])


def _read(registry: Registry, rooms: Rooms, pipeline: Pipeline) -> PipelineRead:
    return PipelineRead(
        id=registry.id_of(pipeline),
        key=pipeline.key,
        version=pipeline.version,
        title=pipeline.title,
        description=pipeline.description,
        mode=pipeline.mode,
        max_parallel=pipeline.max_parallel,
        accepts=list(pipeline.accepts),
        steps=[PipelineStepRead(position=at, name=name) for at, name in enumerate(pipeline.step_names())],
        params_schema=pipeline.params.model_json_schema(),
        result_view=public_path(f"/console/views/{pipeline.key}.js") if rooms.result_view(pipeline.key) else None,
    )


@router.get("")
async def list_pipelines(registry: RegistryDep, rooms: RoomsDep, caller: ReaderDep) -> PipelinePage:
    """The pipelines of this installation that your key opens, with the JSON schemas of their parameters."""
    opened = [pipeline for pipeline in registry if caller.opens([pipeline.key])]
    problems = registry.problems if Permission.OPERATE in caller.permissions else ()
    return PipelinePage(
        pipelines=[_read(registry, rooms, pipeline) for pipeline in opened],
        problems=[PipelineProblemRead.of(problem) for problem in problems],
    )


@router.get("/{key}")
@raises(NotFound)
async def get_pipeline(key: str, registry: RegistryDep, rooms: RoomsDep, caller: ReaderDep) -> PipelineRead:
    """One pipeline, by key or id."""
    try:
        pipeline = registry.get(key)
    except PipelineUnknown as error:
        raise NotFound(error.detail) from None
    if not caller.opens([pipeline.key]):
        raise NotFound("Your key opens no such pipeline.")
    return _read(registry, rooms, pipeline)
