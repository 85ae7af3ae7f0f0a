"""Whether a page of batches costs the same among 100,000 batches as among 1,000.

    python -m bench.listing [--batches 100000] [--jobs 10] [--rounds 30]

Fills the tables in SQL (batches of --jobs jobs, one step each), and asks for pages over HTTP, each list in turn: first
among 1,000 batches, then among all of them. A page holds as many rows in both: as many as the list finds among 1,000,
at most 50. Prints the median of each and how many times the one takes of the other.
"""

from __future__ import annotations

import argparse
import asyncio
import time

import asyncpg
import httpx

from app.kit.postgres.server import EmbeddedPostgres
from bench.service import median, service

FEW = 1000
LISTS = {
    "default": "/api/batches",
    **{f"status {name}": f"/api/batches?status={name}" for name in ("queued", "processing", "completed", "failed")},
    "status failed,partial": "/api/batches?status=failed,partial",
    "customer, common": "/api/batches?customer=PL_",
    "customer, rare": "/api/batches?customer=PL_AX7",
    "search, common": "/api/batches?search=render",
    "search, rare": "/api/batches?search=needle",
    "search, none": "/api/batches?search=zzzz",
    "pipeline": "/api/batches?pipeline=originals",
    "archived": "/api/batches?archived=true",
    **{f"sort {name}": f"/api/batches?sort={name}" for name in ("created_at", "total_files", "status", "-name")},
    "status and sort": "/api/batches?status=failed&sort=-total_files",
    "jobs": "/api/jobs",
    "jobs, failed": "/api/jobs?filter=status:failed&sort=-created_at&search=PL_",
}
STATUSES = "(array['completed','completed','completed','completed','completed','completed','partial','failed'])"
ADD_BATCHES = f"""
insert into batches (id, organisation_id, pipeline_id, name, base_directory_name, customer_prefix, execution_mode,
  max_parallel, status, total_files, total_jobs, pending_jobs, completed_jobs, failed_jobs, settings, metadata,
  created_at, completed_at, archived_at, last_event_id)
select gen_random_uuid(), o.id, p.id, s.name, s.name, s.prefix, 'parallel', 8, s.status, 1 + g % $3, $3,
  case when s.status in ('pending', 'processing') then $3 else 0 end,
  case s.status when 'completed' then $3 when 'partial' then $3 - 1 else 0 end,
  case s.status when 'failed' then $3 when 'partial' then 1 else 0 end,
  '{{}}', '{{}}', now() - g * interval '1 minute',
  case when s.status not in ('pending', 'processing') then now() end, case when g % 20 = 0 then now() end, 2
from generate_series($1::int, $2::int) g, (select id from organisations limit 1) o,
  (select id from pipelines where key = 'originals') p,
  lateral (select 'PL_' || chr(65 + g % 26) || chr(65 + g / 26 % 26) || g % 300 as prefix,
    case when g % 997 = 1 then 'processing' when g % 991 = 2 then 'pending' else {STATUSES}[1 + g % 8] end as status) c,
  lateral (select c.*, c.prefix || case when g % 1000 = 500 then '_needle' else '' end || '_3-view_Render_' ||
    (now() - g * interval '1 minute')::date || '_' || g as name) s
"""
ADD_JOBS = """
insert into jobs (id, batch_id, pipeline_id, sequence, source_type, filename, status, error_code, completed_at)
select gen_random_uuid(), b.id, b.pipeline_id, n, 'file', b.customer_prefix || '_View' || n || '.png',
  case when n <= b.pending_jobs then 'pending' when n <= b.failed_jobs then 'failed' else 'completed' end,
  case when n <= b.failed_jobs then 'IMAGE_TRUNCATED' end, b.completed_at
from batches b, generate_series(1, $1::int) n where not exists (select from jobs j where j.batch_id = b.id)
"""
ADD_STEPS = """
insert into job_steps (job_id, position, name, status, error_code, completed_at)
select j.id, 0, 'grouping', j.status, j.error_code, j.completed_at
from jobs j where not exists (select from job_steps s where s.job_id = j.id)
"""


async def fill(dsn: str, first: int, last: int, jobs: int) -> None:
    """Add batches number `first` to `last` with their jobs, and let the planner know."""
    connection = await asyncpg.connect(dsn, command_timeout=3600)
    await connection.execute(ADD_BATCHES, first, last, jobs)
    await connection.execute(ADD_JOBS, jobs)
    await connection.execute(ADD_STEPS)
    for table in ("batches", "jobs", "job_steps"):
        await connection.execute(f"vacuum analyze {table}")
    await connection.close()


def page_sizes(client: httpx.Client) -> dict[str, str]:
    """Each list with a limit of as many rows as it finds now: rows cost time wherever they come from."""
    sized = {}
    for name, path in LISTS.items():
        rows = len(client.get(path).raise_for_status().json()["batches"])
        sized[name] = f"{path}{'&' if '?' in path else '?'}limit={max(1, rows)}"
    return sized


def measure(client: httpx.Client, paths: dict[str, str], rounds: int) -> dict[str, float]:
    """The median of each list, in seconds; lists in turn, so that what disturbs one disturbs all."""
    took: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(rounds + 3):
        for name, path in paths.items():
            began = time.perf_counter()
            client.get(path).raise_for_status()
            took[name].append(time.perf_counter() - began)
    return {name: median(values[3:]) for name, values in took.items()}


def main() -> None:
    """Fill, measure, fill up, measure again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    with service(TRANCHE_WORKER="off") as running, running.client() as client:
        dsn = EmbeddedPostgres(running.home).dsn
        asyncio.run(fill(dsn, 1, FEW, options.jobs))
        paths = page_sizes(client)
        few = measure(client, paths, options.rounds)
        began = time.perf_counter()
        asyncio.run(fill(dsn, FEW + 1, options.batches, options.jobs))
        print(f"filled in {time.perf_counter() - began:.0f} s")
        many = measure(client, paths, options.rounds)
    print(f"{options.batches:,} batches of {options.jobs} jobs beside {FEW:,}, median of {options.rounds} rounds")
    for name in LISTS:
        ratio = many[name] / few[name]
        print(f"  {name:<22} {few[name] * 1000:>7.1f} ms  {many[name] * 1000:>7.1f} ms   {ratio:.2f}x")


if __name__ == "__main__":
    main()
