"""How fast expired batches go, for how long each transaction holds its locks, and what is left on the disk.

    python -m bench.expiry [--batches 20000] [--jobs 5] [--rounds 3]

The batches have a file and a result file for each job, three steps, seven events a job, a webhook delivery and a link.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncSession

from app.installation import Installation
from app.kit.db import Database
from app.kit.postgres.server import EmbeddedPostgres
from app.kit.service import running
from app.rooms import all_rooms
from app.runner.runner import Runner
from app.settings import read_settings

TABLES = ("batches", "jobs", "job_steps", "job_outputs", "files", "event_log", "webhook_deliveries", "result_links")
BATCHES = """
with made as (
  insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, execution_mode, max_parallel,
    status, total_jobs, pending_jobs, completed_jobs, settings, metadata, last_event_id, completed_at, expires_at)
  select gen_random_uuid(), (select id from organisations limit 1), (select min(id) from pipelines), 'Batch ' || n,
    'batch-' || n, 'parallel', 8, 'completed', $2, 0, $2, '{}', '{}', 7 * $2 + 2, now(), now() - interval '1 hour'
  from generate_series(1, $1::int) n returning id, organisation_id
), sources as materialized (
  select gen_random_uuid() as id, m.id as batch_id, n from made m, generate_series(1, $2::int) n
), results as materialized (
  select gen_random_uuid() as id, gen_random_uuid() as job_id, s.id as file_id, s.batch_id, s.n from sources s
), files as (
  insert into files (id, organisation_id, name, sha256, crc32, size, media_type, storage_key)
  select f.id, (select id from organisations limit 1), 'a.pdf', repeat(md5(f.id::text), 2), 1, 1, 'application/pdf',
    repeat(md5(f.id::text), 2)
  from (select id from sources union all select id from results) f
), jobs as (
  insert into jobs (id, batch_id, pipeline_id, sequence, source_type, file_id, filename, status, completed_at)
  select r.job_id, r.batch_id, (select min(id) from pipelines), r.n, 'file', r.file_id, 'a.pdf', 'completed', now()
  from results r
), steps as (
  insert into job_steps (job_id, position, name, status, completed_at)
  select r.job_id, p, 'step_' || p, 'completed', now() from results r, generate_series(0, 2) p
), outputs as (
  insert into job_outputs (job_id, name, file_id) select r.job_id, 'result.json', r.id from results r
), links as (
  insert into result_links (id, organisation_id, batch_id, code_hash)
  select gen_random_uuid(), m.organisation_id, m.id, decode(md5(m.id::text), 'hex') from made m
), deliveries as (
  insert into webhook_deliveries (id, endpoint_id, event_type, batch_id, event_id, status, completed_at)
  select gen_random_uuid(), (select id from webhook_endpoints), 'batch.completed', m.id, 2, 'delivered', now()
  from made m
)
insert into event_log (batch_id, id, type, job_id, step, data, counters)
select m.id, e, case when e = 1 then 'batch.created' else 'step.completed' end, null, 'step_1',
  '{"sequence": 1, "attempt": 1, "stage": "step_1", "status": "running"}', array[0, 0, 0, 0, 0, 0, 0]
from made m, generate_series(1, 7 * $2::int + 2) e
"""
ENDPOINT = """
insert into webhook_endpoints (id, organisation_id, url, events, format, enabled)
select gen_random_uuid(), id, 'https://example.com/', '{}', 'standard', false from organisations limit 1
"""


class TimedDatabase(Database):
    """Remembers the longest transaction."""

    longest = 0.0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        began = time.perf_counter()
        async with super().transaction() as session:
            yield session
        self.longest = max(self.longest, time.perf_counter() - began)


async def sizes(connection: asyncpg.Connection[asyncpg.Record]) -> str:
    query = "select sum(pg_total_relation_size(t::regclass)) / 1e6 from unnest($1::text[]) t"
    return f"{await connection.fetchval(query, list(TABLES)):,.0f} MB"


async def fill(connection: asyncpg.Connection[asyncpg.Record], batches: int, jobs: int) -> None:
    for _ in range(0, batches, 1000):
        await connection.execute(BATCHES, min(batches, 1000), jobs)


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tranche-bench-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def measure(home: Path, options: argparse.Namespace) -> None:
    postgres = EmbeddedPostgres(home)
    async with running([postgres]):
        sections = [room.settings for room in all_rooms() if room.settings]
        settings = read_settings(sections, home=home, database_url=SecretStr(postgres.dsn), _env_file=None)
        async with Installation(settings).started(serve_http=False, run_jobs=False):
            pass
        installation = Installation(settings)
        installation.add(Database, database := TimedDatabase(postgres.dsn))
        house = installation.get(Runner)._housekeeping
        connection = await asyncpg.connect(postgres.dsn)
        await connection.execute("insert into organisations (id, name) values (gen_random_uuid(), 'Bench')")
        await connection.execute(ENDPOINT)
        for _ in range(options.rounds):
            await fill(connection, options.batches, options.jobs)
            await connection.execute("vacuum analyze")
            print(f"{options.batches:,} batches of {options.jobs} jobs: {await sizes(connection)}")
            database.longest = 0.0
            began, gone = time.perf_counter(), 0
            while some := await house._remove_batches():
                gone += some
            took = time.perf_counter() - began
            left = [name for name in TABLES if await connection.fetchval(f"select count(*) from {name}")]
            print(
                f"  {gone:,} gone in {took:.1f} s: {gone / took * 60:,.0f} a minute, no transaction longer than"
                f" {database.longest:.3f} s; rows left in: {', '.join(left) or 'no table'}"
            )
            await connection.execute("vacuum")
        await connection.close()
        await database.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=20_000)
    parser.add_argument("--jobs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with folder() as home:
        asyncio.run(measure(home, options))


if __name__ == "__main__":
    main()
