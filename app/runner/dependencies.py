"""What the routes of operations are given."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from app.kit.container import container_of, provided
from app.kit.loop_lag import LoopLag
from app.kit.migrations import Migrations
from app.runner.runner import Runner


def get_runner(request: Request) -> Runner | None:
    """This process's runner, if it has one."""
    return container_of(request).find(Runner)


RunnerDep = Annotated[Runner | None, Depends(get_runner)]
LoopLagDep = Annotated[LoopLag, Depends(provided(LoopLag))]
MigrationsDep = Annotated[Migrations, Depends(provided(Migrations))]
