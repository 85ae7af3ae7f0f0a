"""Which pipelines there are."""

from __future__ import annotations

from fastapi import APIRouter

from app.auth.dependencies import ReaderDep
from app.kit.declarations import RouteTag, raises
from app.kit.errors import NotFound
from app.kit.room import Rooms
from app.pipelines.contract import Pipeline
from app.pipelines.dependencies import RegistryDep, RoomsDep
from app.pipelines.errors import PipelineUnknown
from app.pipelines.registry import Registry
from app.pipelines.schemas import PipelinePage, PipelineRead, PipelineStepRead

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
        result_view=f"/console/views/{pipeline.key}.js" if rooms.result_view(pipeline.key) else None,
    )


@router.get("")
async def list_pipelines(registry: RegistryDep, rooms: RoomsDep, caller: ReaderDep) -> PipelinePage:
    """Every pipeline of this installation, with the JSON schema of its parameters."""
    return PipelinePage(pipelines=[_read(registry, rooms, pipeline) for pipeline in registry])


@router.get("/{key}")
@raises(NotFound)
async def get_pipeline(key: str, registry: RegistryDep, rooms: RoomsDep, caller: ReaderDep) -> PipelineRead:
    """One pipeline, by key or id."""
    try:
        return _read(registry, rooms, registry.get(key))
    except PipelineUnknown as error:
        raise NotFound(error.detail) from None
