"""The room of the contract for workloads, and of the registry that finds them."""

from __future__ import annotations

from collections.abc import Iterator

from app.kit.container import Container
from app.kit.db import Database
from app.kit.health import HealthCheck, Trouble
from app.kit.room import Room, Rooms
from app.kit.service import Service
from app.kit.words import quantity
from app.pipelines import models
from app.pipelines.contract import Pipeline
from app.pipelines.discovery import discover
from app.pipelines.registry import Registry
from app.pipelines.router import router
from app.pipelines.settings import PipelineSettings
from app.pipelines.watch import Watch


def make_registry(container: Container) -> Registry:
    folder = container.get(PipelineSettings).pipelines_dir
    return Registry(pipelines_of_rooms(container), discover(folder))


def make_services(container: Container) -> Iterator[Service]:
    database, registry, settings = container.get(Database), container.get(Registry), container.get(PipelineSettings)
    yield SavedPipelines(database, registry)
    if settings.pipelines_dir and settings.pipelines_watch:
        yield Watch(settings.pipelines_dir, database, registry)


def checks(container: Container) -> Iterator[HealthCheck]:
    """Whether every file loads."""
    registry = container.get(Registry)

    async def look() -> Trouble | None:
        problems = registry.problems
        if not problems:
            return None
        count = quantity(len(problems), "file")
        sentence = f"{count} with pipelines cannot be loaded; operators are told why."
        detail = " ".join(f"{problem.source}: {problem.message}" for problem in problems)
        return Trouble(severity="degraded", sentence=sentence, detail=detail, since=problems[0].since)

    yield HealthCheck("pipelines", look)


def pipelines_of_rooms(container: Container) -> Iterator[Pipeline]:
    for room in container.get(Rooms):
        yield from room.pipelines(container)


class SavedPipelines:
    """A service that writes the rows of this process's pipelines when it starts."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database, self._registry = database, registry

    async def start(self) -> None:
        async with self._database.transaction() as session:
            await self._registry.save(session)

    async def stop(self) -> None:
        """The rows stay."""


room = Room(
    name="pipelines",
    routers=(router,),
    models=models,
    settings=PipelineSettings,
    provides={Registry: make_registry},
    services=make_services,
    checks=checks,
)
