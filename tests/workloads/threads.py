"""Workloads whose steps block: plain functions, and a coroutine function that ought to be one."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from pathlib import Path
from typing import Any

from app.pipelines.contract import Pipeline, StepContext, Stop

plain = Pipeline("plain-steps", title="Steps that are plain functions", accepts=("record",))


@plain.step(timeout=0.5, max_retries=0)
def work(ctx: StepContext) -> Any:
    record = ctx.job.record or {}
    match record.get("do"):
        case "compute":
            hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000)
        case "save":
            ctx.wait_for(ctx.report(0.5, "half way"))
            ctx.wait_for(ctx.save_file("said.txt", b"said"))
            return {"read": ctx.wait_for(ctx.read_file("said.txt")).decode()}
        case "stop":
            return Stop("NOT_WANTED", "The record says so.")
        case "leave":
            raise SystemExit(3)
        case "stay":
            while not os.path.exists(record["gate"]):
                time.sleep(0.01)
            try:
                ctx.wait_for(ctx.save_file("late.txt", b"late"))
                became = "saved"
            except Exception as error:
                became = type(error).__name__
            Path(record["gate"] + ".late").write_text(became)
    return {"did": record.get("do")}


@plain.step(skip_if_failed=False, timeout=60)
def after(ctx: StepContext) -> dict[str, Any]:
    gate = (ctx.job.record or {}).get("after")
    while gate and not os.path.exists(gate):
        time.sleep(0.01)
    return {"after": list(ctx.outputs)}


blocking = Pipeline("blocking-step", title="Holds up the event loop", accepts=("record",))


@blocking.step()
async def block(ctx: StepContext) -> None:
    record = ctx.job.record or {}

    async def compute() -> None:
        time.sleep(record["seconds"])  # noqa: ASYNC251

    await (asyncio.gather(compute()) if record.get("aside") else compute())
