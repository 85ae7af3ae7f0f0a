"""What can be claimed is claimed at once: the sweeper, which looks every two seconds, finds nothing that waits."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.kit.ids import new_id
from app.kit.turns import Turns
from app.runner.claimer import Claimer, Dispatch
from app.runner.claims import ClaimedJob
from app.runner.engine import ENTRYPOINT, QUEUE_TABLE, take_over
from app.runner.metrics import UNNOTIFIED
from app.runner.runner import Runner
from tests.batch_helpers import follow, get_batch, submit
from tests.conftest import Api
from tests.patience import within

pytestmark = pytest.mark.own_service
DISPATCH = f"""
insert into {QUEUE_TABLE} (priority, entrypoint, payload, status, queue_manager_id, updated)
values (0, '{ENTRYPOINT}', convert_to($1::text, 'UTF8'), 'picked', $2, now() - $3::interval) returning id"""
CUT = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = 'tranche-engine' and wait_event_type = 'Lock'"""


def found_by_the_sweeper() -> float:
    return UNNOTIFIED._value.get()


async def test_a_retry_that_is_due_before_another_one(api: Api) -> None:
    """The dispatch already waits for the later one, and is kept busy by a third job."""
    before = found_by_the_sweeper()
    records = [{"retry_after": 60}, {"seconds": 1, "retry_after": 0.2}, {"seconds": 30}]
    batch_id = await submit(api, "delayed", records)
    async with within(20):
        while (batch := await get_batch(api, batch_id))["counters"]["completed"] < 1:
            await asyncio.sleep(0.1)
    assert batch["counters"]["running"] == 1
    assert found_by_the_sweeper() == before
    await api.post(f"/api/batches/{batch_id}/cancel")


async def test_slices_pauses_and_jobs_in_order_leave_nothing_behind(api: Api) -> None:
    """Longer than a slice and than the sweeper's patience."""
    before = found_by_the_sweeper()
    retried: list[dict[str, Any]] = [{"seconds": 0.3, "retry_after": 0.5} for _ in range(12)]
    batches = [
        await submit(api, "delayed", retried, execution_mode="sequential"),
        await submit(api, "delayed", [{"seconds": 1.2} for _ in range(20)], max_parallel=2),
        await submit(api, "delayed", [*retried, *({"seconds": 11} for _ in range(3))], max_parallel=4),
    ]
    for _ in range(3):
        await api.post(f"/api/batches/{batches[1]}/pause")
        await asyncio.sleep(0)
        await api.post(f"/api/batches/{batches[1]}/resume")
    for batch_id in batches:
        await follow(api, batch_id)
    assert found_by_the_sweeper() == before


async def test_a_dispatch_whose_delivery_was_lost_is_delivered_again(api: Api) -> None:
    """The engine took it, and the connection broke before this process heard so."""
    batch_id = await submit(api, "delayed", [{}], start=False)
    database = await asyncpg.connect(api.installation.database.dsn)
    # As if it had changed in a while from now: until then the sweeper leaves it alone.
    changed = "update batches set status = 'pending', updated_at = now() + interval '1 hour' where id = $1"
    await database.execute(changed, UUID(batch_id))
    worker_id = api.installation.get(Runner).worker_id
    await database.fetchval(DISPATCH, batch_id, worker_id, timedelta())
    async with within(20), database.transaction():
        await database.execute(f"lock table {QUEUE_TABLE}")
        api.installation.get(Runner)._engine.look()
        while not await database.fetch(CUT):
            await asyncio.sleep(0.05)
    await database.close()
    async with within(20):
        while (await get_batch(api, batch_id))["status"] != "completed":
            await asyncio.sleep(0.1)


async def test_who_takes_over_the_dispatches_of_the_dead(api: Api, database_url: str) -> None:
    database = await asyncpg.connect(database_url)
    dead, alive, unknown = new_id(), new_id(), new_id()
    worker = "insert into workers (id, host, pid, slots) values ($1, 'elsewhere', 1, 1)"
    for worker_id in (dead, alive):
        await database.execute(worker, worker_id)
    batches = [new_id() for _ in range(4)]
    minute = timedelta(minutes=1)
    kept = [await database.fetchval(DISPATCH, str(batches[1]), alive, minute)]
    kept.append(await database.fetchval(DISPATCH, str(batches[2]), unknown, timedelta()))
    for batch_id, manager in ((batches[0], dead), (batches[0], dead), (batches[3], unknown)):
        await database.execute(DISPATCH, str(batch_id), manager, minute)
    async with api.installation.database.transaction() as session:
        await take_over(session, [dead], timedelta(seconds=30))
        connection = await session.connection()
        query = f"select convert_from(payload, 'UTF8') as batch, status::text, id from {QUEUE_TABLE}"
        rows = {(row.batch, row.status, row.id) for row in await connection.exec_driver_sql(query)}
        await session.rollback()
    taken = {(batch_id, status) for batch_id, status, row_id in rows if row_id not in kept}
    assert {(str(batches[0]), "queued"), (str(batches[3]), "queued")} <= taken
    assert {(str(batches[1]), "picked", kept[0]), (str(batches[2]), "picked", kept[1])} <= rows
    await database.execute(f"delete from {QUEUE_TABLE} where queue_manager_id = any($1)", [dead, alive, unknown])
    await database.execute("delete from workers where id = any($1)", [dead, alive])
    await database.close()


async def test_a_claim_that_fails_is_asked_again(database_url: str) -> None:
    async def run(dispatch: Dispatch, job: ClaimedJob) -> None:
        raise AssertionError("nothing was claimed")

    turns = Turns(4)
    claimer = Claimer(new_id(), turns, asyncio.Event(), run)
    dispatch = claimer.open(1, new_id(), new_id())
    connection = await asyncpg.connect(database_url)
    await connection.close()
    with pytest.raises(asyncpg.InterfaceError):
        await claimer.claim(connection)
    assert dispatch
    assert dispatch.wants
    assert turns.held == 0
