"""Notifications only hasten what the rows say: a dispatch that nobody was told of is handled within seconds.

One for a batch that is gone ends: it would come again and again, for ever.
"""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from sqlalchemy import text

from app.runner.engine import QUEUE_TABLE, EngineNotifier, _PoolDriver
from tests.batch_helpers import run, submit
from tests.conftest import Api
from tests.patience import within

_CUT = text("select pg_terminate_backend(pid) from pg_stat_activity where application_name = :name")
_LEFT = text(f"select count(*) from {QUEUE_TABLE} where payload = convert_to(:batch_id, 'UTF8')")
_IN_AN_HOUR = text(f"{_LEFT.text} and execute_after > now() + interval '30 minutes'")

AN_HOUR_AHEAD = (
    f"""update {QUEUE_TABLE} set execute_after = execute_after + interval '1 hour'
      where payload = convert_to(:unnotified, 'UTF8')""",
    """update batches set status = 'processing', updated_at = updated_at + interval '1 hour' where id = :unnotified""",
    """update batches set status = 'processing', updated_at = updated_at + interval '1 hour', running_jobs = 1,
      pending_jobs = 0 where id = :lost""",
    """update jobs set status = 'running', claimed_by = 0, updated_at = updated_at + interval '1 hour'
      where batch_id = :lost""",
)


async def test_a_dispatch_whose_notification_is_lost_is_found_by_the_lookout(api: Api) -> None:
    batch_id = UUID((await run(api, "no-op", [{}]))["id"])
    async with api.installation.database.transaction() as session:
        await session.execute(text("set local session_replication_role = replica"))  # no trigger, so no NOTIFY
        await EngineNotifier().notify(session, batch_id, 1)
    await until_none_is_left(api, batch_id, seconds=15)  # the engine's own look is every 30 s


async def test_a_dispatch_for_a_batch_that_is_gone_ends(api: Api) -> None:
    batch_id = uuid4()
    async with api.installation.database.transaction() as session:
        await EngineNotifier().notify(session, batch_id, 1)
    await until_none_is_left(api, batch_id)
    await run(api, "no-op", [{}])  # what the runner had to send when it took the dispatch is sent by now
    await until_none_is_left(api, batch_id, seconds=1)


async def test_a_listener_that_was_lost_ends_without_an_error(api: Api) -> None:
    database, name, lost = api.installation.database, "tranche-lost-listener", asyncio.Event()
    pool = await database.connect_pool(name, size=2)
    try:
        async with _PoolDriver(pool) as driver:
            await driver.add_listener("anything", lambda _: None)
            assert driver._listener_connection
            driver._listener_connection.add_termination_listener(lambda _: lost.set())
            async with database.transaction() as session:
                await session.execute(_CUT, {"name": name})
            async with within(10):
                await lost.wait()
            await asyncio.sleep(0)  # the pool takes it back
    finally:
        pool.terminate()


async def until_none_is_left(api: Api, batch_id: UUID, *, seconds: float = 10) -> None:
    async with within(seconds):
        while await left(api, batch_id):
            await asyncio.sleep(0.05)


async def left(api: Api, batch_id: UUID) -> int:
    async with api.installation.database.transaction() as session:
        return int((await session.execute(_LEFT, {"batch_id": str(batch_id)})).scalar_one())


async def test_a_clock_that_was_put_back_holds_nothing_up(api: Api) -> None:
    """What was written an hour ahead is not taken for new until that hour is over."""
    unnotified, lost = [(await submit(api, "no-op", [{}], start=False)) for _ in range(2)]
    async with api.installation.database.transaction() as session:
        await EngineNotifier().notify(session, UUID(unnotified), 1)
        for statement in AN_HOUR_AHEAD:
            await session.execute(text(statement), {"unnotified": unnotified, "lost": lost})
    async with within(20):
        for batch_id in (unnotified, lost):
            while (await api.get(f"/api/batches/{batch_id}")).json()["batch"]["status"] != "completed":
                await asyncio.sleep(0.05)
    async with api.installation.database.transaction() as session:
        assert (await session.execute(_IN_AN_HOUR, {"batch_id": unnotified})).scalar_one() == 1
