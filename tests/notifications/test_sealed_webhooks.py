"""Secrets of webhooks: sent to where they belong, encrypted where they are kept, and shown to nobody."""

from __future__ import annotations

import json
from typing import Any

from tests.batch_helpers import run
from tests.conftest import Api
from tests.notifications.conftest import Create
from tests.notifications.outbox import execute, recorded
from tests.notifications.receiver import Receiver, decoded

TOKEN, KEY, SIGNATURE = "crm-token-0123456789", "crm-key-0123456789", "signature-0123456789"
TEMPLATE = {
    "headers": [{"name": "Authorization", "value": f"Bearer {TOKEN}"}],
    "auth": {"api_key": KEY, "{{type}}": "{{batch.name}}"},
    "about": "{{batch.name}}",
}
ANSWER = f"you sent {KEY}"


async def stored(api: Api, webhook_id: str) -> str:
    """What the database has of a webhook and its deliveries."""
    query = """select w.url, w.template::text, d.body, d.error, d.response_excerpt, d.tries::text
      from webhook_endpoints w left join webhook_deliveries d on d.endpoint_id = w.id where w.id = :id"""
    return str(await execute(api, query, id=webhook_id))


async def shown(api: Api, webhook_id: str) -> str:
    """What the API says of a webhook and its deliveries."""
    path = f"/api/webhooks/{webhook_id}"
    deliveries = (await api.get(f"{path}/deliveries")).json()["deliveries"]
    details = [(await api.get(f"{path}/deliveries/{delivery['id']}")).text for delivery in deliveries]
    return "".join([(await api.get(path)).text, (await api.get("/api/webhooks")).text, *details])


async def test_secrets_are_sent_and_neither_kept_nor_shown(api: Api, receiver: Receiver, create: Create) -> None:
    path = f"/crm?sig={SIGNATURE}"
    body = f"HTTP/1.1 500 No\r\nContent-Length: {len(ANSWER)}\r\nConnection: close\r\n\r\n{ANSWER}"
    receiver.answers += [body.encode()]
    webhook = await create(path, format="crm", template=TEMPLATE)
    await run(api, "no-op", [{}], name="Spring")
    (sent,) = await receiver.wait(path, 1)
    assert decoded(sent) == {
        "headers": [{"name": "Authorization", "value": f"Bearer {TOKEN}"}],
        "auth": {"api_key": KEY, "batch.completed": "Spring"},
        "about": "Spring",
    }
    assert sent.verified(webhook["secret"])
    delivery = await recorded(api, webhook["id"], 1)
    kept, told = await stored(api, webhook["id"]), await shown(api, webhook["id"]) + json.dumps(webhook)
    for secret in (TOKEN, KEY, SIGNATURE):
        assert secret not in kept
        assert secret not in told
    assert webhook["url"] == receiver.url("/crm?sig=***")
    detail = (await api.get(f"/api/webhooks/{webhook['id']}/deliveries/{delivery['id']}")).json()
    assert detail["response_excerpt"] == "you sent ***"
    assert json.loads(detail["body"])["about"] == "Spring"
    assert json.loads(detail["body"])["auth"]["api_key"] == "***"


async def test_what_is_hidden_stays_unless_it_would_go_elsewhere(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create(f"/kept?sig={SIGNATURE}", format="crm", template=TEMPLATE)
    path = f"/api/webhooks/{webhook['id']}"

    async def change(**more: Any) -> Any:
        return await api.patch(path, json=more)

    read = (await api.get(path)).json()
    kept = await change(url=read["url"], template=read["template"] | {"about": "changed"}, description="same")
    assert kept.status_code == 200, kept.text
    await api.post(f"{path}/test")
    (ping,) = await receiver.wait(f"/kept?sig={SIGNATURE}", 1)
    assert decoded(ping)["headers"][0]["value"] == f"Bearer {TOKEN}"
    assert decoded(ping)["about"] == "changed"
    for refused in (
        await change(url="http://127.0.0.1:9/kept"),
        await change(url=receiver.url("/another?sig=***")),
        await change(url="http://127.0.0.1:9/kept", template=read["template"]),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "secret_wanted"), refused.text
    given = await change(template={"api_key": "another-key-0123456789"})
    assert given.json()["template"] == {"api_key": "***"}
    assert KEY not in await stored(api, webhook["id"])


async def test_plain_addresses_and_templates_stay_readable(api: Api, create: Create) -> None:
    webhook = await create("/plain?page=2", format="crm", template={"batch": "{{batch.name}}"})
    assert webhook["url"] in await stored(api, webhook["id"])
    assert webhook["template"] == {"batch": "{{batch.name}}"}
