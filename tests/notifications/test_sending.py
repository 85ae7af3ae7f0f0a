"""Webhooks on their way: tries, signatures, refusals, and what ends an endpoint."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from app.notifications import http_delivery
from app.notifications.room import make_sender
from app.notifications.sender import next_try
from app.notifications.webhook_channel import DELAYS
from tests.batch_helpers import run
from tests.conftest import Api
from tests.notifications.conftest import Create
from tests.notifications.outbox import deliveries, execute, make_due, recorded
from tests.notifications.receiver import Received, Receiver, redirect_to
from tests.patience import within

pytestmark = pytest.mark.every_postgres


async def test_500_500_200_is_one_message_tried_three_times(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/hook")
    receiver.answers += [500, 500]
    batch = await run(api, "no-op", [{}])
    for attempt in (1, 2):
        delivery = await recorded(api, webhook["id"], attempt)
        assert (delivery["status"], delivery["attempts"]) == ("pending", attempt)
        assert (await api.get(f"/api/webhooks/{webhook['id']}")).json()["failing_since"]
        await make_due(api)
    requests = await receiver.wait("/hook", 3)
    assert len({request.id for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    for request in requests:
        payload = request.verified(webhook["secret"])
        assert (payload["type"], payload["data"]["batch"]["id"]) == ("batch.completed", batch["id"])
        assert abs(time.time() - int(request.headers["webhook-timestamp"])) < 30
    delivery = await recorded(api, webhook["id"], 3)
    assert (delivery["status"], delivery["message_id"]) == ("delivered", requests[0].id)
    assert [one["status"] for one in delivery["tries"]] == [500, 500, 200]
    assert (await api.get(f"/api/webhooks/{webhook['id']}")).json()["failing_since"] is None


async def test_the_timestamp_is_that_of_the_try(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/fresh")
    receiver.answers += [500]
    await run(api, "no-op", [{}])
    (first,) = await receiver.wait("/fresh", 1)
    await recorded(api, webhook["id"], 1)
    while int(time.time()) <= int(first.headers["webhook-timestamp"]):
        await asyncio.sleep(0.05)
    await make_due(api)
    second = (await receiver.wait("/fresh", 2))[1]
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


def test_the_schedule_is_the_specification_s() -> None:
    """At once, then after 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, each plus up to 20 %."""
    seconds = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    for attempt, expected in enumerate(seconds, 1):
        waits = [next_try(attempt, DELAYS) for _ in range(50)]
        assert all(wait and expected <= wait.total_seconds() <= 1.2 * expected for wait in waits)
    assert next_try(10, DELAYS) is None


async def test_the_next_try_is_due_by_the_schedule_and_by_retry_after(
    api: Api, receiver: Receiver, create: Create
) -> None:
    webhook = await create("/later")
    receiver.answers += [
        500,
        b"HTTP/1.1 503 Busy\r\nRetry-After: 1000\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    ]
    await run(api, "no-op", [{}])
    for attempt, (least, most) in enumerate([(0, 6), (1000, 1001)], 1):
        await recorded(api, webhook["id"], attempt)
        query = "select next_attempt_at - clock_timestamp() from webhook_deliveries where endpoint_id = :id"
        ((wait,),) = await execute(api, query, id=webhook["id"])
        assert timedelta(seconds=least - 2) < wait <= timedelta(seconds=most)
        await make_due(api)
    assert (await recorded(api, webhook["id"], 3))["status"] == "delivered"


async def test_the_last_try_fails_the_delivery_and_five_days_of_failures_the_endpoint(
    api: Api, receiver: Receiver, create: Create
) -> None:
    webhook = await create("/dead")
    receiver.answers += [500] * 6
    for attempts, days, (status, enabled) in (
        (8, 9, ("pending", True)),
        (9, 4, ("failed", True)),
        (9, 6, ("failed", False)),
    ):
        ping = (await api.post(f"/api/webhooks/{webhook['id']}/test")).json()
        await recorded(api, webhook["id"], 1)
        statement = "update webhook_endpoints set failing_since = now() - cast(:days as interval) where id = :id"
        await execute(api, statement, days=timedelta(days=days), id=webhook["id"])
        statement = """update webhook_deliveries set status = 'pending', completed_at = null, attempts = :attempts,
          next_attempt_at = now(), tries = '[]' where id = :id"""
        await execute(api, statement, attempts=attempts, id=ping["id"])
        await execute(api, "select pg_notify('tranche_outbox', '')")
        delivery = await recorded(api, webhook["id"], 1)
        assert (delivery["attempts"], delivery["status"]) == (attempts + 1, status)
        read = (await api.get(f"/api/webhooks/{webhook['id']}")).json()
        assert (read["enabled"], read["disabled_reason"]) == (enabled, None if enabled else "failing")
        await execute(api, "delete from webhook_deliveries where endpoint_id = :id", id=webhook["id"])


async def test_410_disables_the_endpoint_and_enabling_it_sends_what_waited(
    api: Api, receiver: Receiver, create: Create
) -> None:
    webhook = await create("/gone", events=["batch.*"], pipeline="no-op")
    receiver.answers += [410]
    ping = (await api.post(f"/api/webhooks/{webhook['id']}/test")).json()
    assert (await recorded(api, webhook["id"], 1))["status"] == "failed"
    read = (await api.get(f"/api/webhooks/{webhook['id']}")).json()
    assert (read["enabled"], read["disabled_reason"]) == (False, "gone")
    await run(api, "no-op", [{}])
    assert [delivery["id"] for delivery in await deliveries(api, webhook["id"])] == [ping["id"]]
    for path in (f"deliveries/{ping['id']}/redeliver", "test"):
        reply = await api.post(f"/api/webhooks/{webhook['id']}/{path}")
        assert (reply.status_code, reply.json()["code"]) == (409, "webhook_disabled")

    statement = "update webhook_deliveries set status = 'pending', completed_at = null, next_attempt_at = 'infinity'"
    await execute(api, statement)
    reply = await api.patch(f"/api/webhooks/{webhook['id']}", json={"enabled": True})
    assert (reply.json()["disabled_reason"], reply.json()["failing_since"]) == (None, None)
    assert len({request.id for request in await receiver.wait("/gone", 2)}) == 1


@pytest.mark.parametrize("target", ["/elsewhere", "file:///etc/passwd", "http:\\\\x/"])
async def test_a_redirect_is_a_failure_and_is_not_followed(
    api: Api, receiver: Receiver, create: Create, target: str
) -> None:
    webhook = await create("/moved")
    receiver.answers += [redirect_to(target if ":" in target else receiver.url(target))]
    await run(api, "no-op", [{}])
    delivery = await recorded(api, webhook["id"], 1)
    assert (delivery["status"], delivery["attempts"]) == ("pending", 1)
    assert receiver.on("/elsewhere") == []


async def test_what_nobody_expected_counts_as_a_try_and_ends(
    api: Api, receiver: Receiver, create: Create, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(message: object) -> None:
        raise RuntimeError("not foreseen")

    webhook = await create("/unexpected")
    monkeypatch.setattr(http_delivery, "signed_headers", fail)
    ping = (await api.post(f"/api/webhooks/{webhook['id']}/test")).json()
    delivery = await recorded(api, webhook["id"], 1)
    assert (delivery["status"], delivery["attempts"]) == ("pending", 1)
    assert delivery["error"].startswith("UNEXPECTED_ERROR: ")
    assert delivery["next_attempt_at"], "it is tried again by the schedule, not when its lease lapses"
    statement = "update webhook_deliveries set attempts = :done, tries = '[]' where id = :id"
    await execute(api, statement, done=len(DELAYS), id=ping["id"])
    await make_due(api)
    delivery = await recorded(api, webhook["id"], 1)
    assert (delivery["status"], delivery["next_attempt_at"]) == ("failed", None)
    assert receiver.received == []


async def test_a_delivery_whose_secret_nobody_can_read_ends(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/sealed?sig=0123456789", enabled=False)
    statement = "update webhook_endpoints set url = replace(url, ':v1:', ':v1:x'), enabled = true where id = :id"
    await execute(api, statement, id=webhook["id"])
    ping = await api.post(f"/api/webhooks/{webhook['id']}/test")
    assert ping.status_code == 202, ping.text
    async with within(30):
        while (found := await deliveries(api, webhook["id"]))[0]["status"] == "pending":
            pass
    assert found[0]["error"].startswith("SECRET_NOT_READABLE: ")
    assert (await api.get(f"/api/webhooks/{webhook['id']}")).json()["url"] == "***"


async def test_an_address_that_turned_private_is_refused_at_the_time_of_sending(
    api: Api, receiver: Receiver, create: Create
) -> None:
    webhook = await create("/private")
    for url in ("http://10.0.0.1/hook", "http://169.254.169.254/latest", f"http://[::1]:{receiver.port}/private"):
        await execute(api, "update webhook_endpoints set url = :url where id = :id", url=url, id=webhook["id"])
        await api.post(f"/api/webhooks/{webhook['id']}/test")
        delivery = await recorded(api, webhook["id"], 1)
        assert delivery["tries"][0]["error"].startswith("ADDRESS_NOT_ALLOWED")
        assert delivery["tries"][0]["status"] is None
    assert receiver.on("/private") == []


async def test_a_changed_secret_signs_twice_for_a_day(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/rotated")
    rotated = (await api.post(f"/api/webhooks/{webhook['id']}/rotate-secret")).json()
    assert rotated["secret"] != webhook["secret"]
    read = (await api.get(f"/api/webhooks/{webhook['id']}")).json()
    assert read["old_secret_expires_at"] == rotated["old_secret_expires_at"]
    await api.post(f"/api/webhooks/{webhook['id']}/test")
    (both,) = await receiver.wait("/rotated", 1)
    assert both.headers["webhook-signature"].count("v1,") == 2
    for secret in (webhook["secret"], rotated["secret"]):
        assert both.verified(secret)["type"] == "ping"
    statement = "update webhook_secrets set expires_at = now() where endpoint_id = :id and expires_at is not null"
    await execute(api, statement, id=webhook["id"])
    await api.post(f"/api/webhooks/{webhook['id']}/test")
    one = (await receiver.wait("/rotated", 2))[1]
    assert one.headers["webhook-signature"].count("v1,") == 1
    assert one.verified(rotated["secret"])["type"] == "ping"


async def test_a_receiver_that_hangs_holds_up_nobody_else(api: Api, receiver: Receiver, create: Create) -> None:
    released = asyncio.Event()

    async def hang(request: Received) -> int:
        await released.wait()
        return 200

    slow, quick = await create("/slow"), await create("/quick", enabled=False)
    receiver.answers += [hang] * 8
    for _ in range(8):
        await api.post(f"/api/webhooks/{slow['id']}/test")
    assert len(await receiver.wait("/slow", 4)) == 4
    receiver.answers.clear()
    await api.patch(f"/api/webhooks/{quick['id']}", json={"enabled": True})
    await api.post(f"/api/webhooks/{quick['id']}/test")
    await receiver.wait("/quick", 1)
    assert len(receiver.on("/slow")) == 4, "so many are sent to one endpoint at a time"
    released.set()
    assert len(await receiver.wait("/slow", 8)) == 8


async def test_several_senders_send_each_message_once(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/shared")
    others = [make_sender(api.installation) for _ in range(2)]
    for sender in others:
        await sender.start()
    for _ in range(30):
        await api.post(f"/api/webhooks/{webhook['id']}/test")
    requests = await receiver.wait("/shared", 30)
    for sender in others:
        await sender.stop()
    assert len({request.id for request in requests}) == len(receiver.on("/shared")) == 30
