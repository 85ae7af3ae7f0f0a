"""What the routes of operations are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.kit.container import container_of, provided
from app.kit.exposition import Exposition
from app.kit.health import Health
from app.kit.loop_lag import LoopLag
from app.runner.runner import Runner


async def get_runner(request: Request) -> Runner | None:
    """This process's runner, if it has one."""
    return container_of(request).find(Runner)


RunnerDep = Annotated[Runner | None, Depends(get_runner)]
LoopLagDep = Annotated[LoopLag, Depends(provided(LoopLag))]
ExpositionDep = Annotated[Exposition, Depends(provided(Exposition))]
HealthDep = Annotated[Health, Depends(provided(Health))]
