"""`/registration-batches` as documented, and what surrounds it: the log, the view, saved filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from app.connections.service import Connections
from tests.auth.people import caller, key_of
from tests.batch_helpers import follow, submit
from tests.conftest import Api
from tests.registrations.conftest import Platform
from tests.registrations.menus import add_restaurant
from tests.registrations.test_registrations import BATCHES, PLAIN, create, read, register


async def test_a_batch_is_a_draft_first_and_a_key_makes_it_once(api: Api) -> None:
    one = await add_restaurant(api, "Drafted")
    headers = {"Idempotency-Key": uuid4().hex}
    body = {"restaurant_ids": [one, one], "common_config": {}, "name": "Auckland Outbound Q4"}
    replies = [await api.post(BATCHES, json=body, headers=headers) for _ in range(2)]
    assert replies[0].json() == replies[1].json()
    assert replies[0].json()["jobs_count"] == 1
    batch = await read(api, replies[0].json()["batch_id"])
    assert (batch["name"], batch["status"]) == ("Auckland Outbound Q4", "draft")
    assert batch["failure_policy"] == {"threshold": 0.5, "action": "pause"}
    assert [step["status"] for step in batch["jobs"][0]["steps"]] == ["pending"] * 12
    for prefix in ("", "/api"):
        assert (await api.get(f"{prefix}{BATCHES}/{batch['id']}")).json() == batch
    paused = await api.post(f"{BATCHES}/{batch['id']}/pause")
    assert (paused.status_code, paused.json()["code"]) == (409, "invalid_transition")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_failed"),
        ({"restaurant_ids": []}, "batch_empty"),
        ({"restaurant_ids": ["x"]}, "validation_failed"),
        ({"restaurant_ids": [str(uuid4())]}, "unknown_restaurants"),
        ({"common_config": {"base_url": "ftp://platform.example"}}, "invalid_params"),
        ({"common_config": {"base_url": "http://platform.example/?q=1"}}, "invalid_params"),
        ({"common_config": {"auth": {"token": "mine"}}}, "invalid_params"),
        ({"common_config": {"pipeline_by_type": {"Outbound": "nothing"}}}, "unknown_pipeline"),
        ({"common_config": {"pipeline_by_type": ["x"]}}, "invalid_params"),
        ({"common_config": {"pipeline_by_type": {"Outbound": "checksum-of-files"}}}, "unknown_pipeline"),
        ({"common_config": {"timeout": 1e9}}, "invalid_params"),
        ({"common_config": {"note": "a\x00b"}}, "validation_failed"),
        ({"comon_config": {}}, "validation_failed"),
    ],
)
async def test_what_is_no_batch_is_refused(api: Api, body: dict[str, Any], code: str) -> None:
    ids = {"restaurant_ids": [await add_restaurant(api, "Refused")]} if body else {}
    before = (await api.get(BATCHES)).json()
    reply = await api.post(BATCHES, json=ids | body)
    assert (reply.status_code, reply.json()["code"]) == (422, code)
    assert (await api.get(BATCHES)).json() == before


async def test_the_platform_of_a_caller_is_not_reached_in_our_own_network(api: Api, platform: Platform) -> None:
    one = await add_restaurant(api, "Led Astray")
    config = {"base_url": platform.url, "auth": {"token": "Bearer mine"}}
    batch = await register(api, [one], common_config=config)
    assert (batch["jobs"][0]["error_code"], platform.faults.calls) == ("ADDRESS_NOT_ALLOWED", [])
    assert batch["settings"]["auth"]["token"] == "***"
    shown = (await api.get(f"/api/batches/{batch['id']}")).text
    assert "Bearer mine" not in shown


async def test_without_a_platform_a_batch_is_not_started(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = api.installation.get(Connections)
    kind = replace(connections.kind("platform"), installation=None)
    monkeypatch.setattr(connections, "_kinds", {**connections._kinds, "platform": kind})
    ids = [await add_restaurant(api, f"Nowhere {number}") for number in (1, 2)]
    draft = await create(api, ids)
    refused = await api.post(f"/api/batches/{draft}/start")
    assert (refused.status_code, refused.json()["code"]) == (422, "connection_missing")
    assert refused.json()["connections"] == [{"connection": "platform", "set_at": "/api/connections/platform"}]
    own = {"base_url": "https://platform.invalid", "auth": {"token": "Bearer mine"}}
    assert (await api.post(BATCHES, json={"restaurant_ids": ids, "common_config": own, "start": True})).is_success

    async def nothing_is_missing(*_: object) -> None:
        """As if the account had been removed after the batch was taken."""

    monkeypatch.setattr(connections, "check", nothing_is_missing)
    batch = await register(api, ids)
    assert (batch["status"], batch["status_reason"]) == ("failed", "PLATFORM_NOT_CONFIGURED")
    assert [job["status"] for job in batch["jobs"]] == ["failed", "cancelled"]


async def test_list_takes_the_documents_words_and_only_shows_registrations(api: Api) -> None:
    other = await submit(api, "franchise-registration", [{"restaurant_id": str(uuid4())}], start=False)
    one = await create(api, [await add_restaurant(api, "Listed")])
    listed = (await api.get(BATCHES, params={"status": "draft"})).json()
    assert listed[0] | {"name": ""} == {
        "id": one,
        "name": "",
        "status": "draft",
        "total": 1,
        "completed": 0,
        "failed": 0,
    }
    assert other not in [batch["id"] for batch in listed]
    for words in ("in_progress", "pending", "completed,partial", "failed", "cancelled"):
        found = await api.get(BATCHES, params={"status": words})
        assert found.status_code == 200
        assert one not in found.text
    assert (await api.get(BATCHES, params={"created_after": "2100-01-01T00:00:00Z"})).json() == []
    assert (await api.get(BATCHES, params={"status": "finished"})).status_code == 400
    first = await api.get(BATCHES, params={"limit": 1})
    assert len(first.json()) == 1
    following = await api.get(first.headers["Link"].partition(">")[0].lstrip("<"))
    assert following.json()[0]["id"] != first.json()[0]["id"]
    for command in ("start", "pause", "cancel", "retry-failed", "restart", "archive", "resume"):
        assert (await api.post(f"{BATCHES}/{other}/{command}")).status_code == 404
    for part in ("", "/log", "/export"):
        assert (await api.get(f"{BATCHES}/{other}{part}")).status_code == 404


async def test_the_bare_path_asks_for_a_key_and_hides_other_organisations(api: Api) -> None:
    one = await create(api, [await add_restaurant(api, "Hidden")])
    paths = [
        ("GET", ""),
        ("GET", f"/{one}"),
        ("GET", f"/{one}/log"),
        ("GET", f"/{one}/export"),
        ("POST", f"/{one}/start"),
    ]
    async with caller(api) as nobody, caller(api, await key_of(api, "Others")) as stranger:
        for method, path in paths:
            assert (await nobody.request(method, f"{BATCHES}{path}")).status_code == 401
            answer = await stranger.request(method, f"{BATCHES}{path}")
            assert (answer.status_code, answer.text) == (200, "[]") if not path else answer.status_code == 404
    assert (await read(api, one))["status"] == "draft"


async def test_the_log_has_document_004s_words_and_columns(api: Api, platform: Platform) -> None:
    names = ("Logged", "Logged Too")
    ids = [await add_restaurant(api, name) for name in names]
    platform.fail(kind="error", status=400, step="account", restaurant="Logged Too", times=1)
    batch = await register(api, ids)
    log, cursor = [], None
    while True:
        params = {"limit": 7} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(f"{BATCHES}/{batch['id']}/log", params=params)).json()
        log += page["log"]
        if not (cursor := page["next_cursor"]):
            break
    assert set(log[0]) == {"id", "batch_job_id", "registration_job_id", "operation", "details", "created_at"}
    operations = [entry["operation"] for entry in log]
    assert operations[:3] == ["batch_created", "job_created", "job_created"]
    assert operations.count("step_completed") == 9
    assert operations.count("error_occurred") == 2
    assert operations[-1] == "batch_partial"
    assert len(log) == len(batch["events"]) + 2
    assert len({entry["id"] for entry in log}) == len(log)
    async with api.installation.database.transaction() as session:
        query = text("select count(*) from batch_operation_logs where batch_job_id = :id")
        assert (await session.execute(query, {"id": batch["id"]})).scalar() == len(log)
    exported = await api.get(f"{BATCHES}/{batch['id']}/export", params={"format": "json"})
    assert [row["filename"] for row in exported.json()] == list(names)
    assert set((await api.post(f"{BATCHES}/{batch['id']}/archive")).json()) == {"archived_at"}
    assert batch["id"] not in (await api.get(BATCHES)).text
    assert batch["summary_data"] == {
        "restaurants": 2,
        "successful": 1,
        "failed": 1,
        "failed_restaurants": ["Logged Too"],
    }


async def test_a_template_registers_the_hot_leads_of_a_city(api: Api, platform: Platform) -> None:
    await add_restaurant(api, "Hot One", city="Gisborne")
    await add_restaurant(api, "Cold One", city="Gisborne", stage="cold")
    await add_restaurant(api, "Elsewhere", city="Levin")
    body = {
        "name": "Hot leads in Gisborne",
        "options": {"pipeline": "restaurant-registration", "params": {"currency": "NZD"}},
        "source": {"type": "rows", "source": "restaurants", "filter": {"city": "gisborne", "stage": "hot"}},
    }
    template = (await api.post("/api/templates", json=body)).json()
    batch_id = (await api.post(f"/api/templates/{template['id']}/run", json={})).json()["batch_id"]
    await follow(api, batch_id)
    batch = await read(api, batch_id)
    assert (batch["status"], batch["execution_mode"]) == ("completed", "sequential")
    assert [job["restaurant_name"] for job in batch["jobs"]] == ["Hot One"]
    assert platform.steps_of("Hot One") == PLAIN
