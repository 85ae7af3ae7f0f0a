"""The shared workloads, and one that takes every source and has parameters of several types."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from app.pipelines.contract import Params, Pipeline, StepContext
from tests.workloads.basic import checksum, no_op, slow

__all__ = ["checksum", "no_op", "slow", "typed"]


class TypedParams(Params):
    colour: Literal["red", "blue"] = "red"
    count: int = Field(1, ge=1, le=9)


typed = Pipeline(
    "typed",
    title="Takes everything",
    params=TypedParams,
    accepts=("file", "url", "record"),
    max_parallel=5,
    expires_after=timedelta(days=7),
)


@typed.step()
async def read(ctx: StepContext) -> None: ...


@typed.step(depends_on=["read"], skip_if_failed=False)
async def write(ctx: StepContext) -> None: ...
