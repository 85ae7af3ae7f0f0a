"""How many jobs really run, looked at four times a second past the service."""

from __future__ import annotations

import asyncio
import time
from statistics import median

import asyncpg

from app.kit.database_outages import CONNECTION_ERRORS
from app.runner.engine import QUEUE_TABLE
from bench.chaos.world import World

EVERY = 0.25
ENOUGH = 0.8
"""Of the parallelism before a fault: batches end and begin, so that it is never quite the same."""
RUNNING = f"""
select count(*) from jobs j join {QUEUE_TABLE} q on q.id = j.claimed_by
where j.status = 'running' and not q.queue_manager_id = any($1::uuid[])"""


class Watch:
    """The latest numbers of running jobs, with their moments."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.samples: list[tuple[float, int]] = []

    async def run(self) -> None:
        """Look until cancelled; nothing is noted while the database is away."""
        connection: asyncpg.Connection[asyncpg.Record] | None = None
        while True:
            try:
                connection = connection or await asyncpg.connect(self._world.cluster.dsn, timeout=2)
                running = await connection.fetchval(RUNNING, list(self._world.gone), timeout=2)
                self.samples.append((time.monotonic(), running))
            except (*CONNECTION_ERRORS, OSError, asyncpg.PostgresError):
                if connection:
                    connection.terminate()
                connection = None
            await asyncio.sleep(EVERY)

    def parallelism(self, seconds: float) -> float:
        """The median over the last seconds."""
        since = time.monotonic() - seconds
        return median([running for at, running in self.samples if at > since] or [0])

    async def wait_for(self, parallelism: float, since: float, most: float) -> float | None:
        """Seconds from a moment until so many run again; None when that takes longer than `most`."""
        while time.monotonic() - since < most:
            for at, running in reversed(self.samples):
                if at < since:
                    break
                if running >= ENOUGH * parallelism:
                    first = next(a for a, r in self.samples if a >= since and r >= ENOUGH * parallelism)
                    return first - since
            await asyncio.sleep(EVERY)
        return None
