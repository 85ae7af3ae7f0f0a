"""The installation's secret is replaced: receivers, codes, tickets and repeated requests notice nothing meanwhile."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.kit.secrets.signing import FILE, rotate
from tests.auth.people import caller, cookie_of
from tests.batch_helpers import run
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.files.bodies import query
from tests.notifications.conftest import Create
from tests.notifications.receiver import Receiver, receiving
from tests.patience import within

pytestmark = pytest.mark.own_service

REPEATED = {"Idempotency-Key": "across-the-rotation"}


async def make_key(api: Api) -> dict[str, Any]:
    reply = await api.post("/api/keys", json={"name": "repeated"}, headers=REPEATED)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def sign_in(api: Api) -> str:
    async with caller(api, **{"Idempotency-Key": "signed-in-once"}) as browser:
        reply = await browser.post("/api/session", json={"key": ADMIN_KEY})
    assert reply.status_code == 201, reply.text
    return cookie_of(reply)


async def code_of(api: Api, batch: dict[str, Any]) -> str | None:
    code: str | None = (await api.get(f"/api/jobs/{batch['jobs'][0]['id']}")).json()["job"]["result_code"]
    return code


async def page_status(api: Api, path: str) -> int:
    async with caller(api) as page:
        return (await page.get(path)).status_code


async def moved(api: Api, webhook_id: str) -> None:
    """Waits until the webhook's secret is sealed with the current one."""
    async with within(30):
        while await query(api, "select sealed from webhook_secrets where endpoint_id = :id", id=webhook_id) is None:
            pass


async def test_rotation_with_an_overlap_and_its_end(home: Path, database_url: str) -> None:
    settings = make_settings(home, database_url, outbound_allow="127.0.0.1")
    async with receiving() as receiver:
        async with serving(settings) as api:
            webhook = (await api.post("/api/webhooks", json={"url": receiver.url("/kept")})).json()
            batch = await run(api, "no-op", [{}], result_codes=True)
            delivered = await receiver.wait("/kept", 1)
            key, cookie, code = await make_key(api), await sign_in(api), batch["jobs"][0]["result_code"]
            ticket = (await api.post(f"/api/batches/{batch['id']}/stream-tickets")).json()["url"]
        assert delivered[0].verified(webhook["secret"])

        rotate(home, timedelta(days=1))
        async with serving(settings) as api:
            assert await page_status(api, ticket) == 200
            assert (await make_key(api), await sign_in(api)) == (key, cookie)
            assert (await code_of(api, batch), await page_status(api, f"/api/results/{code}")) == (code, 200)
            await moved(api, webhook["id"])
            await run(api, "no-op", [{}])
            assert (await receiver.wait("/kept", 2))[1].verified(webhook["secret"])
            rotated = (await api.post(f"/api/webhooks/{webhook['id']}/rotate-secret")).json()
            await run(api, "no-op", [{}])
            third = (await receiver.wait("/kept", 3))[2]
            assert third.verified(webhook["secret"])
            assert third.verified(rotated["secret"])

        (home / FILE).write_text((home / FILE).read_text().splitlines()[0])  # the overlap is over
        async with serving(settings) as api:
            assert await page_status(api, ticket) == 401
            refused = await api.post("/api/keys", json={"name": "repeated"}, headers=REPEATED)
            assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
            assert (await code_of(api, batch), await page_status(api, f"/api/results/{code}")) == (None, 200)
            await run(api, "no-op", [{}])
            fourth = (await receiver.wait("/kept", 4))[3]
            assert fourth.verified(webhook["secret"])
            assert fourth.verified(rotated["secret"])


async def test_a_secret_that_was_tampered_with_signs_nothing(api: Api, receiver: Receiver, create: Create) -> None:
    webhook = await create("/tampered")
    await query(api, "update webhook_secrets set sealed = 'x' where endpoint_id = :id returning 1", id=webhook["id"])
    fine = await create("/fine")
    await run(api, "no-op", [{}])
    assert (await receiver.wait("/fine", 1))[0].verified(fine["secret"])
    assert receiver.on("/tampered") == []
