"""An organisation is exported whole, and erased so that nothing of it is found in any table or in the storage."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from app.audit.record import operator_at_shell
from app.auth.models import User
from app.batches.desk import Notifier
from app.files.storage import Storage
from app.tenants import repository
from app.tenants.erasure import Erasures
from app.tenants.export import FolderNotEmpty, export_organisation
from tests.auth.people import caller, key_of
from tests.batch_helpers import follow
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.files.bodies import FORM, form, part
from tests.tenants import searching

pytestmark = pytest.mark.own_service
MARK = "sentinel-4711"


async def plant(api: Api, client: httpx.AsyncClient) -> None:
    """Something with the mark in it in everything that an organisation can have."""

    async def put(method: str, path: str, **more: Any) -> Any:
        answer = await client.request(method, path, **more)
        assert answer.is_success, (path, answer.text)
        return answer.json() if answer.content else None

    fields = [("pipeline", "checksum"), ("name", f"batch {MARK}"), ("description", MARK), ("result_codes", "true")]
    parts = [part(name, value) for name, value in fields] + [part("metadata", json.dumps({"of": MARK}))]
    contents = [part("files", f"own {MARK}".encode(), f"{MARK}.txt"), part("files", b"shared by two", "shared.txt")]
    headers = FORM | {"Idempotency-Key": f"key-{MARK}"}
    batch = await put("POST", "/api/jobs/batch", content=form(*parts, *contents), headers=headers)
    await follow(client, batch["batch_id"])
    sheet = ("a.pdf", next(SAMPLES.glob("*.pdf")).read_bytes(), "application/pdf")
    data = {"pipeline": "pdf-extraction", "swimmer_name": f"Maya {MARK}"}
    sheets = await put("POST", "/api/jobs/batch", data=data, files=[("files", sheet)])
    await follow(client, sheets["batch_id"])
    table = part("files", f"name,n\n{MARK},1\nx,2\n".encode(), "t.csv")
    report = await put("POST", "/api/jobs/batch", content=form(part("pipeline", "data-report"), table), headers=FORM)
    await follow(client, report["batch_id"])
    hook = {"url": f"http://93.184.216.34/{MARK}", "enabled": False, "description": MARK}
    await put("POST", "/api/webhooks", json=hook)
    template = await put("POST", "/api/templates", json={"name": MARK, "from_batch": batch["batch_id"]})
    await put("POST", "/api/schedules", json={"template_id": template["id"], "cron": "0 9 * * *", "name": MARK})
    play = {"name": MARK, "required_batches": [1], "play_steps": [MARK], "variables": {"token": MARK}}
    await put("POST", "/api/plays/", json=play)
    await put("PUT", "/api/lead-data/", json={"lead": MARK, "batch_number": 1, "data": {"is": MARK}})
    await put("POST", "/api/restaurants", json={"name": MARK})
    await put("PUT", "/api/connections/hubspot", json={"account": {"token": f"token-{MARK}"}})
    await put("PUT", f"/api/files/{MARK}.bin", content=f"loose {MARK}".encode())
    await put("POST", "/api/keys", json={"name": MARK})
    organisation = (await client.get("/api/session")).json()["organisation"]["id"]
    async with api.installation.database.transaction() as session:
        session.add(
            User(organisation_id=UUID(organisation), name=f"user {MARK}", role="member", email=f"{MARK}@x.example")
        )
        statement = """insert into batch_mails (batch_id, organisation_id, recipient)
          select id, organisation_id, :to from batches where id = :id on conflict do nothing"""
        await session.execute(text(statement), {"id": batch["batch_id"], "to": f"{MARK}@example.org"})
    draft = {"pipeline": "no-op", "items": [{"record": {"a": MARK}}], "start": False}
    await put("POST", "/api/batches", json=draft)


async def search(api: Api, *wanted: str) -> dict[str, int]:
    """How many rows of each table have one of the texts in them."""
    assert api.settings.database_url
    connection = await asyncpg.connect(api.settings.database_url.get_secret_value())
    try:
        return await searching.search(connection, *wanted)
    finally:
        await connection.close()


def stored(home: Path, wanted: bytes) -> list[str]:
    """The stored contents that have this in them."""
    return [str(path) for path in (home / "files").rglob("*") if path.is_file() and wanted in path.read_bytes()]


def make_old(home: Path) -> None:
    """As if every content had been written an hour ago."""
    for path in (home / "files").rglob("*"):
        os.utime(path, (time.time() - 3600,) * 2)


async def test_nothing_of_it_is_left_and_nothing_of_others_is_gone(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with caller(api, await key_of(api, f"Doomed {MARK}")) as doomed:
        organisation = (await doomed.get("/api/session")).json()["organisation"]
        await plant(api, doomed)
    shared = form(part("pipeline", "checksum"), part("files", b"shared by two", "ours.txt"))
    ours = (await api.post("/api/jobs/batch", content=shared, headers=FORM)).json()["batch_id"]
    await follow(api, ours)
    await api.installation.get(Erasures).stop()  # the test itself is the one that comes after
    home, database, storage = api.settings.home, api.installation.database, api.installation.get(Storage)
    before = await search(api, MARK, organisation["id"])
    planted = {"batches", "jobs", "event_log", "files", "templates", "schedules", "plays", "lead_data", "restaurants"}
    planted |= {"connections", "webhook_endpoints", "users", "idempotency_keys", "reports", "audit_log", "batch_mails"}
    assert planted <= {table.removeprefix("public.") for table in before}
    assert len(stored(home, MARK.encode())) >= 2

    folder = tmp_path / "export"
    manifest = await export_organisation(database, storage, UUID(organisation["id"]), folder)
    exported = b"".join(path.read_bytes() for path in (folder / "tables").iterdir())
    assert {"batches": 4, "templates": 1, "plays": 1}.items() <= manifest["tables"].items()
    assert f"token-{MARK}".encode() not in exported
    assert b"sealed:v1" not in exported
    own = [path for path in (folder / "contents").iterdir() if path.read_bytes() == f"own {MARK}".encode()]
    assert len(own) == 1
    assert oct((folder / "manifest.json").stat().st_mode)[-3:] == "600"
    with pytest.raises(FolderNotEmpty):
        await export_organisation(database, storage, UUID(organisation["id"]), folder)

    path = f"/api/organisations/{organisation['id']}/erase"
    assert (await api.post(path, json={"name": "another"})).json()["code"] == "name_not_confirmed"
    me = (await api.get("/api/session")).json()["organisation"]
    refused = await api.post(f"/api/organisations/{me['id']}/erase", json={"name": me["name"]})
    assert (refused.status_code, refused.json()["code"]) == (409, "organisation_operates")

    make_old(home)
    notifier = api.installation.get(Notifier)
    interrupted, calls = Erasures(database, storage, notifier), 0
    real = repository.remove_some

    async def dies(*arguments: Any) -> int:
        nonlocal calls
        calls += 1
        if calls > 9:
            raise ConnectionAbortedError("as by a kill")
        return await real(*arguments)

    monkeypatch.setattr(repository, "remove_some", dies)
    assert await interrupted.begin(operator_at_shell(), organisation["name"], organisation["name"])
    with pytest.raises(ConnectionAbortedError):
        await interrupted.carry_on(UUID(organisation["id"]))
    monkeypatch.undo()
    assert await search(api, MARK), "something was left to do"
    again = Erasures(database, storage, notifier)
    for organisation_id in await again.waiting():
        assert await again.carry_on(organisation_id)

    assert await search(api, MARK) == {}
    assert set(await search(api, organisation["id"])) <= {"public.audit_log"}, "that it was erased is kept, by its id"
    assert stored(home, MARK.encode()) == []
    assert len(stored(home, b"shared by two")) == 1
    assert (await api.get(f"/api/batches/{ours}")).status_code == 200
    archive = await api.get(f"/api/batches/{ours}/download")
    assert archive.status_code == 200


async def test_content_that_was_written_lately_is_left_for_later(api: Api) -> None:
    """It may be about to be another organisation's, whose row is not there yet."""
    async with caller(api, await key_of(api, "Hasty")) as hasty:
        organisation = (await hasty.get("/api/session")).json()["organisation"]
        assert (await hasty.put("/api/files/a.bin", content=b"written just now")).is_success
    erasures = api.installation.get(Erasures)
    await erasures.stop()
    begun = await erasures.begin(operator_at_shell(), organisation["name"], organisation["name"])
    assert not await erasures.carry_on(begun)
    assert len(stored(api.settings.home, b"written just now")) == 1
    make_old(api.settings.home)
    assert await erasures.carry_on(begun)
    assert stored(api.settings.home, b"written just now") == []
    assert (await api.get("/healthz")).is_success
