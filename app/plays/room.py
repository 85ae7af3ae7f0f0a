"""The room of the workload `play`."""

from __future__ import annotations

from app.kit.container import Container
from app.kit.room import Room
from app.limits.windows import WindowStorage
from app.plays import models
from app.plays.dependencies import PlayWrites
from app.plays.mappings_router import router as mappings_router
from app.plays.pipeline import play_pipeline
from app.plays.providers import providers_of
from app.plays.router import router
from app.plays.runs_router import router as runs_router
from app.plays.settings import PlaySettings


def make_write_limit(container: Container) -> PlayWrites:
    writes = container.get(PlaySettings).play_writes_per_minute
    return PlayWrites("play-writes", writes, container.get(WindowStorage))


room = Room(
    name="plays",
    routers=(router, mappings_router, runs_router),
    models=models,
    settings=PlaySettings,
    provides={PlayWrites: make_write_limit},
    pipelines=lambda container: (play_pipeline(providers_of(container.get(PlaySettings))),),
)
