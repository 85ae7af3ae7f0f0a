"""A workload whose steps say under which attempt they ran, and fail until somebody opens a gate."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from app.pipelines.contract import Pipeline, StepContext, Stop

staged = Pipeline("staged", title="Steps of which one may fail or wait", accepts=("record",))


async def _pass(ctx: StepContext, name: str) -> Any:
    record = ctx.job.record or {}
    gate = record.get("gate", "")
    if record.get("wait_at") == name:
        while not os.path.exists(gate):  # noqa: ASYNC240
            await asyncio.sleep(0.02)
    while os.path.exists(record.get("hold", "")):  # noqa: ASYNC240
        await asyncio.sleep(0.02)
    if record.get("fail_at") == name and not os.path.exists(gate):  # noqa: ASYNC240
        return Stop("NOT_OPEN", "The gate is closed.")
    return {"attempt": ctx.job.attempt, "seen": sorted(ctx.outputs)}


@staged.step(max_retries=0)
async def fetch(ctx: StepContext) -> Any:
    return await _pass(ctx, "fetch")


@staged.step(max_retries=0)
async def change(ctx: StepContext) -> Any:
    return await _pass(ctx, "change")


@staged.step(max_retries=0)
async def send(ctx: StepContext) -> Any:
    return await _pass(ctx, "send")
