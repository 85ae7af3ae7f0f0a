"""The same sheet is read once: readings are kept by content, and of several jobs that want one, one makes it."""

from __future__ import annotations

import asyncio
from typing import Final

from app.extractions import repository
from app.extractions.known_readings import KnownReadings
from app.extractions.repository import Reading, ReadingKey
from app.kit.db import Database
from app.pipelines.contract import StepContext

FIRST_LOOK, LAST_LOOK = 0.05, 1.0
"""Seconds between looks at whether another job is done; the other one may be in another process."""
_WAITING: Final = "another job is reading the same sheet"
_ANOTHER: Final = "another job that reads the same sheet"


async def known_or_mine(ctx: StepContext, key: ReadingKey) -> Reading | None:
    """The reading, waited for while another job makes it; None: this job is the one to make it, and to keep it.

    A job that fails, is put back or loses its worker lets go by that: whoever waits takes over.
    """
    readings, pause = ctx.resource(KnownReadings), FIRST_LOOK
    if remembered := readings.find(key):
        return remembered
    while True:
        async with ctx.resource(Database).statements() as session:
            known = await repository.find_reading(session, key)
        if known:
            readings.keep(key, known)
            return known
        async with ctx.transaction() as session:
            if await repository.claim_reading(session, key, ctx.job.id, ctx.job.attempt):
                # Whoever held the claim may have kept its reading between the look and the claim.
                known = await repository.find_reading(session, key)
                if known:
                    await repository.release_reading(session, key, ctx.job.id)
                return known
        await ctx.report(None, _WAITING)
        with ctx.waiting(_ANOTHER):
            await asyncio.sleep(pause)
        pause = min(pause * 1.5, LAST_LOOK)


async def keep(ctx: StepContext, key: ReadingKey, data: str, read_ms: int) -> None:
    """Keep a reading that `known_or_mine` left to this job, and let the others have it."""
    async with ctx.transaction() as session:
        await repository.add_reading(session, key, data, read_ms)
        await repository.release_reading(session, key, ctx.job.id)
