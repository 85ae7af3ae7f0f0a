"""The outbox is filled in the transaction of the event, once for each endpoint that wants it, and survives kill -9."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import IntegrityError

from app.notifications.room import make_sender
from tests.auth.people import caller, key_of
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import WORKLOADS, Api, make_home, make_settings, serving
from tests.live import LiveServer
from tests.notifications.conftest import Create
from tests.notifications.outbox import execute
from tests.notifications.receiver import Received, Receiver, decoded, receiving
from tests.patience import patient, within


@pytest.fixture
async def unsent(api: Api, create: Create) -> dict[str, Any]:
    """A webhook for every event that no sender touches, as its secret is of another installation's key."""
    webhook = await create("/unsent", events=["batch.*"])
    await execute(api, "update webhook_secrets set key_id = 'another' where endpoint_id = :id", id=webhook["id"])
    return webhook


async def delivered(api: Api, webhook: dict[str, Any], batch_id: str) -> Counter[str]:
    """Which events are in the outbox, each proven to be written by the transaction that wrote the event."""
    query = """
      select d.event_type, d.xmin::text = e.xmin::text, d.event_type = e.type from webhook_deliveries d
      join event_log e on e.batch_id = d.batch_id and e.id = d.event_id
      where d.batch_id = cast(:batch_id as uuid) and d.endpoint_id = cast(:webhook_id as uuid)"""
    rows = await execute(api, query, batch_id=batch_id, webhook_id=webhook["id"])
    assert all(same and right for _, same, right in rows)
    return Counter(row[0] for row in rows)


async def test_every_event_of_a_batch_is_in_the_outbox_with_it(api: Api, unsent: dict[str, Any]) -> None:
    settled = await run(api, "no-op", [{}] * 3)
    assert await delivered(api, unsent, settled["id"]) == Counter(
        ("batch.created", "batch.started", "batch.completed"),
    )
    policy = {"threshold": 0.05, "action": "pause"}
    failing = await submit(api, "behaviour", [{"do": "raise"}] + [{}] * 9, max_parallel=1, failure_policy=policy)
    async with within(20):
        while (await api.get(f"/api/batches/{failing}")).json()["batch"]["status"] != "paused":
            await asyncio.sleep(0.02)
    await api.post(f"/api/batches/{failing}/cancel")
    await follow(api, failing)
    found = await delivered(api, unsent, failing)
    assert found["batch.paused"] == found["batch.alerted"] == found["batch.cancelling"] == 1
    assert sum(found[f"batch.{end}"] for end in ("completed", "partial", "failed", "cancelled")) == 1


async def test_summed_up_and_cancelled_batches_are_told_of_once(api: Api, unsent: dict[str, Any]) -> None:
    items, params = [{"url": "http://10.0.0.1/a.pdf"}], {"swimmer_name": "Anyone"}
    reply = await api.post("/api/batches", json={"pipeline": "pdf-extraction", "items": items, "params": params})
    summed = reply.json()["batch_id"]
    await follow(api, summed)
    assert (await get_batch(api, summed))["summary_data"]
    assert (await delivered(api, unsent, summed))["batch.failed"] == 1
    cancelled = await submit(api, "slow", [{}] * 50, params={"seconds": 0.5}, max_parallel=1)
    await api.post(f"/api/batches/{cancelled}/cancel")
    await follow(api, cancelled)
    assert (await delivered(api, unsent, cancelled))["batch.cancelled"] == 1


async def test_a_rolled_back_event_leaves_nothing(api: Api, unsent: dict[str, Any]) -> None:
    batch = await run(api, "no-op", [{}])
    before = await delivered(api, unsent, batch["id"])
    statement = """insert into events (batch_id, id, type, data, counters)
      select batch_id, 99, 'batch.resumed', '{}', counters from events where batch_id = :id and id = 1
      union all select batch_id, id, type, data, counters from events where batch_id = :id and id = 1"""
    with pytest.raises(IntegrityError):
        await execute(api, statement, id=batch["id"])
    assert await delivered(api, unsent, batch["id"]) == before


