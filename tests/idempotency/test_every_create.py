"""Generated from OpenAPI: every operation that answers 201 or 202 is carried out once under one Idempotency-Key.

A new one fails `test_every_create_is_here` until it has a line in CREATES, and then is held to the same as the others.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.auth.people import key_of
from tests.batch_helpers import follow, run
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.files.bodies import FORM, form, part, query
from tests.notifications.receiver import receiving
from tests.reports.tables import report_ids

Ids = dict[str, str]


@dataclass(frozen=True)
class Create:
    """A request, another one under the same key, and the table that gets a row, if one does.

    `sent` and `other` are arguments of httpx; without `other` the same is asked of another object: of the same path
    with the ids that end in `2`.
    """

    table: str | None
    sent: dict[str, Any]
    other: dict[str, Any] | None = None


def json(sent: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"sent": {"json": sent}, "other": {"json": sent | other}}


def upload(content: bytes, *parts: bytes) -> dict[str, Any]:
    return {"content": form(*parts, part("files", content, "a.csv")), "headers": FORM}


PIPELINE = part("pipeline", "no-op")
DRAFT = {"pipeline": "no-op", "start": False}
NOTHING: dict[str, Any] = {}
CREATES = {
    "POST /api/session": Create("sessions", {"json": {"key": ADMIN_KEY}}, {"json": {"key": "{second_key}"}}),
    "POST /api/keys": Create("api_keys", **json({"name": "once"}, name="twice")),
    "POST /api/keys/{key_id}/rotate": Create("api_keys", **json({}, overlap_hours=1)),
    "POST /api/users": Create("users", **json({"name": "once"}, name="twice")),
    "POST /api/invitations": Create("invitations", **json({"name": "invited"}, name="twice")),
    "POST /api/organisations": Create("organisations", **json({"name": "once"}, name="twice")),
    "POST /api/organisations/{organisation_id}/invitations": Create(
        "invitations", **json({"name": "of the operator"}, name="twice")
    ),
    "PUT /api/files/{name}": Create("files", {"content": b"once"}, {"content": b"twice"}),
    "POST /api/batches": Create("batches", **json(DRAFT | {"items": [{"record": {}}]}, name="twice")),
    "POST /api/jobs": Create("batches", **json(DRAFT | {"record": {}}, name="twice")),
    "POST /api/jobs/batch": Create("batches", upload(b"once", PIPELINE), upload(b"twice", PIPELINE)),
    "POST /api/batch-reports": Create("batches", upload(b"a,b\n1,2\n"), upload(b"a,b\n1,3\n")),
    "POST /api/batch-reports/{batch_report_id}/files/{job_id}/read-again": Create(
        "batches", **json({"params": {}}, params={"header": "no"})
    ),
    "POST /api/batches/{batch_id}/retry-failed": Create("batches", NOTHING),
    "POST /api/batches/{batch_id}/restart": Create("batches", NOTHING),
    "POST /api/jobs/{job_id}/retry": Create("batches", **json({}, from_step="behave")),
    "POST /api/batches/{batch_id}/jobs": Create("jobs", **json({"items": [{"record": {}}]}, sealed=False)),
    "POST /api/batches/{batch_id}/jobs/bulk": Create(
        "bulk_acts", **json({"action": "cancel", "filter": {}}, filter={"status": "failed"})
    ),
    "POST /api/batches/{batch_id}/stream-tickets": Create(None, NOTHING),
    "POST /api/batches/{batch_id}/result-codes": Create("result_links", **json({}, expires_in=600)),
    "POST /api/jobs/{job_id}/result-codes": Create("result_links", **json({}, expires_in=600)),
    "POST /api/restaurants": Create("restaurants", **json({"name": "Once"}, name="Twice")),
    "POST /api/restaurants/import": Create(
        "restaurants", {"content": b"name\nImported once\n"}, {"content": b"name\nImported twice\n"}
    ),
    "POST /api/registration-batches": Create("batches", **json({"restaurant_ids": ["{restaurant_id}"]}, name="twice")),
    "POST /api/registration-batches/{batch_id}/retry-failed": Create("batches", NOTHING),
    "POST /api/registration-batches/{batch_id}/restart": Create("batches", NOTHING),
    "POST /api/webhooks": Create("webhook_endpoints", **json({"url": "{receiver}"}, description="twice")),
    "POST /api/webhooks/{webhook_id}/test": Create("webhook_deliveries where event_type = 'ping'", NOTHING),
    "POST /api/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver": Create(None, NOTHING),
    "POST /api/webhooks/{webhook_id}/rotate-secret": Create("webhook_secrets", NOTHING),
    "POST /api/templates": Create(
        "templates", **json({"name": "once", "options": {"pipeline": "no-op"}}, description="twice")
    ),
    "POST /api/templates/{template_id}/run": Create("batches", **json({}, options={"name": "twice"})),
    "POST /api/schedules": Create(
        "schedules", **json({"template_id": "{template_id}", "cron": "0 9 * * *"}, cron="0 8 * * *")
    ),
    "POST /api/schedules/{schedule_id}/run": Create("batches", NOTHING),
    "POST /api/plays/": Create("plays", **json({"name": "once"}, name="twice")),
    "POST /api/plays/{play_id}/runs/": Create("batches", **json({"leads": ["a@b.example"]}, leads=["c@d.example"])),
}
MORE = {"POST /api/webhooks/{webhook_id}/rotate-secret"}
"""What makes something new although it answers 200."""
NOWHERE = MORE | {
    "POST /api/session",
    "POST /api/batches/{batch_id}/stream-tickets",
    "POST /api/batches/{batch_id}/jobs",  # they are many
    "POST /api/restaurants/import",  # these are as well
    "POST /api/keys",  # keys are listed and revoked
    "POST /api/keys/{key_id}/rotate",
    "POST /api/invitations",  # and so are these
    "POST /api/organisations/{organisation_id}/invitations",
}
"""What has no address of its own; all others say where it is."""


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(
        make_settings(home, database_url, outbound_allow="127.0.0.1", platform_url="http://127.0.0.1:9")
    ) as client:
        yield client


@pytest.fixture(scope="module")
async def ids(api: Api) -> AsyncIterator[Ids]:
    """Two of everything that a path names: the second under names that end in 2."""
    made: Ids = {"name": "once.txt", "second_key": await key_of(api, "Default", user="second")}
    made["organisation_id"] = (await api.get("/api/session")).json()["organisation"]["id"]

    async def create(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await api.post(path, json=body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    async with receiving() as receiver:
        made["receiver"] = receiver.url()
        for end in ("", "2"):
            failed = await run(api, "behaviour", [{"do": "stop"}])
            made[f"batch_id{end}"], made[f"job_id{end}"] = failed["id"], failed["jobs"][0]["id"]
            made[f"draft_id{end}"] = (await create("/api/batches", DRAFT))["batch_id"]
            made[f"key_id{end}"] = (await create("/api/keys", {"name": f"To be rotated {end}"}))["id"]
            made[f"restaurant_id{end}"] = (await create("/api/restaurants", {"name": f"Of a batch {end}"}))["id"]
            made[f"registration_batch_id{end}"] = await failed_registration(api)
            hook = made[f"webhook_id{end}"] = (await create("/api/webhooks", {"url": receiver.url()}))["id"]
            made[f"delivery_id{end}"] = (await create(f"/api/webhooks/{hook}/test", {}))["id"]
            template = {"name": f"t{end}", "options": DRAFT, "source": {"type": "items", "items": [{"record": {}}]}}
            made[f"template_id{end}"] = (await create("/api/templates", template))["id"]
            timed = {"template_id": made[f"template_id{end}"], "cron": "0 9 * * *"}
            made[f"schedule_id{end}"] = (await create("/api/schedules", timed))["id"]
            made |= {f"{name}{end}": value for name, value in (await report_ids(api)).items()}
            made[f"play_id{end}"] = str((await create("/api/plays/", {"name": f"p{end}", "play_steps": ["x"]}))["id"])
        yield made


async def failed_registration(api: Api) -> str:
    """An ended registration batch whose one job failed: what it registers went before it started."""
    restaurant_id = (await api.post("/api/restaurants", json={"name": "Gone"})).json()["id"]
    draft = {"restaurant_ids": [restaurant_id], "start": False}
    batch_id = str((await api.post("/api/registration-batches", json=draft)).json()["batch_id"])
    await api.delete(f"/api/restaurants/{restaurant_id}")
    await api.post(f"/api/registration-batches/{batch_id}/start")
    await follow(api, batch_id)
    return batch_id


def filled(value: Any, ids: Ids, end: str = "") -> Any:
    """Text, or what holds text, with the ids in it."""
    if isinstance(value, str):
        return re.sub(r"{(\w+)}", lambda name: ids.get(name[1] + end, ids[name[1]]), value)
    if isinstance(value, dict):
        return {name: filled(item, ids, end) for name, item in value.items()}
    return [filled(item, ids, end) for item in value] if isinstance(value, list) else value


async def send(api: Api, operation: str, sent: dict[str, Any], ids: Ids, key: str, end: str = "") -> httpx.Response:
    method, path = operation.split()
    if path.startswith("/api/registration-batches/"):  # which are batches, of one kind only
        path = path.replace("{batch_id}", "{registration_batch_id}")
    if path.startswith("/api/batch-reports/"):
        path = path.replace("{job_id}", "{report_job_id}")
    if path == "/api/batches/{batch_id}/jobs":
        path = path.replace("{batch_id}", "{draft_id}")
    given = filled(sent, ids)
    headers = given.pop("headers", {}) | {"Idempotency-Key": key}
    return await api.request(method, filled(path, ids, end), headers=headers, **given)


async def count(api: Api, table: str | None) -> int:
    return int(await query(api, f"select count(*) from {table}")) if table else 0


async def test_every_create_is_here(api: Api) -> None:
    operations = {
        f"{method.upper()} {path}"
        for path, methods in (await api.get("/openapi.json")).json()["paths"].items()
        for method, operation in methods.items()
        if {"201", "202"} & set(operation["responses"])
    }
    assert operations | MORE == set(CREATES)


@pytest.mark.parametrize("operation", CREATES)
async def test_same_key_carries_it_out_once(api: Api, ids: Ids, operation: str) -> None:
    create, key = CREATES[operation], str(uuid4())
    before = await count(api, create.table)
    first, again = [await send(api, operation, create.sent, ids, key) for _ in range(2)]
    assert first.status_code in ((200,) if operation in MORE else (201, 202)), first.text
    assert "Idempotent-Replayed" not in first.headers
    assert await count(api, create.table) == before + (1 if create.table else 0)
    assert await query(api, "select count(*) from idempotency_keys where key = :key", key=key) == 1
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers.get("Location") == first.headers.get("Location")
    assert again.headers["Idempotent-Replayed"] == "true"
    if operation in NOWHERE:
        assert "Location" not in first.headers
    else:
        assert (await api.get(first.headers["Location"])).status_code == 200
    other = create.sent if create.other is None else create.other
    reused = await send(api, operation, other, ids, key, end="2" if create.other is None else "")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused"), reused.text
    assert await count(api, create.table) == before + (1 if create.table else 0)
