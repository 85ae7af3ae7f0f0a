"""Lists 10,000 plays with their mappings: `python -m bench.plays`.

Beside the limit: the rows that one asyncpg query fetches of the same two tables, in the same run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import asyncpg

from app.kit.postgres.server import EmbeddedPostgres
from bench.service import median, service

PLAYS = 10_000
RUNS = 15


async def fill(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute(
        """insert into plays (organisation_id, name, variables, play_steps)
        select o.id, 'Play ' || n, '{"greeting": "Hi", "sender": "Ada"}',
          '["{{greeting}} {{lead.name}}", {"name": "close"}]'
        from organisations o, generate_series(1, $1) n""",
        PLAYS,
    )
    await connection.execute(
        """insert into play_batch_requirements (play_id, batch_number, batch_name)
        select p.id, t.number, t.name from plays p, data_batch_types t where t.number <= 1 + p.id % 5"""
    )
    await connection.execute("analyze plays; analyze play_batch_requirements")


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of one run, the middle of several."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        await work()
        times.append((time.perf_counter() - began) * 1000)
    return median(times)


async def main() -> None:
    with service() as running:
        connection = await asyncpg.connect(EmbeddedPostgres(running.home).dsn)
        await fill(connection)
        client = running.client()
        rows = await timed(lambda: connection.fetch("select * from plays"))
        rows += await timed(lambda: connection.fetch("select play_id, batch_number from play_batch_requirements"))
        print(f"{PLAYS:,} plays; the bare rows: {rows:.0f} ms")
        for path in ("/api/plays/", "/api/play-batch-mappings/"):
            took = await timed(lambda path=path: asyncio.to_thread(client.get, path))
            size = len(client.get(path).content)
            print(f"GET {path:<28} {took:.0f} ms, {size / 1e6:.1f} MB, {took / rows:.1f} times the bare rows")
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
