"""Templates: written, taken from a batch, run with overrides, and looked at before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.kit.secrets.sealing import Sealer
from tests.auth.people import caller, key_of
from tests.batch_helpers import follow, get_batch, run
from tests.conftest import Api
from tests.files.bodies import query

RECORDS = {"type": "items", "items": [{"record": {"n": 1}, "name": "one"}, {"record": {"n": 2}}]}


async def make_template(api: Api, name: str, **more: Any) -> dict[str, Any]:
    body = {"name": name, "options": {"pipeline": "no-op"}, "source": RECORDS} | more
    reply = await api.post("/api/templates", json=body)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def run_template(api: Api, template: dict[str, Any], **body: Any) -> dict[str, Any]:
    reply = await api.post(f"/api/templates/{template['id']}/run", json=body)
    assert reply.status_code == 201, reply.text
    await follow(api, reply.json()["batch_id"])
    return await get_batch(api, reply.json()["batch_id"])


async def test_template_runs_as_often_as_wanted(api: Api) -> None:
    template = await make_template(api, "Every week")
    batches = [await run_template(api, template) for _ in range(2)]
    assert [batch["status"] for batch in batches] == ["completed", "completed"]
    assert {batch["name"] for batch in batches} == {"Every week"}
    assert [job["record"] for job in batches[0]["jobs"]] == [{"n": 1}, {"n": 2}]
    assert batches[0]["id"] != batches[1]["id"]


async def test_run_with_overrides(api: Api) -> None:
    options = {"pipeline": "slow", "params": {"seconds": 0.01}, "max_parallel": 3}
    template = await make_template(api, "Overridden", options=options)
    source = {"type": "items", "items": [{"record": {"n": 9}}]}
    batch = await run_template(
        api, template, options={"name": "This once", "params": {"seconds": 0.02}, "first_n": 5}, source=source
    )
    assert (batch["name"], batch["max_parallel"], batch["settings"]) == ("This once", 3, {"seconds": 0.02, "gate": ""})
    assert [job["record"] for job in batch["jobs"]] == [{"n": 9}]
    for wrong in ({"params": {"seconds": "long"}}, {"max_parallel": 0}, {"strange": 1}, {"pipeline": "nothing"}):
        reply = await api.post(f"/api/templates/{template['id']}/run", json={"options": wrong})
        assert reply.status_code == 422, wrong
        assert "pydantic" not in reply.text, wrong


async def test_dry_run_tells_what_would_be_in_it(api: Api) -> None:
    template = await make_template(api, "Looked at")
    before = len((await api.get("/api/batches")).json()["batches"])
    reply = await api.post(f"/api/templates/{template['id']}/run", json={"dry_run": True})
    assert reply.status_code == 200
    found = reply.json()
    assert (found["jobs_count"], found["items_count"]) == (2, 2)
    assert [item["name"] for item in found["items"]] == ["one", None]
    assert found["options"]["pipeline"] == "no-op"
    assert len((await api.get("/api/batches")).json()["batches"]) == before


async def test_files_with_a_tag_when_it_runs(api: Api) -> None:
    options = {"pipeline": "checksum"}
    template = await make_template(api, "Tagged", options=options, source={"type": "files", "tag": "weekly"})
    assert (await api.post(f"/api/templates/{template['id']}/run")).json()["code"] == "batch_empty"
    first = (await api.put("/api/files/a.txt?tag=weekly&tag=other", content=b"a")).json()
    second = (await api.put("/api/files/b.txt", content=b"b")).json()
    assert (await api.patch(f"/api/files/{second['id']}", json={"tags": ["weekly"]})).json()["tags"] == ["weekly"]
    assert [file["name"] for file in (await api.get("/api/files?tag=weekly")).json()["files"]] == ["b.txt", "a.txt"]
    batch = await run_template(api, template)
    assert [job["file_id"] for job in batch["jobs"]] == [first["id"], second["id"]]


async def test_template_of_a_batch_outlives_it(api: Api) -> None:
    file_id = (await api.put("/api/files/kept.txt", content=b"kept")).json()["id"]
    items = [{"file_id": file_id}, {"file_id": file_id, "name": "again"}]
    body = {"pipelines": ["checksum", "no-op"], "items": items, "metadata": {"for": "Ada"}}
    batch_id = (await api.post("/api/batches", json=body)).json()["batch_id"]
    await follow(api, batch_id)
    reply = await api.post("/api/templates", json={"name": "As before", "from_batch": batch_id})
    assert reply.status_code == 201, reply.text
    assert (await api.delete(f"/api/batches/{batch_id}")).status_code == 204
    batch = await run_template(api, reply.json())
    assert batch["status"] == "completed"
    assert (batch["pipelines"], batch["metadata"], batch["total_files"]) == (["checksum", "no-op"], {"for": "Ada"}, 2)
    assert [job["filename"] for job in batch["jobs"]] == ["kept.txt", "kept.txt", "again", "again"]
    assert (await api.delete(f"/api/templates/{reply.json()['id']}")).status_code == 204
    assert (await api.get(f"/api/files/{file_id}")).json()["tags"] == []


async def test_lists_leave_long_sources_out(api: Api) -> None:
    items = [{"record": {"text": "x" * 100}} for _ in range(200)]
    long = await make_template(api, "A long one", source={"type": "items", "items": items})
    short = await make_template(api, "A short one")
    tagged = await make_template(api, "By tag", source={"type": "files", "tag": "new"})
    listed = {one["id"]: one for one in (await api.get("/api/templates")).json()["templates"]}
    assert (listed[long["id"]]["source"], listed[long["id"]]["items_count"]) == ({"type": "items"}, 200)
    assert (listed[short["id"]]["source"], listed[short["id"]]["items_count"]) == (RECORDS, 2)
    assert (listed[tagged["id"]]["source"], listed[tagged["id"]]["items_count"]) == (tagged["source"], None)
    assert len((await api.get(f"/api/templates/{long['id']}")).json()["source"]["items"]) == 200


async def test_a_batch_may_be_too_large_for_a_template(api: Api) -> None:
    batch_id = (await run(api, "no-op", [{"numbers": list(range(60_000))} for _ in range(2)]))["id"]
    reply = await api.post("/api/templates", json={"name": "Too large", "from_batch": batch_id})
    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"options": None}, "validation_failed"),
        ({"options": {"pipeline": "nothing"}}, "unknown_pipeline"),
        ({"options": {"pipeline": "slow", "params": {"seconds": "x"}}}, "invalid_params"),
        ({"source": {"type": "rows", "source": "unknown"}}, "unknown_item_source"),
        ({"source": {"type": "stars"}}, "validation_failed"),
        ({"source": {"type": "items", "items": [{}]}}, "validation_failed"),
    ],
)
async def test_template_that_could_never_run(api: Api, body: dict[str, Any], code: str) -> None:
    reply = await api.post("/api/templates", json={"name": code, "options": {"pipeline": "no-op"}} | body)
    assert (reply.status_code, reply.json()["code"]) == (422, code)


async def test_names_pages_and_changes(api: Api) -> None:
    for name in ("Zeta 1", "Zeta 2", "Zeta 3"):
        template = await make_template(api, name)
    assert (
        await api.post("/api/templates", json={"name": "Zeta 1", "options": {"pipeline": "no-op"}})
    ).status_code == 409
    names, cursor = [], ""
    while cursor is not None:
        page = (await api.get("/api/templates", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        names += [row["name"] for row in page["templates"]]
        cursor = page["next_cursor"]
    assert names == sorted(set(names))
    path = f"/api/templates/{template['id']}"
    changed = (await api.patch(path, json={"name": "Eta", "options": {"pipeline": "checksum"}})).json()
    assert (changed["name"], changed["options"], changed["source"]) == ("Eta", {"pipeline": "checksum"}, RECORDS)
    async with caller(api, await key_of(api, "Other")) as other:
        assert (await other.get("/api/templates")).json()["templates"] == []
        batch = await run(api, "no-op", [{}])
        stolen = await other.post("/api/templates", json={"name": "Mine", "from_batch": batch["id"]})
        assert (stolen.status_code, stolen.json()["code"]) == (404, "batch_not_found")


async def test_secrets_of_a_template_are_used_and_never_shown(api: Api) -> None:
    own = {"base_url": "https://platform.example/api", "auth": {"token": "a-token-of-the-platform"}}
    params = {**own, "currency": "NZD"}
    options = {"pipeline": "restaurant-registration", "params": params, "start": False}
    template = await make_template(api, "With a token", options=options, source={"type": "items"})
    path = f"/api/templates/{template['id']}"
    shown = [template, (await api.get(path)).json(), *(await api.get("/api/templates?limit=200")).json()["templates"]]
    assert "a-token-of-the-platform" not in str(shown)
    assert template["options"]["params"] == {**own, "auth": {"token": "***"}, "currency": "NZD"}

    back = template["options"] | {"params": template["options"]["params"] | {"currency": "AUD"}}
    changed = (await api.patch(path, json={"options": back})).json()
    assert changed["options"]["params"] == {**own, "auth": {"token": "***"}, "currency": "AUD"}
    run = {"options": {"params": {"auth": {"token": "***"}}}, "dry_run": True}
    assert "a-token-of-the-platform" not in (await api.post(f"{path}/run", json=run)).text
    made = await api.post(f"{path}/run", json={"options": run["options"]})
    kept = await query(api, "select settings from batches where id = :id", id=made.json()["batch_id"])
    organisation = UUID((await api.get("/api/session")).json()["organisation"]["id"])
    assert "a-token-of-the-platform" not in str(kept)
    used = api.installation.get(Sealer).unseal_tree(kept, organisation)
    assert (used["auth"]["token"], used["currency"]) == ("a-token-of-the-platform", "AUD")

    away = {"params": {"base_url": "https://elsewhere.example"}, "start": True}
    for refused in (
        await api.post(f"{path}/run", json={"options": away}),
        await api.post(f"{path}/run", json={"options": {"pipeline": "checksum"}}),
        await api.patch(path, json={"options": back | {"params": back["params"] | away["params"]}}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (422, "secret_wanted")
    given = {"params": {"base_url": "https://elsewhere.example", "auth": {"token": "another one"}}}
    assert (await api.post(f"{path}/run", json={"options": given})).status_code == 201
