"""Batches that are brought to Dropbox and monday.com when they have ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.assets.dropbox import CHUNK
from tests.assets.other_systems import OtherSystems, other_systems
from tests.batch_helpers import follow, get_batch
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import FORM, form, part, query
from tests.patience import within

NAMES = ("KX_QUAY7_Chair_Front.png", "KX_QUAY7_Chair_Bäck.png")


@pytest.fixture(scope="module")
async def systems() -> AsyncIterator[OtherSystems]:
    async with other_systems() as found:
        yield found


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str, systems: OtherSystems) -> AsyncIterator[Api]:
    settings = make_settings(
        home,
        database_url,
        outbound_allow="127.0.0.1",
        dropbox_token=SecretStr("the-dropbox-token"),
        dropbox_url=systems.url,
        dropbox_content_url=systems.url,
        dropbox_folder="Renders",
        monday_token=SecretStr("the-monday-token"),
        monday_url=f"{systems.url}/v2",
        monday_board="77",
        monday_columns={"status": "status", "total_files": "numbers"},
    )
    async with serving(settings) as client:
        yield client


async def process(api: Api, contents: dict[str, bytes], **options: str) -> str:
    pieces = [part(name, value) for name, value in {"pipeline": "originals", **options}.items()]
    pieces += [part("files", content, name) for name, content in contents.items()]
    created = await api.post("/api/jobs/batch", content=form(*pieces), headers=FORM)
    assert created.status_code == 201, created.text
    await follow(api, created.json()["batch_id"])
    return str(created.json()["batch_id"])


async def follow_up(api: Api, batch_id: str) -> dict[str, Any]:
    """The batch that hands this one over, after its end."""
    async with within(20):
        while not (found := await query(api, "select id from batches where parent_batch_id = :id", id=batch_id)):
            await asyncio.sleep(0.05)
    await follow(api, str(found))
    return await get_batch(api, str(found))


async def test_both_systems_get_the_batch_and_ids_are_kept(api: Api, systems: OtherSystems) -> None:
    contents = {NAMES[0]: b"front", NAMES[1]: b"x" * (2 * CHUNK + 17)}
    systems.fail_next = [(503, {}, {}), (429, {"error_summary": "too_many_requests/.."}, {"retry-after": "0"})]
    batch_id = await process(api, contents, auto_upload_enabled="true", monday_sync_enabled="true")
    handed = await follow_up(api, batch_id)
    assert (handed["status"], handed["relation"], handed["pipeline"]["key"]) == ("completed", "hand_over", "hand-over")
    assert sum(job["retry_count"] for job in handed["jobs"]) <= 2
    batch = await get_batch(api, batch_id)
    root = f"/Renders/{batch['base_directory_name']}"
    assert {path: systems.files[path] for path in systems.files if path.startswith(root)} == {
        f"{root}/001 KX_QUAY7_Chair_Front/{NAMES[0]}": contents[NAMES[0]],
        f"{root}/002 KX_QUAY7_Chair_Bäck/{NAMES[1]}": contents[NAMES[1]],
    }
    assert batch["dropbox_directory_id"] == systems.folders[root]
    assert systems.items[batch["monday_item_id"]] == {
        "name": batch["base_directory_name"],
        "board": "77",
        "status": "completed",
        "numbers": "2",
    }


async def test_the_same_again_makes_nothing_twice(api: Api, systems: OtherSystems) -> None:
    batch_id = await process(api, {NAMES[0]: b"once"}, auto_upload_enabled="true", monday_sync_enabled="true")
    first = await follow_up(api, batch_id)
    folders, items = dict(systems.folders), dict(systems.items)
    await query(
        api, "with gone as (update hand_overs set monday_item_id = null where batch_id = :id) select 1", id=batch_id
    )
    again = await api.post(f"/api/batches/{first['id']}/restart")
    await follow(api, again.json()["new_batch_id"])
    assert (await get_batch(api, again.json()["new_batch_id"]))["status"] == "completed"
    assert (systems.folders, systems.items) == (folders, items)
    assert (await get_batch(api, batch_id))["monday_item_id"] in items


async def test_a_refusal_is_final_and_told(api: Api, systems: OtherSystems) -> None:
    systems.fail_next = [(200, {"errors": [{"message": "Board not found"}]}, {})]
    batch_id = await process(api, {NAMES[0]: b"x"}, monday_sync_enabled="true")
    (job,) = (await follow_up(api, batch_id))["jobs"]
    assert (job["error_code"], job["retry_count"]) == ("MONDAY_REFUSED", 0)
    assert "Board not found" in job["error_message"]
    assert (await get_batch(api, batch_id))["status"] == "completed"


async def test_nobody_hands_over_what_did_not_ask_or_is_not_theirs(api: Api, systems: OtherSystems) -> None:
    asked = len(systems.asked)
    await process(api, {NAMES[0]: b"x"})
    waiting = "select count(*) from hand_overs where started_at is null"
    assert await query(api, waiting) == 0
    items = [
        {"record": {"batch_id": "01a20e59-acb2-753d-8b54-8ef973073a43", "to": "monday"}},
        {"record": {"to": "the moon"}},
    ]
    created = await api.post("/api/batches", json={"pipeline": "hand-over", "items": items})
    await follow(api, created.json()["batch_id"])
    jobs = (await get_batch(api, created.json()["batch_id"]))["jobs"]
    assert [job["error_code"] for job in jobs] == ["BATCH_GONE", "ORDER_NOT_READABLE"]
    assert len(systems.asked) == asked
