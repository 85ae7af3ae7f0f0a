"""Accounts of outside services: each organisation's own, encrypted, and never another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Header, Response
from pydantic import SecretStr
from sqlalchemy import text

from app.commands.server import listen
from app.connections.repository import reseal_connections
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey
from tests.auth.people import caller, key_of
from tests.conftest import Api, make_settings, serving

pytestmark = pytest.mark.own_service
OURS, THEIRS = "pat-of-the-operator-0001", "pat-of-the-customer-0002"


class Crm:
    """HubSpot, as far as it is asked; `tokens` are those it was asked with."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.app = FastAPI()
        self.app.get("/crm/v3/objects/contacts")(self.read)
        self.app.post("/crm/v3/objects/contacts/search")(self.search)
        self.url = ""

    async def read(self, authorization: str = Header()) -> Response:
        self.tokens.append(authorization)
        return Response(status_code=200 if authorization.endswith((OURS, THEIRS)) else 401)

    async def search(self, authorization: str = Header()) -> dict[str, Any]:
        self.tokens.append(authorization)
        return {"results": [{"id": "1", "properties": {"email": "a@b.example"}}]}


@pytest.fixture(scope="module")
async def crm() -> AsyncIterator[Crm]:
    made, listener = Crm(), listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(made.app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server._serve([listener]))
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield made
    server.should_exit = True
    await task


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str, crm: Crm) -> AsyncIterator[Api]:
    """An installation with an account of its operator, whose organisation is the only one that it serves."""
    own = {"hubspot_token": SecretStr(OURS), "hubspot_url": crm.url, "outbound_allow": "127.0.0.1"}
    async with serving(make_settings(home, database_url, shared_accounts=None, **own)) as client:
        yield client


