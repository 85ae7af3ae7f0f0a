"""What the database refuses whoever asks: each rule is broken with plain SQL, by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from tests.batch_helpers import submit
from tests.conftest import Api

pytestmark = [pytest.mark.own_service, pytest.mark.every_postgres]

Connection = asyncpg.Connection

BATCHES = [
    ("status = 'done'", "status"),
    ("execution_mode = 'random'", "execution_mode"),
    ("pending_jobs = 3, running_jobs = -1", "counters_not_negative"),
    ("pending_jobs = 3, completed_jobs = -1", "counters_not_negative"),
    ("pending_jobs = 3, failed_jobs = -1", "counters_not_negative"),
    ("pending_jobs = 3, cancelled_jobs = -1", "counters_not_negative"),
    ("pending_jobs = 3, skipped_jobs = -1", "counters_not_negative"),
    ("pending_jobs = -1, completed_jobs = 3", "counters_not_negative"),
    ("cached_jobs = 1", "counters_not_negative"),
    ("cached_jobs = -1", "counters_not_negative"),
    ("total_jobs = 3", "counters_add_up"),
    ("completed_jobs = 1", "counters_add_up"),
    ("skipped_jobs = 1", "counters_add_up"),
    ("status = 'paused'", "paused_has_reason"),
    ("pause_reason = 'user'", "paused_has_reason"),
    ("status = 'completed', completed_at = now()", "terminal_is_quiet"),
    ("status = 'cancelled', completed_at = now(), pending_jobs = 1, running_jobs = 1", "terminal_is_quiet"),
    ("status = 'partial', pending_jobs = 0, completed_jobs = 2", "terminal_has_time"),
    ("completed_at = now()", "terminal_has_time"),
    ("status = 'completed', completed_at = now(), pending_jobs = 0, failed_jobs = 2", "completed_has_no_failure"),
    ("pending_jobs = 1, running_jobs = 1", "running_after_start"),
    ("status = 'draft', pending_jobs = 1, running_jobs = 1", "running_after_start"),
    ("max_parallel = 0", "max_parallel"),
    ("max_parallel = 4097", "max_parallel"),
    ("last_event_id = -1", "last_event_id"),
    ("first_n = 0", "first_n"),
    ("total_pipelines = 0", "totals"),
    ("total_files = -1", "totals"),
    ("total_files = 3", "totals"),
    ("relation = 'friend'", "relation"),
    ("parent_batch_id = id", "relation"),
]
JOBS = [
    ("status = 'paused'", "status"),
    ("source_type = 'mail'", "source_type"),
    ("source_type = 'url'", "url_has_address"),
    ("record = null", "record_has_content"),
    ("status = 'running'", "running_is_claimed"),
    ("claimed_by = 7", "running_is_claimed"),
    ("status = 'completed'", "terminal_has_time"),
    ("completed_at = now()", "terminal_has_time"),
    ("status = 'failed', completed_at = now()", "failed_has_code"),
    ("progress = 1.01", "progress"),
    ("progress = -0.01", "progress"),
    ("progress = 'NaN'", "progress"),
    ("sequence = 0", "not_negative"),
    ("step_position = -1", "not_negative"),
    ("attempt = -1", "not_negative"),
    ("retry_count = -1", "budgets_not_negative"),
    ("crash_count = -1", "budgets_not_negative"),
]
STEPS = [
    ("status = 'paused'", "status"),
    ("status = 'completed'", "terminal_has_time"),
    ("completed_at = now()", "terminal_has_time"),
    ("status = 'failed', completed_at = now()", "failed_has_code"),
    ("attempts = -1", "not_negative"),
    ("position = -1", "not_negative"),
]
FILES = [("size = -1", "size"), ("crc32 = 4294967296", "crc32"), ("crc32 = -1", "crc32"), ("sha256 = 'abc'", "sha256")]
CASES = [
    *(("batches", *case) for case in BATCHES),
    *(("jobs", *case) for case in JOBS),
    *(("job_steps", *case) for case in STEPS),
    *(("files", *case) for case in FILES),
]


@pytest.fixture(scope="module")
async def connection(api: Api) -> AsyncIterator[Connection]:
    """With one batch of two jobs, and one file."""
    await submit(api, "typed", [{}, {}])
    await api.put("/api/files/a", content=b"x")
    connection = await api.installation.database.connect()
    yield connection
    await connection.close()


@pytest.mark.parametrize(("table", "change", "rule"), CASES)
async def test_rule_holds(connection: Connection, table: str, change: str, rule: str) -> None:
    one = f"ctid = (select ctid from {table} limit 1)"
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await connection.execute(f"update {table} set {change} where {one}")
    assert caught.value.as_dict()["constraint_name"] == f"ck_{table}_{rule}"


async def test_every_rule_is_broken_here(connection: Connection) -> None:
    found = "select conname from pg_constraint where contype = 'c' and conrelid = $1::text::regclass"
    for table in ("batches", "jobs", "job_steps", "files"):
        rules = {row["conname"] for row in await connection.fetch(found, table)}
        assert rules == {f"ck_{name}_{rule}" for name, _, rule in CASES if name == table}


async def test_two_jobs_of_a_batch_never_share_a_number(connection: Connection) -> None:
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await connection.execute("update jobs set sequence = 1")
    assert caught.value.as_dict()["constraint_name"] == "uq_jobs_batch_id_sequence"


async def test_rows_below_a_batch_go_with_it(connection: Connection) -> None:
    async with connection.transaction():
        await connection.execute("delete from batches")
        assert await connection.fetchval("select count(*) from jobs") == 0
        assert await connection.fetchval("select count(*) from job_steps") == 0


async def test_file_of_a_job_cannot_be_deleted(api: Api, connection: Connection) -> None:
    file_id = (await api.put("/api/files/a", content=b"x")).json()["id"]
    await api.post("/api/jobs", json={"pipeline": "typed", "file_id": file_id})
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await connection.execute("delete from files where id = $1", file_id)
