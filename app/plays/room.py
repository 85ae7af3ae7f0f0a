"""The room of the workload `play`."""

from __future__ import annotations

from app.kit.container import Container
from app.kit.room import Room
from app.kit.secrets.sealed_columns import SealedColumn
from app.limits.windows import WindowStorage
from app.plays import models
from app.plays.accounts import account_kinds
from app.plays.dependencies import PlayWrites
from app.plays.mappings_router import router as mappings_router
from app.plays.pipeline import play_pipeline
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
    sealed=tuple(
        SealedColumn(column, models.Play.id, models.Play.organisation_id)
        for column in (models.Play.variables, models.Play.play_steps)
    ),
    settings=PlaySettings,
    provides={PlayWrites: make_write_limit},
    pipelines=lambda container: (play_pipeline(),),
    connections=lambda container: account_kinds(container.get(PlaySettings)),
)