@pytest.fixture
async def customer(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with caller(api, await key_of(api, "Customer", user="admin")) as client:
        yield client
        await client.delete("/api/connections/hubspot")


async def play_of(client: httpx.AsyncClient) -> str:
    play = (await client.post("/api/plays/", json={"name": "p", "required_batches": [3], "play_steps": ["x"]})).json()
    return f"/api/plays/{play['id']}/runs/"


async def shown(client: httpx.AsyncClient, kind: str = "hubspot") -> dict[str, Any]:
    found = (await client.get("/api/connections")).json()["connections"]
    return next(connection for connection in found if connection["kind"] == kind)


async def test_nobody_uses_the_operators_account_but_the_operators(
    api: Api, customer: httpx.AsyncClient, crm: Crm
) -> None:
    assert ((await shown(api))["source"], (await shown(customer))["source"]) == ("installation", "none")
    refused = await customer.post(await play_of(customer), json={"leads": ["new@b.example"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "connection_missing")
    assert refused.json()["connections"] == [{"connection": "hubspot", "set_at": "/api/connections/hubspot"}]
    assert crm.tokens == []
    assert (await customer.post(await play_of(customer), json={"leads": ["a@b.example"], "start": False})).is_success
    assert (await api.post(await play_of(api), json={"leads": ["new@b.example"]})).status_code == 201


async def test_account_is_set_tried_used_and_never_shown(api: Api, customer: httpx.AsyncClient, crm: Crm) -> None:
    path = "/api/connections/hubspot"
    assert (await customer.post(f"{path}/test")).status_code == 404
    wrong = {"account": {"token": "pat-that-is-not-taken", "url": crm.url}}
    assert (await customer.put(path, json=wrong)).status_code == 204
    blocked = await customer.post(f"{path}/test")
    assert (blocked.status_code, blocked.json()["code"]) == (422, "connection_refused")
    organisation = (await customer.get("/api/session")).json()["organisation"]["id"]
    allow = f"/api/organisations/{organisation}/outbound-allow"
    assert (await customer.put(allow, json={"allow": ["127.0.0.1"]})).status_code == 403
    assert (await api.put(allow, json={"allow": ["127.0.0.1/33"]})).status_code == 422
    changed = (await api.put(allow, json={"allow": ["127.0.0.1"]})).json()
    assert (changed["allow"], changed["installation"]) == (["127.0.0.1"], [])
    assert "not be allowed" not in (await customer.post(f"{path}/test")).json()["detail"]
    assert (await customer.put(path, json={"account": {"token": THEIRS, "url": crm.url}})).status_code == 204
    assert (await customer.post(f"{path}/test")).json()["works"]
    read = await shown(customer)
    assert (read["source"], read["hint"], read["set_by"]) == ("own", THEIRS[-4:], "admin")
    assert read["account"] == {"token": "***", "url": crm.url}
    assert THEIRS not in (await customer.get("/api/connections")).text
    del crm.tokens[:]
    made = await customer.post(await play_of(customer), json={"leads": ["other@b.example"]})
    await run_to_end(customer, made.json()["batch_id"])
    assert crm.tokens == [f"Bearer {THEIRS}"]
    for body in ({"account": {"token": "***"}}, {"account": {}}, {"account": {"token": "x", "more": 1}}):
        answer = await customer.put(path, json=body)
        assert answer.status_code == 422, body
    async with api.installation.database.transaction() as session:
        query = text("select action from audit_log where target_kind = 'service_credential'")
        assert "service_credential.set" in (await session.execute(query)).scalars().all()
        kept = (await session.execute(text("select sealed from connections"))).scalars().all()
    assert kept
    assert not [one for one in kept if THEIRS in one or crm.url in one]


async def run_to_end(client: httpx.AsyncClient, batch_id: str) -> None:
    async with client.stream(
        "GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"}
    ) as events:
        async for line in events.aiter_lines():
            if line in ("event: batch.completed", "event: batch.failed", "event: bye"):
                return


async def test_member_sees_no_account_and_unknown_services_are_told(api: Api, customer: httpx.AsyncClient) -> None:
    async with caller(api, await key_of(api, "Customer", user="member", role="member")) as member:
        for method, path in (("GET", ""), ("PUT", "/hubspot"), ("DELETE", "/hubspot"), ("POST", "/hubspot/test")):
            answer = await member.request(method, f"/api/connections{path}", json={"account": {}})
            assert answer.status_code == 403, path
    for method in ("PUT", "DELETE"):
        assert (await customer.request(method, "/api/connections/none", json={"account": {}})).status_code == 404
    assert (await customer.delete("/api/connections/hubspot")).json()["code"] == "connection_not_set"


async def test_list_of_one_organisation_is_not_anothers(api: Api, customer: httpx.AsyncClient, crm: Crm) -> None:
    """The connection that one organisation may open is not reused for another, which may not."""
    fetched = {"pipeline": "pdf-extraction", "params": {"swimmer_name": "Ann"}}
    fetched["items"] = [{"url": f"{crm.url}/openapi.json"}]
    codes = []
    async with caller(api, await key_of(api, "Stranger")) as stranger:
        for client in (api, stranger):
            batch_id = (await client.post("/api/batches", json=fetched)).json()["batch_id"]
            await run_to_end(client, batch_id)
            codes.append((await client.get(f"/api/batches/{batch_id}/jobs")).json()["jobs"][0]["error_code"])
    assert codes == ["UNSUPPORTED_MEDIA_TYPE", "ADDRESS_NOT_ALLOWED"]


async def test_secret_that_is_replaced_takes_accounts_along(api: Api, customer: httpx.AsyncClient, crm: Crm) -> None:
    await customer.put("/api/connections/hubspot", json={"account": {"token": THEIRS, "url": crm.url}})
    key = api.installation.get(SigningKey)
    new = SigningKey(api.settings.home, SecretStr("the secret that comes next"), SecretStr(key.current.text))
    await new.start()
    organisation = (await customer.get("/api/session")).json()["organisation"]["id"]
    async with api.installation.database.transaction() as session:
        assert await reseal_connections(session, new) == 1
        assert await reseal_connections(session, new) == 0
        sealed = (await session.execute(text("select sealed from connections"))).scalar_one()
        assert Sealer(new).unseal(sealed, UUID(organisation))["token"] == THEIRS
        await session.rollback()


async def test_hand_over_and_mail_that_nobody_has_an_account_for(api: Api, customer: httpx.AsyncClient) -> None:
    wanted = {"pipeline": "no-op", "items": [{"record": {}}]}
    for option, kind in (("auto_upload_enabled", "dropbox"), ("monday_sync_enabled", "monday")):
        for client in (api, customer):
            refused = await client.post("/api/batches", json=wanted | {option: True})
            assert (refused.status_code, refused.json()["connections"][0]["connection"]) == (422, kind)
    mail = wanted | {"notification_email": "someone@example.org"}
    assert (await customer.post("/api/batches", json=mail)).json()["connections"][0]["connection"] == "smtp"
    assert (await api.post("/api/batches", json=mail)).status_code == 201, "its operator decides whether there is mail"
    draft = await customer.post("/api/batches", json=mail | {"start": False})
    started = await customer.post(f"/api/batches/{draft.json()['batch_id']}/start")
    assert (started.status_code, started.json()["code"]) == (422, "connection_missing")
    template = {"name": "t", "options": {"pipeline": "no-op", "auto_upload_enabled": True}}
    assert (await customer.post("/api/templates", json=template)).json()["code"] == "connection_missing"
    account = {"account": {"token": "sl.0123456789"}}
    assert (await customer.put("/api/connections/dropbox", json=account)).status_code == 204
    made = (await customer.post("/api/templates", json=template)).json()
    await customer.delete("/api/connections/dropbox")
    timed = {"template_id": made["id"], "cron": "0 9 * * *"}
    assert (await customer.post("/api/schedules", json=timed)).json()["code"] == "connection_missing"


async def test_template_names_only_files_that_are_there(api: Api, customer: httpx.AsyncClient) -> None:
    file = (await api.put("/api/files/a.txt", content=b"a")).json()
    source = {"type": "items", "items": [{"file_id": file["id"]}]}
    body = {"name": "f", "options": {"pipeline": "checksum"}, "source": source}
    for client, status in ((customer, 422), (api, 201)):
        assert (await client.post("/api/templates", json=body)).status_code == status
    unknown = body | {"name": "g", "source": {"type": "items", "items": [{"file_id": "0" * 32}]}}
    assert (await api.post("/api/templates", json=unknown)).json()["code"] == "unknown_files"