async def test_only_enabled_endpoints_of_the_organisation_that_ask_for_it_are_told(
    api: Api, receiver: Receiver, create: Create
) -> None:
    await create("/all", events=["batch.*"])
    await create("/ends")
    await create("/failures", events=["batch.failed", "batch.partial"])
    await create("/pipeline", pipeline="no-op")
    await create("/other", pipeline="slow")
    await create("/off", enabled=False)
    async with caller(api, await key_of(api, "Neighbours")) as neighbour:
        reply = await neighbour.post("/api/webhooks", json={"url": receiver.url("/neighbour"), "events": ["batch.*"]})
        assert reply.status_code == 201
        batch = await run(api, "no-op", [{}])
        await receiver.wait("/all", 3)
        for path in ("/ends", "/pipeline"):
            await receiver.wait(path, 1)
        rows = await execute(api, "select count(*) from webhook_deliveries where batch_id = :id", id=batch["id"])
        assert (rows[0][0], len(receiver.received)) == (5, 5)
        await neighbour.delete(reply.headers["Location"])


async def test_a_pipeline_s_webhook_is_told_of_batches_in_which_it_is_one_of_several(
    api: Api, receiver: Receiver, create: Create
) -> None:
    await create("/second", pipeline="behaviour")
    await create("/neither", pipeline="slow")
    items = [{"record": {}}]
    reply = await api.post("/api/batches", json={"pipelines": ["no-op", "behaviour"], "items": items})
    assert reply.status_code == 201, reply.text
    (request,) = await receiver.wait("/second", 1)
    told_of = decoded(request)["data"]["batch"]
    assert (told_of["pipeline"], told_of["pipelines"]) == ("no-op", ["no-op", "behaviour"])
    query = "select count(*) from webhook_deliveries where batch_id = :id"
    assert await execute(api, query, id=reply.json()["batch_id"]) == [(1,)]


async def test_a_deleted_batch_takes_its_notifications_along(api: Api, unsent: dict[str, Any]) -> None:
    batch = await run(api, "no-op", [{}], notification_email="someone@example.org")
    assert (await api.delete(f"/api/batches/{batch['id']}")).status_code == 204
    for table in ("webhook_deliveries", "batch_mails"):
        rows = await execute(api, f"select count(*) from {table} where batch_id = :id", id=batch["id"])
        assert rows == [(0,)]


async def test_kill_9_between_send_and_mark_sends_again_with_the_same_id() -> None:
    home = make_home()
    server = LiveServer(home, WORKLOADS, TRANCHE_OUTBOUND_ALLOW="127.0.0.1")

    async def kill(request: Received) -> int:
        await asyncio.to_thread(server.kill)
        return 200

    try:
        await asyncio.to_thread(server.start)
        async with receiving() as receiver:
            with server.client() as client:
                reply = client.post("/api/webhooks", json={"url": receiver.url("/hook")})
                secret = reply.json()["secret"]
                receiver.answers.append(kill)
                client.post("/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}]})
            (before,) = await receiver.wait("/hook", 1)
            await asyncio.to_thread(server.process.wait, patient(10))  # type: ignore[union-attr]
            await asyncio.to_thread(server.start)
            database = await asyncpg.connect(server.postgres().dsn)
            await database.execute("update webhook_deliveries set next_attempt_at = now() where status = 'pending'")
            await database.execute("notify tranche_outbox")
            after = (await receiver.wait("/hook", 2))[1]
            assert (after.id, after.body) == (before.id, before.body)
            assert after.verified(secret)["type"] == "batch.completed"
            async with within(10):
                while await database.fetchval("select status from webhook_deliveries") != "delivered":
                    await asyncio.sleep(0.02)
            assert len(receiver.received) == 2
            await database.close()
    finally:
        await asyncio.to_thread(server.destroy)
        shutil.rmtree(home, ignore_errors=True)


async def test_a_stopped_process_gives_back_what_it_was_sending(
    api: Api, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The senders here have a key of their own, so that the service's sender leaves their webhook alone."""
    monkeypatch.setattr("app.notifications.sender.STOP_SECONDS", 0.05)
    url = api.installation.database.dsn
    released = asyncio.Event()

    async def hang(request: Received) -> int:
        await released.wait()
        return 200

    async with serving(make_settings(tmp_path, url, worker="off", outbound_allow="127.0.0.1")) as other:
        webhook = (await other.post("/api/webhooks", json={"url": receiver.url("/given-back")})).json()
        receiver.answers.append(hang)
        for count in (1, 2):
            sender = make_sender(other.installation)
            await sender.start()
            if count == 1:
                await other.post(f"/api/webhooks/{webhook['id']}/test")
            requests = await receiver.wait("/given-back", count)
            await sender.stop()
        released.set()
        assert requests[0].id == requests[1].id
        await api.delete(f"/api/webhooks/{webhook['id']}")
