"""A workload that asks for everything of the house, again and again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.assets.accounts import DropboxAccount
from app.connections.service import Connections
from app.pipelines.contract import Params, Pipeline, StepContext

TURNS = 8
attempts: Counter[str] = Counter()


class KeepingParams(Params):
    seconds: float = 0.1


keeping = Pipeline("keeping", title="Keeps files", params=KeepingParams, max_parallel=64)


def first_letter(name: str) -> str:
    return name[:1]


@keeping.step(max_retries=0, timeout=20)
async def keep_many(ctx: StepContext) -> dict[str, Any]:
    content = b""
    for turn in range(TURNS):
        content = b"".join([chunk async for chunk in ctx.input.chunks()])
        async with ctx.input.local_path() as path:
            assert await asyncio.to_thread(path.read_bytes) == content
        await ctx.save_file(f"{turn}.txt", content + str(turn).encode())
        await asyncio.sleep(ctx.params.seconds)
        assert await ctx.read_file(f"{turn}.txt") == content + str(turn).encode()
        await ctx.resource(Connections).find(ctx.batch.organisation_id, DropboxAccount)
        await ctx.keep_input("input.txt")
    siblings = await ctx.siblings(first_letter)
    return {"read": len(content), "siblings": len(siblings)}


@keeping.step(max_retries=0, timeout=20)
async def keep_rows(ctx: StepContext) -> None:
    for _ in range(TURNS):
        async with ctx.transaction() as session:
            await session.execute(text("select 1"))
        await asyncio.sleep(ctx.params.seconds)


@keeping.on_success
async def note(session: AsyncSession, ctx: StepContext) -> None:
    await session.execute(text("select pg_advisory_xact_lock_shared(5)"))


@keeping.on_batch_end
def sum_up(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"jobs": len(jobs)}


strange = Pipeline("strange", title="Has a database of its own", accepts=("record",))


@strange.step(max_retries=0)
async def connect(ctx: StepContext) -> None:
    await asyncpg.connect((ctx.job.record or {})["dsn"], timeout=5)
