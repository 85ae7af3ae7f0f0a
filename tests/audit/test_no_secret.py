"""No secret is anywhere that people or programs other than its own look: logs, errors, dumps, backups, figures.

Everything that is secret is planted, used rightly and wrongly, and then looked for.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from app.kit.postgres import find_binaries
from tests import processes
from tests.audit.sentinels import Sentinels
from tests.conftest import WORKLOADS, make_home
from tests.live import LiveServer
from tests.patience import patient
from tests.test_commands import Done

pytestmark = pytest.mark.own_service
CLOSED = "127.0.0.1:9"
"""Nobody listens there, so that whoever connects fails with the address in an exception."""


@pytest.fixture(scope="module")
def planted() -> Sentinels:
    return Sentinels()


@pytest.fixture(scope="module")
def service(planted: Sentinels) -> Iterator[LiveServer]:
    """The service at debug level, with a secret in every setting that takes one."""
    settings = {
        "TRANCHE_ADMIN_KEY": planted.new("admin key"),
        "TRANCHE_SECRET_KEY": planted.new("installation secret"),
        "TRANCHE_SMTP_URL": f"smtp://mail:{planted.new('password of the mail server')}@{CLOSED}?starttls=off",
        "TRANCHE_DROPBOX_TOKEN": planted.new("dropbox token"),
        "TRANCHE_DROPBOX_URL": f"http://{CLOSED}",
        "TRANCHE_MONDAY_TOKEN": planted.new("monday token"),
        "TRANCHE_MONDAY_URL": f"http://{CLOSED}",
        "TRANCHE_MONDAY_BOARD": "1",
        "TRANCHE_HUBSPOT_TOKEN": planted.new("hubspot token"),
        "TRANCHE_HUBSPOT_URL": f"http://{CLOSED}",
        "TRANCHE_DATA_PROVIDER_TOKEN": planted.new("data provider token"),
        "TRANCHE_DATA_PROVIDER_URL": f"http://{CLOSED}",
        "TRANCHE_PLATFORM_TOKEN": planted.new("platform token"),
        "TRANCHE_PLATFORM_URL": f"http://{CLOSED}",
        "TRANCHE_AI_PROVIDER": "openai",
        "TRANCHE_AI_KEY": planted.new("ai key"),
        "TRANCHE_AI_MODEL": "none",
        "TRANCHE_AI_BASE_URL": f"http://{CLOSED}",
        "TRANCHE_OUTBOUND_ALLOW": "127.0.0.0/8",
        "TRANCHE_LOG_LEVEL": "debug",
        "TRANCHE_LOG_FORMAT": "json",
    }
    home = make_home()
    server = LiveServer(home, WORKLOADS, **settings)
    try:
        server.start()
        yield server
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


class Talk:
    """Asks the service, and keeps each answer under what was asked."""

    def __init__(self, server: LiveServer) -> None:
        key = server.environment["TRANCHE_ADMIN_KEY"]
        self.client = httpx.Client(base_url=server.url, timeout=patient(60))
        self.key = {"Authorization": f"Bearer {key}"}
        self.answers: dict[str, bytes] = {}

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
    batch_id = talk.ask("POST", "/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}]}).json()[
        "batch_id"
    ]
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


def dump(server: LiveServer) -> bytes:
    command = [find_binaries() / "pg_dump", f"--dbname={server.postgres().dsn}"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def backup(server: LiveServer) -> dict[str, bytes]:
    folder = server.home / "kept"
    done = processes.run(["backup", str(folder)], server.environment, server.home)
    assert done.returncode == 0, done.stderr
    files = {f"backup {path.name}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    restore = [find_binaries() / "pg_restore", "--file=-", folder / "database.dump"]
    plain = subprocess.run(restore, capture_output=True, check=True).stdout
    return files | {"backup, as text": plain, "tranche backup": (done.stdout + done.stderr).encode()}


def test_no_secret_is_found_anywhere(service: LiveServer, planted: Sentinels) -> None:
    talk = Talk(service)
    use_credentials(talk, planted)
    use_webhooks(talk, planted)
    submit_secrets(talk, planted)
    break_something(talk, planted, service)
    for path in ("/metrics", "/api/audit?limit=1000", "/api/audit/export?format=csv", "/api/batches", "/api/status"):
        talk.ask("GET", path)
    kept = backup(service)
    places = {**talk.answers, **kept, "pg_dump": dump(service)}
    service.terminate()
    places["log"] = (service.home / "service.log").read_bytes()
    places["log of PostgreSQL"] = (service.postgres().data / "server.log").read_bytes()
    lines = [json.loads(line) for line in places["log"].splitlines()]
    assert {"tranche.access", "tranche.errors"} <= {line["logger"] for line in lines}
    assert any("exception" in line for line in lines), "nothing failed, so nothing was proven"
    assert b"audit_log" in places["pg_dump"]
    assert sorted(planted.found_in(places)) == []


@pytest.mark.parametrize("command", ["serve", "worker", "doctor", "backup kept"])
def test_a_database_that_is_not_reached_is_named_without_its_password(command: str, tmp_path: Path) -> None:
    planted = Sentinels()
    dsn = f"postgresql://tranche:{planted.new('password of the database')}@{CLOSED}/tranche"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    values = {"TRANCHE_HOME": str(tmp_path), "TRANCHE_PORT": "0", "DATABASE_URL": dsn, "TRANCHE_LOG_LEVEL": "debug"}
    done: Done = processes.run(command.split(), clean | values, tmp_path)
    assert done.returncode != 0
    assert list(planted.found_in({"output": (done.stdout + done.stderr).encode()})) == []
