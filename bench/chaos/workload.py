"""The workload of the chaos bench, dropped into the service's pipelines folder."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from app.pipelines.contract import Pipeline, StepContext

chaos = Pipeline("chaos", title="Takes its time and keeps what it read", accepts=("record", "file"), max_parallel=6)


@chaos.step(timeout=120)
async def take_time(ctx: StepContext) -> None:
    await asyncio.sleep((ctx.job.record or {}).get("seconds", 1.0))


@chaos.step(timeout=120)
async def keep(ctx: StepContext) -> dict[str, Any]:
    content = str(ctx.job.sequence).encode()
    if ctx.job.file_id:
        content = b"".join([chunk async for chunk in ctx.input.chunks()])
    await ctx.save_file("kept.bin", content)
    return {"sha256": hashlib.sha256(content).hexdigest()}
