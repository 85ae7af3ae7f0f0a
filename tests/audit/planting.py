"""Uses everything that takes or makes a secret, rightly and wrongly, so that it can be looked for afterwards."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import asyncpg
import httpx

from tests.audit.sentinels import Sentinels
from tests.live import LiveServer
from tests.patience import patient

CLOSED = "127.0.0.1:9"
"""Nobody listens there, so that whoever connects fails with the address in an exception."""


class Talk:
    """Asks the service, and keeps each answer under what was asked."""

    def __init__(self, server: LiveServer, key: str | None = None) -> None:
        key = key or server.environment["TRANCHE_ADMIN_KEY"]
        self.client = httpx.Client(base_url=server.url, timeout=patient(60))
        self.key = {"Authorization": f"Bearer {key}"}
        self.answers: dict[str, bytes] = {}
        self.shown: dict[str, bytes] = {}

    def ask(self, method: str, path: str, **sent: Any) -> httpx.Response:
        sent = {"headers": self.key} | sent
        answer = self.client.request(method, path, **sent)
        self.client.cookies.clear()
        name = f"{len(self.answers)} {method} {path.partition('?')[0]}"
        self.answers[name] = answer.content + str(list(answer.headers.multi_items())).encode()
        return answer

    def told(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Ask for what is a secret itself: its answer may hold it."""
        answer = self.client.request(method, path, **({"headers": self.key} | sent))
        self.client.cookies.clear()
        assert answer.is_success, answer.text
        return answer

    def wait(self, batch_id: str) -> None:
        headers = {**self.key, "Accept": "text/event-stream"}
        with self.client.stream("GET", f"/api/batches/{batch_id}/events", headers=headers) as stream:
            self.answers[f"events of {batch_id}"] = b"\n".join(line.encode() for line in stream.iter_lines())

    def wait_until_tried(self, path: str) -> None:
        until = time.monotonic() + patient(60)
        while not self.told("GET", path).json()["attempts"]:
            assert time.monotonic() < until, "the delivery was not tried"
            time.sleep(0.1)


