"""One of everything that has an id, in the first organisation, and the paths of openapi.json filled with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.notifications.models import WebhookDelivery
from tests.auth.people import caller
from tests.batch_helpers import follow
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.files.bodies import FORM, form, part
from tests.reports.tables import report_ids

PUBLIC = "/api/results/{code}"
"""Below it a result code is the credential, whose own tests are in tests/results."""
SHARED = {
    "/api/pipelines/{key}": "installation",
    "/api/files/{name}": "a name to store under",
    "/api/connections/{kind}": "a service",
    "/api/connections/{kind}/test": "a service",
}
"""Paths whose parameter is no id of an organisation's row, and what it is instead."""
QUERIES = {
    "/api/plays/{play_id}/readiness/": "?lead=someone",
    "/api/schedules/preview": "?cron=0 9 * * *",
}
"""What a path must be asked with."""
BODIES = {
    "/api/batches/{batch_id}/jobs": {"items": [{"record": {}}]},
    "/api/batches/{batch_id}/jobs/bulk": {"action": "cancel", "filter": {}},
    "/api/plays/{play_id}/runs/": {"leads": ["someone"]},
    "/api/files/{file_id}": {"tags": []},
    "/api/keys/{key_id}/rotate": {},
    "/api/reports/{report_id}": {"keep_days": 1},
    "/api/batch-reports/{batch_report_id}/files/{job_id}/read-again": {},
}
"""What a path takes: a body that is refused before the id is looked at tells nothing."""


async def make_one_of_each(api: Api) -> dict[str, str]:
    """One of everything that has an id, in the first organisation."""
    body = form(part("pipeline", "checksum"), part("files", b"content", "a.txt"))
    batch_id = (await api.post("/api/jobs/batch", content=body, headers=FORM)).json()["batch_id"]
    await follow(api, batch_id)
    job = (await api.get(f"/api/batches/{batch_id}/jobs")).json()["jobs"][0]
    body = {"action": "cancel", "filter": {}}
    act_id = (await api.post(f"/api/batches/{batch_id}/jobs/bulk", json=body)).json()["id"]
    outputs = (await api.get(f"/api/jobs/{job['id']}")).json()["job"]["outputs"]
    key = (await api.post("/api/keys", json={"name": "of the first"})).json()
    play = (await api.post("/api/plays/", json={"name": "of the first", "required_batches": [1]})).json()
    restaurant_id = (await api.post("/api/restaurants", json={"name": "of the first"})).json()["id"]
    registration = (await api.post("/api/registration-batches", json={"restaurant_ids": [restaurant_id]})).json()
    ids = {"act_id": act_id, "batch_id": batch_id, "job_id": job["id"], "file_id": job["file_id"], "key_id": key["id"]}
    ids |= {"restaurant_id": restaurant_id, "registration_batch_id": registration["batch_id"]}
    async with caller(api) as browser:
        await browser.post("/api/session", json={"key": key["key"]})
    session = (await api.get("/api/sessions")).json()["sessions"][0]
    code = (await api.post(f"/api/jobs/{job['id']}/result-codes")).json()
    sheet = ("a.pdf", next(SAMPLES.glob("*.pdf")).read_bytes(), "application/pdf")
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist"}
    sheets = (await api.post("/api/jobs/batch", data=data, files=[("files", sheet)])).json()["batch_id"]
    await follow(api, sheets)
    extraction = (await api.get("/api/extractions")).json()["extractions"][0]
    ids |= {"session_id": session["id"], "result_code_id": code["id"], "extraction_id": extraction["id"]}
    webhook_id, delivery_id = await webhook_of(api)
    ids |= {"webhook_id": webhook_id, "delivery_id": delivery_id}
    ids["play_id"] = str(play["id"])
    ids["user_id"] = (await api.post("/api/users", json={"name": "of the first"})).json()["id"]
    ids["invitation_id"] = (await api.post("/api/invitations", json={"name": "invited"})).json()["id"]
    ids["organisation_id"] = (await api.get("/api/session")).json()["organisation"]["id"]
    template = (await api.post("/api/templates", json={"name": "of the first", "from_batch": batch_id})).json()
    timed = {"template_id": template["id"], "cron": "0 9 * * *"}
    ids |= {"template_id": template["id"], "schedule_id": (await api.post("/api/schedules", json=timed)).json()["id"]}
    return ids | {"name": outputs[0]["name"]} | await report_ids(api)


async def webhook_of(api: Api) -> tuple[str, str]:
    """A webhook and a delivery of it. It is disabled, so that nothing is ever sent to its address."""
    webhook = (await api.post("/api/webhooks", json={"url": "http://93.184.216.34/", "enabled": False})).json()
    delivery = WebhookDelivery(endpoint_id=UUID(webhook["id"]), event_type="ping", body="{}")
    async with api.installation.database.transaction() as session:
        session.add(delivery)
    return webhook["id"], str(delivery.id)


def routes(openapi: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for path, methods in openapi["paths"].items():
        if path.startswith("/api") and not path.startswith(PUBLIC):
            yield from ((method.upper(), path) for method in methods)


def only_streams(openapi: dict[str, Any], path: str) -> bool:
    """Whether a GET of the path never ends; what such a stream shows to whom is tested with the streams."""
    return list(openapi["paths"][path]["get"]["responses"]["200"].get("content", {})) == ["text/event-stream"]


def filled(path: str, values: dict[str, str]) -> str:
    if path.startswith("/api/registration-batches/"):  # which are batches, of one kind only
        values = values | {"batch_id": values["registration_batch_id"]}
    values = {"page": "1", "kind": "hubspot"} | values  # what is no id
    return re.sub(r"{(\w+)}", lambda match: values[match[1]], path) + QUERIES.get(path, "")
