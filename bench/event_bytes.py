"""Where the bytes of a batch's life are: each table's rows and indexes, for each event that was logged.

    python -m bench.event_bytes [--batches 1000] [--jobs 5]

Records go through three steps of 0.3 s each, with the real service, as most batches do: few jobs each. What is
counted is what lies on the disk afterwards, with the room that updates left.
"""

from __future__ import annotations

import argparse
import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import httpx

from app.kit.postgres.server import EmbeddedPostgres
from bench.service import service

STEPS = """
import asyncio
from app.pipelines.contract import Pipeline, StepContext

pipeline = Pipeline("waits", title="Three steps that wait", accepts=("record",))


@pipeline.step()
async def fetch_page(ctx: StepContext) -> None:
    await asyncio.sleep(0.3)


@pipeline.step()
async def read_tables(ctx: StepContext) -> None:
    await asyncio.sleep(0.3)


@pipeline.step()
async def write_result(ctx: StepContext) -> None:
    await asyncio.sleep(0.3)
"""
AT_ONCE = 4
TABLES = """
select c.oid::regclass::text as name, pg_relation_size(c.oid) as rows, pg_total_relation_size(c.oid) as bytes,
  coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) as toast
from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
order by bytes desc
"""
INDEXES = """
select i.indexrelid::regclass::text as name, pg_relation_size(i.indexrelid) as bytes from pg_index i
where i.indrelid = $1::text::regclass order by bytes desc
"""


def submit(client: httpx.Client, jobs: int) -> None:
    body = {"pipeline": "waits", "max_parallel": 64, "items": [{"record": {"n": n}} for n in range(jobs)]}
    client.post("/api/batches", json=body).raise_for_status()


async def report(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        while await connection.fetchval("select count(*) from batches where status <> 'completed'"):
            await asyncio.sleep(0.5)
        await connection.execute("vacuum analyze")
        events = await connection.fetchval("select count(*) from events")
        jobs = await connection.fetchval("select count(*) from jobs")
        tables = [row for row in await connection.fetch(TABLES) if row["bytes"] > 200_000]
        total = sum(row["bytes"] for row in tables)
        print(f"{events:,} events of {jobs:,} jobs: {total / events:.0f} bytes for each event in all")
        for row in tables:
            parts = [f"rows {row['rows'] / events:.0f}"]
            if row["toast"] > events:
                parts.append(f"TOAST {row['toast'] / events:.0f}")
            parts += [
                f"{one['name']} {one['bytes'] / events:.0f}" for one in await connection.fetch(INDEXES, row["name"])
            ]
            print(f"  {row['name']:<16} {row['bytes'] / events:>5.0f}  {', '.join(parts)}")
    finally:
        await connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=5)
    options = parser.parse_args()
    with service({"waits.py": STEPS}) as running, running.client() as client, ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(submit, client, options.jobs) for _ in range(options.batches)]:
            done.result()
        asyncio.run(report(EmbeddedPostgres(running.home).dsn))


if __name__ == "__main__":
    main()