def use_credentials(talk: Talk, planted: Sentinels) -> str:
    """Keys, sessions, tickets and codes, made and used, and wrong ones of each. Returns a batch's id."""
    made = talk.told("POST", "/api/keys", json={"name": "made"}).json()
    key = {"Authorization": f"Bearer {planted.add('key', made['key'])}"}
    talk.ask("GET", "/api/session", headers=key)
    signed = talk.told("POST", "/api/session", json={"key": made["key"]})
    cookie = planted.add("cookie", signed.headers["Set-Cookie"].partition("=")[2].partition(";")[0])
    talk.ask("GET", "/api/session", headers={"Cookie": f"tranche_session={cookie}"})
    talk.ask("GET", "/api/session", headers={"Cookie": f"tranche_session={planted.new('wrong cookie')}"})
    for scheme in ("Bearer", "Basic", "Token"):
        talk.ask("GET", "/api/batches", headers={"Authorization": f"{scheme} {planted.new(f'wrong {scheme}')}"})
    talk.ask("POST", "/api/session", json={"key": planted.new("wrong key at sign-in")})
    talk.ask("POST", "/api/session", json={"key": [planted.new("key of a wrong kind")]})
    talk.ask("POST", "/api/session", json={"kee": planted.new("key under a wrong name")})
    talk.ask("POST", "/api/session", content=b'{"key": "' + planted.new("key in no JSON").encode())
    talk.ask("DELETE", f"/api/keys/{made['id']}")
    talk.ask("GET", "/api/session", headers=key)
    made = talk.ask("POST", "/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}]}).json()
    batch_id: str = made["batch_id"]
    talk.wait(batch_id)
    ticket = talk.told("POST", f"/api/batches/{batch_id}/stream-tickets").json()["ticket"]
    planted.add("stream ticket", ticket)
    talk.ask("GET", f"/api/batches/{batch_id}/events?ticket={ticket}", headers={})
    talk.ask("GET", f"/api/batches/{batch_id}/events?ticket={planted.new('wrong ticket')}", headers={})
    code = talk.told("POST", f"/api/batches/{batch_id}/result-codes").json()["code"]
    for path in ("/api/results/", "/r/"):
        talk.told("GET", f"{path}{code}", headers={})
        talk.ask("GET", f"{path}{planted.new(f'wrong code at {path}')}", headers={})
    planted.add("result code", code)
    return batch_id


def use_webhooks(talk: Talk, planted: Sentinels) -> None:
    url = f"http://hook:{planted.new('password of a webhook')}@{CLOSED}/{{}}?token={planted.new('token of a webhook')}"
    talk.ask("POST", "/api/webhooks", json={"url": url, "events": 1})
    talk.ask("POST", "/api/webhooks", json={"url": f"ftp://x/?token={planted.new('token of a refused webhook')}"})
    made = talk.told("POST", "/api/webhooks", json={"url": f"http://{CLOSED}/hook"}).json()
    planted.add("webhook secret", made["secret"])
    rotated = talk.told("POST", f"/api/webhooks/{made['id']}/rotate-secret").json()
    planted.add("webhook secret, rotated", rotated["secret"])
    talk.ask("POST", f"/api/webhooks/{made['id']}/test")


def submit_secrets(talk: Talk, planted: Sentinels) -> None:
    """Parameters with secrets, and URLs with them, in batches that fail and in such that are refused."""
    config = {
        "access_token": planted.new("access_token in common_config"),
        "Token": planted.new("Token in common_config"),
        "client_secret": planted.new("client_secret in common_config"),
        "apiKey": planted.new("apiKey in common_config"),
        "headers": {"Authorization": f"Bearer {planted.new('Authorization in common_config')}"},
    }
    restaurant = talk.ask("POST", "/api/restaurants", json={"name": "A place"}).json()["id"]
    body = {"restaurant_ids": [restaurant], "common_config": config}
    drafted = talk.ask("POST", "/api/registration-batches", json=body)
    assert drafted.status_code == 201, drafted.text
    batch_id = drafted.json()["batch_id"]
    talk.ask("POST", f"/api/registration-batches/{batch_id}/start")
    talk.ask("GET", f"/api/registration-batches/{batch_id}")
    talk.ask("POST", "/api/registration-batches", json=body | {"name": 1})
    talk.ask("POST", "/api/registration-batches", json=body | {"restaurant_ids": "none"})
    talk.ask("POST", "/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}], "params": config})
    address = f"http://user:{planted.new('password of a source')}@{CLOSED}/a.pdf?sig={planted.new('token of a source')}"
    sent = {"pipeline": "checksum", "items": [{"url": address}], "notification_email": "a@example.org"}
    made = talk.ask("POST", "/api/batches", json=sent)
    if made.status_code == 201:
        talk.wait(made.json()["batch_id"])
        for part in ("", "/failures", "/jobs", "/export?format=json", "/notifications"):
            talk.ask("GET", f"/api/batches/{made.json()['batch_id']}{part}")


def invite(talk: Talk, planted: Sentinels, server: LiveServer) -> None:
    """Invitations and sign-in links: taken, looked at, and wrong ones."""
    made = talk.told("POST", "/api/invitations", json={"name": "Ada", "role": "member"}).json()
    code = planted.add("invitation", made["code"])
    talk.told("GET", f"/invitation?code={code}", headers={})
    for path in ("/invitation", "/sign-in"):
        wrong = planted.new(f"wrong code at {path}")
        name = "code" if path == "/invitation" else "token"
        talk.ask("GET", f"{path}?{name}={wrong}", headers={})
        talk.ask("POST", path, data={name: wrong}, headers={"Sec-Fetch-Site": "same-origin"})
    talk.ask("POST", "/api/invitations/accept", json={"code": planted.new("wrong invitation")}, headers={})
    accepted = talk.told("POST", "/api/invitations/accept", json={"code": code}, headers={}).json()
    planted.add("key of an invitation", accepted["key"])
    token = planted.add("sign-in link", server.sign_in_url.partition("token=")[2])
    talk.told("GET", f"/sign-in?token={token}", headers={})
    signed = talk.client.post("/sign-in", data={"token": token}, headers={"Sec-Fetch-Site": "same-origin"})
    assert signed.status_code == 303, signed.text
    planted.add("cookie of a link", signed.headers["Set-Cookie"].partition("=")[2].partition(";")[0])
    talk.client.cookies.clear()
    talk.ask("GET", "/sign-in/oidc", headers={})
    query = f"code={planted.new('code of a provider')}&state={planted.new('state of a sign-in')}"
    talk.ask("GET", f"/sign-in/oidc/callback?{query}", headers={})
    talk.ask("GET", f"/nothing-here?token={planted.new('token of a page that is not there')}", headers={})


def shape_webhooks(talk: Talk, planted: Sentinels) -> None:
    """Bodies and addresses with secrets, which fail as nobody listens."""
    template = {
        "headers": [{"name": "Authorization", "value": f"Bearer {planted.new('token in a template, 1')}"}],
        "auth": {"api_key": planted.new("key in a template")},
        "about": "{{batch.name}}",
    }
    url = f"http://{CLOSED}/hook?sig={planted.new('signature of a webhook')}"
    made = talk.told("POST", "/api/webhooks", json={"url": url, "format": "crm", "template": template}).json()
    planted.add("webhook secret, crm", made.pop("secret"))
    path = f"/api/webhooks/{made['id']}"
    talk.ask("PATCH", path, json={"template": made["template"] | {"token": planted.new("token in a template, 2")}})
    talk.ask("PATCH", path, json={"template": {"a": "{{nothing}}", "token": planted.new("token in a wrong template")}})
    delivery = talk.ask("POST", f"{path}/test").json()
    talk.wait_until_tried(f"{path}/deliveries/{delivery['id']}")
    for seen in ("/api/webhooks", path, f"{path}/deliveries", f"{path}/deliveries/{delivery['id']}"):
        talk.ask("GET", seen)


def repeat_params(talk: Talk, planted: Sentinels) -> None:
    """Steps that say what they were given, in every way that there is, and addresses that are signed."""
    for how in ("output", "stop", "retry", "raise", "child"):
        params = {"how": how, "token": planted.new(f"parameter that a step repeats: {how}")}
        body = {"pipeline": "echo", "items": [{"record": {"n": 1}}], "params": params, "name": how}
        batch_id = talk.ask("POST", "/api/batches", json=body).json()["batch_id"]
        talk.wait(batch_id)
        job = talk.ask("GET", f"/api/batches/{batch_id}/jobs").json()["jobs"][0]
        for path in (f"/api/jobs/{job['id']}", f"/api/batches/{batch_id}/export?format=csv"):
            talk.ask("GET", path)
        template = talk.ask("POST", "/api/templates", json={"name": how, "from_batch": batch_id}).json()
        talk.ask("GET", f"/api/templates/{template['id']}")
    play = {"name": "p", "variables": {"api_key": planted.new("variable of a play")}, "play_steps": ["{{api_key}}"]}
    made = talk.ask("POST", "/api/plays/", json=play).json()
    talk.ask("GET", "/api/plays/")
    run = talk.ask("POST", f"/api/plays/{made['id']}/runs/", json={"leads": ["a@example.org"]}).json()
    talk.wait(run["batch_id"])
    talk.ask("GET", f"/api/batches/{run['batch_id']}/export?format=json")
    account = {"account": {"token": planted.new("token of an account")}}
    talk.ask("PUT", "/api/connections/hubspot", json=account)
    talk.ask("POST", "/api/connections/hubspot/test")
    talk.ask("PUT", "/api/connections/hubspot", json={"account": {"tokn": planted.new("token under a wrong name")}})
    talk.ask("GET", "/api/connections")


def bring_data(talk: Talk, data: Sentinels) -> None:
    """What people bring as their own data: it is theirs to read, and in nothing that the operator or others see."""
    signed = f"http://{CLOSED}/a.pdf?sig={data.new('signature of a source')}&token={data.new('token of a source')}"
    record = {"do": "raise", "pin": data.new("pin")}
    for pipeline, item in (("data-report", {"url": signed}), ("behaviour", {"record": record})):
        made = talk.told("POST", "/api/batches", json={"pipeline": pipeline, "items": [item]})
        batch_id = made.json()["batch_id"]
        headers = {**talk.key, "Accept": "text/event-stream"}
        with talk.client.stream("GET", f"/api/batches/{batch_id}/events", headers=headers) as stream:
            talk.shown[f"events of {pipeline}"] = b"".join(stream.iter_bytes())
        talk.shown[f"failures of {pipeline}"] = talk.told("GET", f"/api/batches/{batch_id}/failures").content


def break_something(talk: Talk, planted: Sentinels, server: LiveServer) -> None:
    """Errors of our own, while values are on their way into the database."""

    async def rename(*statements: str) -> None:
        connection = await asyncpg.connect(server.postgres().dsn)
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    params = {"access_token": planted.new("token in a statement that fails")}
    restaurant = talk.ask("POST", "/api/restaurants", json={"name": "Another place"}).json()["id"]
    body = {"restaurant_ids": [restaurant], "common_config": params, "name": "break"}
    asyncio.run(rename("alter table batches add constraint broken check (name <> 'break')"))
    refused = talk.ask("POST", "/api/registration-batches", json=body)
    asyncio.run(rename("alter table batches drop constraint broken", "alter table batches rename description to d"))
    failed = talk.ask("POST", "/api/registration-batches", json=body)
    asyncio.run(rename("alter table batches rename d to description"))
    assert (refused.status_code, failed.status_code) == (409, 500), (refused.text, failed.text)
