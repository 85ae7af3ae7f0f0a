"""Reading the audit log: filters, pages, files, and whose entries one sees."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.audit.actions import Action
from app.audit.record import SERVICE, Target, record
from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.test_commands import run

pytestmark = pytest.mark.own_service


@pytest.fixture(scope="module")
async def first(api: Api) -> dict[str, Any]:
    """A template that was made, changed and removed, all of which is told."""
    made = (await api.post("/api/templates", json={"name": "=nightly", "options": {"pipeline": "no-op"}})).json()
    await api.patch(f"/api/templates/{made['id']}", json={"name": "weekly"})
    await api.delete(f"/api/templates/{made['id']}")
    return dict(made)


async def entries(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get("/api/audit", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["entries"])


async def test_the_newest_comes_first_in_pages(api: Api, first: dict[str, Any]) -> None:
    told = [entry["action"] for entry in await entries(api, target=first["id"])]
    assert told == ["template.deleted", "template.updated", "template.created"]
    page = (await api.get("/api/audit", params={"target": first["id"], "limit": 2})).json()
    rest = await entries(api, target=first["id"], limit=2, cursor=page["next_cursor"])
    assert [entry["action"] for entry in page["entries"] + rest] == told


async def test_filters_find_what_they_name(api: Api, first: dict[str, Any]) -> None:
    made = next(one for one in await entries(api, target=first["id"]) if one["action"] == "template.created")
    me = (await api.get("/api/session")).json()["user"]
    for wanted in (
        {"actor": me["id"]},
        {"actor": me["name"], "action": "template"},
        {"action": "template.created,key.created"},
        {"target": "template"},
        {"target": "=nightly", "address": "127.0.0."},
        {"since": made["at"], "outcome": "success"},
        {"until": (datetime.now(UTC) + timedelta(minutes=1)).isoformat()},
    ):
        assert made["id"] in [entry["id"] for entry in await entries(api, **wanted, limit=1000)], wanted
    for wanted in (
        {"actor": "nobody"},
        {"action": "key"},
        {"target": "webhook"},
        {"address": "192.0.2."},
        {"outcome": "failure"},
        {"until": made["at"]},
    ):
        assert made["id"] not in [entry["id"] for entry in await entries(api, **wanted, limit=1000)], wanted
    assert (await api.get("/api/audit", params={"action": "nothing.like_it"})).json()["code"] == "invalid_filter"


async def test_an_administrator_sees_the_own_organisation_an_operator_all(api: Api, first: dict[str, Any]) -> None:
    async with api.installation.database.transaction() as session:
        await record(session, SERVICE, Action.BACKUP_CREATED, target=Target("backup", "b"))
    other = (await api.get("/api/session")).json()["organisation"]["id"]
    async with caller(api, await key_of(api, "Second")) as second:
        made = (await second.post("/api/templates", json={"name": "own", "options": {"pipeline": "no-op"}})).json()
        own = (await second.get("/api/session")).json()["organisation"]["id"]
        seen = await entries(second, limit=1000)
        assert {entry["organisation_id"] for entry in seen} == {own}
        assert {entry["organisation_id"] for entry in await entries(second, organisation_id=other)} <= {own}
        lines = (await second.get("/api/audit/export")).text.splitlines()
        assert {json.loads(line)["organisation_id"] for line in lines} == {own}
    everything = await entries(api, limit=1000)
    assert {own, other, None} <= {entry["organisation_id"] for entry in everything}
    assert [entry["target_id"] for entry in await entries(api, organisation_id=own, action="template")] == [made["id"]]


async def test_members_see_nothing(api: Api) -> None:
    async with caller(api, await key_of(api, "Second", user="member", role="member")) as member:
        for path in ("/api/audit", "/api/audit/export", "/api/audit/actions"):
            assert (await member.get(path)).status_code == 403


async def test_everything_is_had_as_a_file_and_that_is_told(
    api: Api, first: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.audit.router.ROWS_AT_ONCE", 2)
    wanted = {"target": first["id"]}
    as_json = await api.get("/api/audit/export", params=wanted)
    assert as_json.headers["Content-Type"] == "application/x-ndjson"
    assert [json.loads(line) for line in as_json.text.splitlines()] == await entries(api, **wanted)
    as_csv = await api.get("/api/audit/export", params={**wanted, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(as_csv.text.removeprefix("\ufeff"))))
    assert [row["action"] for row in rows] == ["template.deleted", "template.updated", "template.created"]
    assert rows[-1]["target_name"] == "'=nightly"
    told = await entries(api, action="audit.exported")
    assert told[0]["details"] == {"target": first["id"], "format": "csv"}


async def test_every_action_is_explained(api: Api) -> None:
    shown = (await api.get("/api/audit/actions")).json()["actions"]
    assert [one["action"] for one in shown] == [action.value for action in Action]
    assert all(one["meaning"].endswith((".", "`.")) for one in shown)


async def test_the_command_line_shows_it(api: Api, first: dict[str, Any]) -> None:
    port = api.base_url.port
    assert port
    home = api.settings.home
    done = await asyncio.to_thread(run, home, port, "audit", "--target", first["id"], "--key", api.key)
    assert done.returncode == 0, done.stderr
    assert ["template." in line for line in done.stdout.splitlines()] == [True] * 3
    done = await asyncio.to_thread(
        run, home, port, "audit", "--action", "template", "--format", "csv", "--key", api.key
    )
    assert "=nightly" in done.stdout
    done = await asyncio.to_thread(run, home, port, "audit", "--action", "nonsense", "--key", api.key)
    assert (done.returncode, "There is no action" in done.stderr) == (1, True)
