"""Members manage what they made themselves, administrators what everybody made, and members too where that is set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.auth.people import caller, key_of
from tests.batch_helpers import follow, submit
from tests.conftest import Api

ELSEWHERE = {"/api/files/{file_id}", "/api/restaurants/{restaurant_id}", "/api/restaurants/{restaurant_id}/menu"}
"""What is the organisation's, and has no maker."""
USES = re.compile(r"/run$|/runs/$|/read-again$|/stream-tickets$")
"""Whoever uses something makes a batch of their own."""
REGISTRATIONS = "/api/registration-batches/"


def changes(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The operations that change something which a member made."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "{" not in path or path in ELSEWHERE or USES.search(path) or path.startswith("/api/files/"):
                continue
            if method != "get" and operation["x-tranche-permission"] in ("submit", "manage"):
                yield method.upper(), path


async def made_by(maker: httpx.AsyncClient) -> dict[str, str]:
    """One of everything that has a maker."""
    batch_id = await submit(maker, "no-op", [{}], start=False)
    registered = await maker.post("/api/restaurants", json={"name": "Mia's"})
    body = {"restaurant_ids": [registered.json()["id"]], "start": False}
    registration_id = (await maker.post("/api/registration-batches", json=body)).json()["batch_id"]
    job_id = (await maker.get(f"/api/batches/{batch_id}/jobs")).json()["jobs"][0]["id"]
    code = (await maker.post(f"/api/batches/{batch_id}/result-codes")).json()
    template = (await maker.post("/api/templates", json={"name": "Mia's", "from_batch": batch_id})).json()
    schedule = await maker.post("/api/schedules", json={"template_id": template["id"], "cron": "0 9 * * *"})
    play = (await maker.post("/api/plays/", json={"name": "Mia's"})).json()
    table = {"files": ("a.csv", b"a,b\n1,2\n3,4\n", "text/csv")}
    report_batch = (await maker.post("/api/batch-reports", files=table)).json()["batch_id"]
    await follow(maker, report_batch)
    report = (await maker.get("/api/reports", params={"batch_id": report_batch})).json()["reports"][0]
    ids = {"batch_id": batch_id, "job_id": job_id, "result_code_id": code["id"], "template_id": template["id"]}
    ids |= {"schedule_id": schedule.json()["id"], "play_id": str(play["id"]), "report_id": report["id"]}
    return ids | {"registration": registration_id}


BODIES: dict[str, Any] = {
    "PATCH /api/reports/{report_id}": {"keep_days": 3},
    "POST /api/batches/{batch_id}/jobs": {"items": [{"record": {}}]},
    "POST /api/batches/{batch_id}/jobs/bulk": {"action": "cancel", "filter": {}},
}


Answers = dict[str, httpx.Response]


def filled(path: str, ids: dict[str, str]) -> str:
    values = ids | ({"batch_id": ids["registration"]} if path.startswith(REGISTRATIONS) else {})
    return re.sub(r"{(\w+)}", lambda match: values[match[1]], path)


async def answers(client: httpx.AsyncClient, document: dict[str, Any], ids: dict[str, str]) -> Answers:
    """What each change is answered; those that delete come last."""
    found = {}
    order = {"DELETE /api/result-codes/{result_code_id}": 1, "DELETE /api/schedules/{schedule_id}": 2}
    asked = [(method, path) for method, path in changes(document)]
    for method, path in sorted(asked, key=lambda one: (one[0] == "DELETE", order.get(f"{one[0]} {one[1]}", 3))):
        body = BODIES.get(f"{method} {path}", {} if method == "PATCH" else None)
        found[f"{method} {path}"] = await client.request(method, filled(path, ids), json=body)
    return found


def codes_of(found: dict[str, httpx.Response]) -> dict[str, str | None]:
    return {what: answer.json().get("code") if answer.status_code >= 400 else None for what, answer in found.items()}


@pytest.fixture(scope="module")
async def document(api: Api) -> dict[str, Any]:
    return dict((await api.get("/openapi.json")).json())


async def test_members_manage_their_own_only(api: Api, document: dict[str, Any]) -> None:
    mia = caller(api, await key_of(api, "Default", user="Mia", role="member"))
    noah = caller(api, await key_of(api, "Default", user="Noah", role="member"))
    async with mia, noah:
        ids = await made_by(mia)
        refused = codes_of(await answers(noah, document, ids))
        assert len(refused) > 25
        assert set(refused.values()) == {"not_owner"}, refused
        for path in ("batches/{batch_id}", "templates/{template_id}", "reports/{report_id}", "plays/{play_id}/"):
            assert (await noah.get(f"/api/{path.format_map(ids)}")).status_code == 200
        allowed = codes_of(await answers(mia, document, ids))
        assert "not_owner" not in allowed.values(), allowed


@pytest.mark.parametrize("who", ["an administrator", "a member who may"])
async def test_administrators_manage_all_and_members_where_it_is_set(
    api: Api, document: dict[str, Any], who: str
) -> None:
    mia = caller(api, await key_of(api, "Default", user="Mia", role="member"))
    role = "admin" if who == "an administrator" else "member"
    other = caller(api, await key_of(api, "Default", user=f"other {role}", role=role))
    async with mia, other:
        ids = await made_by(mia)
        if role == "member":
            changed = await api.patch("/api/organisation", json={"members_manage_all": True})
            assert changed.json()["members_manage_all"] is True
        try:
            allowed = codes_of(await answers(other, document, ids))
            assert "not_owner" not in allowed.values(), allowed
        finally:
            await api.patch("/api/organisation", json={"members_manage_all": None})
        assert (await api.get("/api/session")).json()["organisation"]["members_manage_all"] is False


async def test_retry_and_restart_of_a_batch_belong_to_whoever_asked(api: Api) -> None:
    mia = caller(api, await key_of(api, "Default", user="Mia", role="member"))
    async with mia:
        batch_id = await submit(mia, "no-op", [{}])
        await follow(mia, batch_id)
        copied = (await api.post(f"/api/batches/{batch_id}/restart")).json()["new_batch_id"]
        assert (await api.get(f"/api/batches/{copied}")).json()["batch"]["created_by"]["name"] == "admin"
        assert (await mia.patch(f"/api/batches/{copied}", json={"name": "mine"})).json()["code"] == "not_owner"
