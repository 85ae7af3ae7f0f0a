"""Webhooks over the API: made, read, changed, tried out, and their secrets kept."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.auth.people import caller, key_of
from tests.batch_helpers import run
from tests.conftest import Api
from tests.notifications.conftest import Create
from tests.notifications.outbox import deliveries, execute, recorded
from tests.notifications.receiver import Receiver, decoded

pytestmark = pytest.mark.own_service


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3/hook",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://2130706434/",
        "http://user:password@127.0.0.1/",
        "http://no-such-host.invalid/",
    ],
)
async def test_a_private_or_impossible_url_is_refused_when_it_is_saved(api: Api, create: Create, url: str) -> None:
    known = await create("/fine", enabled=False)
    for reply in (
        await api.post("/api/webhooks", json={"url": url}),
        await api.patch(f"/api/webhooks/{known['id']}", json={"url": url}),
    ):
        assert (reply.status_code, reply.json()["code"]) == (422, "url_not_allowed")
        assert "password" not in reply.text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "ftp://example.org/"},
        {"url": 7},
        {"events": []},
        {"events": ["batch.exploded"]},
        {"events": ["batch.*"] * 21},
        {"format": "xml"},
        {"format": "crm"},
        {"format": "slack", "template": {"a": "b"}},
        {"format": "crm", "template": {"a": "{{batch.nothing}}"}},
        {"format": "crm", "template": {"a": "{{batch.__class__}}"}},
        {"format": "crm", "template": {"a": "{{ batch.name|upper }}"}},
        {"format": "crm", "template": {"a": "x" * 20_001}},
        {"format": "crm", "template": {"a": ["{{batch.name}}"] * 101}},
        {"description": "a\x00b"},
        {"pipeline": "nothing"},
        {"secret": "whsec_mine"},
    ],
)
async def test_bad_input_is_a_422(api: Api, receiver: Receiver, body: dict[str, Any]) -> None:
    if body:
        body = {"url": receiver.url()} | body
    reply = await api.post("/api/webhooks", json=body)
    assert reply.status_code == 422, reply.text
    assert (await api.get("/api/webhooks")).json()["webhooks"] == []


async def test_what_was_sent_is_read_and_can_be_changed(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/a", description="ours", events=["batch.paused", "batch.paused"], pipeline="no-op")
    assert webhook["events"] == ["batch.paused"]
    assert (webhook["pipeline"], webhook["enabled"], webhook["disabled_reason"]) == ("no-op", True, None)
    path = f"/api/webhooks/{webhook['id']}"
    read = (await api.get(path)).json()
    assert read == {name: value for name, value in webhook.items() if name != "secret"}
    reply = await api.patch(path, json={"format": "crm", "template": {"a": "{{batch.name}}"}, "pipeline": None})
    assert (reply.json()["pipeline"], reply.json()["template"]) == (None, {"a": "{{batch.name}}"})
    assert (reply.json()["description"], reply.json()["events"]) == ("ours", ["batch.paused"])
    reply = await api.patch(path, json={"format": "standard"})
    assert reply.json()["template"] is None
    reply = await api.patch(path, json={"template": {"a": "b"}})
    assert (reply.status_code, reply.json()["code"]) == (422, "template_not_wanted")
    listed = (await api.get("/api/webhooks", params={"limit": 1})).json()
    assert [entry["id"] for entry in listed["webhooks"]] == [webhook["id"]]
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_lists_are_paged(api: Api, create: Create) -> None:
    made = [(await create(f"/{number}"))["id"] for number in range(5)]
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get("/api/webhooks", params={"limit": 2} | cursor)).json()
        found += [webhook["id"] for webhook in page["webhooks"]]
        if not page["next_cursor"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == made[::-1]
    for _ in range(5):
        await api.post(f"/api/webhooks/{made[0]}/test")
    reply = await api.get(f"/api/webhooks/{made[0]}/deliveries", params={"limit": 3})
    following = await api.get(reply.links["next"]["url"])
    ids = [delivery["id"] for page in (reply, following) for delivery in page.json()["deliveries"]]
    assert len(set(ids)) == 5


async def test_a_delivery_can_be_looked_at_and_sent_again(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/again")
    batch = await run(api, "no-op", [{}])
    (request,) = await receiver.wait("/again", 1)
    delivery = await recorded(api, webhook["id"], 1)
    assert [found["id"] for found in await deliveries(api, webhook["id"], status="delivered")] == [delivery["id"]]
    assert await deliveries(api, webhook["id"], status="failed") == []
    path = f"/api/webhooks/{webhook['id']}/deliveries/{delivery['id']}"
    read = (await api.get(path)).json()
    assert (read["body"], read["response_excerpt"], read["error"]) == (request.body, "answer", None)
    assert (await api.get(f"/api/batches/{batch['id']}/notifications")).json()["deliveries"][0]["id"] == delivery["id"]
    reply = await api.post(f"{path}/redeliver")
    assert (reply.status_code, reply.json()["status"]) == (202, "pending")
    again = (await receiver.wait("/again", 2))[1]
    assert (again.id, again.body) == (request.id, request.body)
    assert again.verified(webhook["secret"])
    await recorded(api, webhook["id"], 2)
    assert 'tranche_webhook_deliveries_total{outcome="delivered"}' in (await api.get("/metrics")).text


async def test_the_same_key_makes_one_webhook_one_secret_and_one_ping(api: Api, receiver: Receiver) -> None:
    key = {"Idempotency-Key": "once"}
    body = {"url": receiver.url("/once")}
    first, second = [await api.post("/api/webhooks", json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert second.headers["Idempotent-Replayed"] == "true"
    path = first.headers["Location"]
    for command, member in (("rotate-secret", "secret"), ("test", "id")):
        replies = [await api.post(f"{path}/{command}", headers={"Idempotency-Key": command}) for _ in range(2)]
        assert replies[0].json()[member] == replies[1].json()[member]
    assert (await execute(api, "select count(*) from webhook_secrets"))[0][0] == 2
    await api.delete(path)


async def test_secrets_are_told_once_and_are_nowhere_else(
    api: Api, receiver: Receiver, create: Create, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    webhook = await create("/secret")
    headers = {"Idempotency-Key": "rotate-once"}
    rotated = (await api.post(f"/api/webhooks/{webhook['id']}/rotate-secret", headers=headers)).json()
    receiver.answers += [500]
    await run(api, "no-op", [{}])
    await recorded(api, webhook["id"], 1)
    told = [caplog.text, (await api.get("/api/webhooks")).text, (await api.get(f"/api/webhooks/{webhook['id']}")).text]
    for table in ("webhook_endpoints", "webhook_secrets", "webhook_deliveries", "idempotency_keys", "events"):
        told.append(str(await execute(api, f"select * from {table}")))
    key = (api.settings.home / "secret.key").read_text().strip()
    for secret in (webhook["secret"], rotated["secret"], key):
        assert len(secret) > 40
        assert not [text for text in told if secret.removeprefix("whsec_") in text]
    assert (api.settings.home / "secret.key").stat().st_mode & 0o777 == 0o600


async def test_members_may_look_but_not_change(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/members")
    async with caller(api, await key_of(api, "Default", user="member", role="member")) as member:
        assert len((await member.get("/api/webhooks")).json()["webhooks"]) == 1
        for reply in (
            await member.post("/api/webhooks", json={"url": receiver.url()}),
            await member.patch(f"/api/webhooks/{webhook['id']}", json={}),
            await member.post(f"/api/webhooks/{webhook['id']}/rotate-secret"),
            await member.delete(f"/api/webhooks/{webhook['id']}"),
        ):
            assert (reply.status_code, reply.json()["code"]) == (403, "admin_only")


async def test_a_template_is_filled_in_and_cannot_be_broken_out_of(
    api: Api, receiver: Receiver, create: Create
) -> None:
    template = {
        "Subject": "Batch {{ batch.name }}: {{batch.counters.completed}} of {{batch.counters.total}}",
        "Count": "{{batch.counters.total}}",
        "Owner": {"Id": "{{batch.metadata.owner}}", "Other": "{{batch.metadata.missing.deep}}"},
        "Lines": ["{{type}}", 7, None, True],
    }
    await create("/crm", format="crm", template=template)
    name = '"}, "Owner": {"Id": 1} {{batch.id}} \\ \u2028 名'
    await run(api, "no-op", [{}], name=name, metadata={"owner": {"a": [1, 10**25]}})
    (request,) = await receiver.wait("/crm", 1)
    assert decoded(request) == {
        "Subject": f"Batch {name}: 1 of 1",
        "Count": 1,
        "Owner": {"Id": {"a": [1, 10**25]}, "Other": None},
        "Lines": ["batch.completed", 7, None, True],
    }


async def test_a_chat_gets_one_text_in_which_names_are_only_names(api: Api, receiver: Receiver, create: Create) -> None:
    await create("/chat", format="slack")
    batch = await run(api, "no-op", [{}], name="<!channel> & <https://evil.example|us>\n*bold*")
    (request,) = await receiver.wait("/chat", 1)
    lines = decoded(request)["text"].split("\n")
    assert lines == [
        '"&lt;!channel&gt; &amp; &lt;https://evil.example|us&gt; *bold*" is done',
        "1 job: 1 completed",
        f"<https://tranche.example/#/batches/{batch['id']}|Open the batch>",
    ]


async def test_the_standard_format_stays_small_and_has_absolute_links(
    api: Api, receiver: Receiver, create: Create
) -> None:
    await create("/standard")
    batch = await run(api, "no-op", [{}], name="Small", metadata={"big": "x" * 50_000})
    (request,) = await receiver.wait("/standard", 1)
    assert len(request.body) < 20_000
    told = decoded(request)
    assert told["timestamp"].endswith("Z")
    assert (told["type"], told["data"]["event_id"]) == ("batch.completed", batch["last_event_id"])
    assert told["data"]["message"] == '"Small" is done'
    of_batch = told["data"]["batch"]
    assert of_batch["links"]["self"] == f"https://tranche.example/api/batches/{batch['id']}"
    assert (of_batch["status"], of_batch["pipeline"], of_batch["metadata"]) == ("completed", "no-op", None)
    assert of_batch["counters"] == batch["counters"]


async def test_an_organisation_has_a_hundred_webhooks_at_most(api: Api, receiver: Receiver) -> None:
    async with caller(api, await key_of(api, "Many")) as many:
        body = {"url": receiver.url(), "enabled": False}
        assert (await many.post("/api/webhooks", json=body)).status_code == 201
        statement = """insert into webhook_endpoints (id, organisation_id, url, events, format, enabled)
          select gen_random_uuid(), o.id, 'http://127.0.0.1/', '{batch.*}', 'standard', false
          from organisations o, generate_series(2, :number) where o.name = 'Many'"""
        for number, code in ((99, 201), (2, 429)):
            await execute(api, statement, number=number)
            assert (await many.post("/api/webhooks", json=body)).status_code == code
