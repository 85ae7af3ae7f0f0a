"""Every job that ends is counted once, by pipeline, status and code, whichever way it ended."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import asyncpg
import pytest

from app.batches import metrics as batch_metrics
from app.batches.metrics import JOBS_ENDED, End, count_ended
from app.kit.metrics import OTHER
from app.runner.metrics import ATTEMPTS, JOB_WAIT, REQUEUED, RETRIES, STEP_RUN, STEP_WAIT
from tests.batch_helpers import check_log, follow, get_batch, run, submit
from tests.conftest import Api
from tests.patience import within
from tests.runner.test_faults import follow_through

pytestmark = pytest.mark.own_service
_ENDED = """
select p.key, j.status, case when j.status = 'failed' then j.error_code else '' end, count(*)
from jobs j join pipelines p on p.id = j.pipeline_id where j.completed_at is not null group by 1, 2, 3"""
CUTS = 25
Ends = Counter[tuple[str, ...]]


def counted(family: object, suffix: str = "_total") -> Ends:
    """A family's values by the values of its labels."""
    (metric,) = family.collect()  # type: ignore[attr-defined]
    values = [sample for sample in metric.samples if sample.name.endswith(suffix)]
    return Counter({tuple(sample.labels.values()): sample.value for sample in values})


class Since:
    """What was counted since it was made."""

    def __init__(self) -> None:
        self._families = (JOBS_ENDED, REQUEUED, RETRIES, ATTEMPTS)
        self._before = [counted(family) for family in self._families]

    def __getitem__(self, family: object) -> Ends:
        return counted(family) - self._before[self._families.index(family)]  # type: ignore[arg-type]


@pytest.fixture
def since() -> Since:
    return Since()


async def ended(api: Api) -> Ends:
    """How the jobs of the database have ended."""
    connection = await asyncpg.connect(api.installation.database.dsn)
    try:
        return Counter({tuple(row[:3]): row[3] for row in await connection.fetch(_ENDED)})
    finally:
        await connection.close()


async def until_running(api: Api, batch_id: str, jobs: int) -> None:
    async with within(30):
        while (await get_batch(api, batch_id))["counters"]["running"] != jobs:
            await asyncio.sleep(0.02)


async def until_counted(api: Api, since: Since, before: Ends) -> None:
    """What is committed is told before it is counted."""
    async with within(10):
        while since[JOBS_ENDED] != await ended(api) - before:
            await asyncio.sleep(0.1)


async def test_every_way_a_job_ends_is_counted_once(api: Api, since: Since, tmp_path: Path) -> None:
    before = await ended(api)
    gate = tmp_path / "gate"
    await run(api, "no-op", [{}, {}])  # by the writer
    await run(api, "no-op", [{}], result_codes=True)  # with rows of its own
    await run(api, "choosy", [{}, {"refuse": True}, {"fail": ["c"]}])  # on_success: well, raising, and not called
    await run(api, "planned", [{}], params={"words": ["hello"]})  # summed up
    await run(api, "behaviour", [{"do": what} for what in ("stop", "raise", "retry_once", "retry_always", "nan")])
    await run(api, "behaviour", [{"do": "give up"}, *[{}] * 8], execution_mode="sequential")
    cancelled = await submit(api, "slow", [{}] * 5, params={"gate": str(gate)}, max_parallel=2)
    await until_running(api, cancelled, 2)
    await api.post(f"/api/batches/{cancelled}/cancel")  # pending ones at once, running ones after their step
    gate.touch()
    await follow(api, cancelled)
    await until_counted(api, since, before)
    assert since[JOBS_ENDED][("choosy", "failed", "ON_SUCCESS_FAILED")] == 1
    assert since[JOBS_ENDED][("slow", "cancelled", "")] == 5
    assert since[RETRIES][("behaviour", "behave", "RATE_LIMIT")] == 1
    assert since[RETRIES][("behaviour", "behave", "UPSTREAM_5XX")] == 2
    assert since[ATTEMPTS][("behaviour", "behave", "retry")] == 3
    assert since[REQUEUED][("behaviour", "retry")] == 3
    assert since[ATTEMPTS][("planned", OTHER, "completed")] == 1, "its steps have their names from parameters"


async def test_a_rolled_back_cancel_counts_nothing(api: Api, since: Since) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    await api.post(f"/api/batches/{batch_id}/cancel")  # a draft cannot be cancelled: 409
    assert not since[JOBS_ENDED]


async def test_cut_connections_count_nothing_twice_and_leave_nothing_out(api: Api, since: Since) -> None:
    before = await ended(api)
    following = [
        asyncio.create_task(follow_through(api, await submit(api, pipeline, [{}] * 60, max_parallel=8, **more)))
        for pipeline, more in (("slow", {"params": {"seconds": 0.05}}), ("choosy", {}))
    ]
    killer = await asyncpg.connect(api.installation.database.dsn)
    query = """select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and application_name in ('tranche-runner', 'tranche')"""
    for _ in range(CUTS):
        if pids := [row[0] for row in await killer.fetch(query)]:
            await killer.execute("select pg_terminate_backend($1)", random.choice(pids))
        await asyncio.sleep(0.1)
    await killer.close()
    for task in following:
        check_log(await task)
    await until_counted(api, since, before)


async def test_times_are_observed_for_each_step(api: Api) -> None:
    families = (JOB_WAIT, STEP_RUN, STEP_WAIT)
    before = [counted(family, "_count") for family in families]
    await run(api, "behaviour", [{"do": "retry_once"}, {"do": "child"}])
    waited, ran, paused = (counted(family, "_count") - old for family, old in zip(families, before, strict=True))
    # Two claims and one more after the retry; three attempts, and two steps that did not apply; one wait for a child.
    assert waited == {("behaviour", "behave"): 3}
    assert ran == {("behaviour", "behave"): 3}
    assert paused == {("behaviour", "behave"): 1}


def test_codes_of_failures_are_bounded(since: Since) -> None:
    for number in range(2 * batch_metrics.MOST_CODES):
        count_ended({End("bounded", "failed", f"CODE_{number}"): 1})
    found = since[JOBS_ENDED]
    assert len(found) == batch_metrics.MOST_CODES + 1
    assert found[("bounded", "failed", OTHER)] == batch_metrics.MOST_CODES
