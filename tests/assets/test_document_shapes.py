"""The replies about batches of files, member by member."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.batch_helpers import follow
from tests.conftest import Api

SUMMARY = {"id", "customer_prefix", "base_directory_name", "total_files", "status", "created_at", "completed_at"}
METADATA = SUMMARY | {"total_pipelines", "total_size", "pipeline_id"}
LATER = {"dropbox_directory_id", "monday_item_id", "auto_upload_enabled", "monday_sync_enabled"}
NAMES = [f"PL_DXB191_GI_Defense_V1_SF102_{view}.png" for view in ("Front", "Back", "Side")]


def files(names: list[str]) -> list[tuple[str, Any]]:
    return [("files", (name, name.encode())) for name in names]


async def test_replies_have_the_members_of_the_document(api: Api) -> None:
    created = (await api.post("/api/jobs/batch", data={"pipeline": "originals"}, files=files(NAMES))).json()
    today = date.fromisoformat(created["base_directory_name"].rpartition("_")[2])
    assert created["customer_prefix"] == "PL_DXB191"
    assert created["base_directory_name"] == f"PL_DXB191_3-view_Render_{today}"
    batch_id = created["batch_id"]
    await follow(api, batch_id)

    listed = (await api.get("/api/batches")).json()["batches"]
    assert [batch["id"] for batch in listed] == [batch_id]
    assert listed[0].keys() >= METADATA
    one = (await api.get(f"/api/batches/{batch_id}")).json()["batch"]
    assert one.keys() >= METADATA | LATER | {"jobs"}
    assert (one["total_files"], one["total_pipelines"]) == (3, 1)
    assert one["total_size"] == sum(map(len, NAMES))
    assert isinstance(one["pipeline_id"], int)
    assert [job["filename"] for job in one["jobs"]] == NAMES
    assert {job["batch_id"] for job in one["jobs"]} == {batch_id}

    for query in ("", "?filter=completed", "?filter=status:completed&sort=created_at&search=PL_DXB"):
        grouped = (await api.get(f"/api/jobs{query}")).json()["batches"]
        assert [batch["batch_metadata"]["id"] for batch in grouped] == [batch_id], query
        assert grouped[0]["batch_metadata"].keys() >= METADATA
        assert [job["filename"] for job in grouped[0]["jobs"]] == NAMES
    assert (await api.get("/api/jobs?filter=failed")).json()["batches"] == []
    assert (await api.get("/api/jobs?search=PL_AX")).json()["batches"] == []

    download = await api.get(f"/api/batches/{batch_id}/download")
    assert f'filename="{created["base_directory_name"]}.zip"' in download.headers["Content-Disposition"]


async def test_one_file_makes_a_batch_as_well(api: Api) -> None:
    reply = await api.post(
        "/api/jobs", data={"pipeline": "originals"}, files=[("file", ("PL_ABC_Front.png", b"front"))]
    )
    assert reply.status_code == 201, reply.text
    assert reply.json().keys() >= {"batch_id", "customer_prefix", "base_directory_name"}
    assert reply.json()["customer_prefix"] == "PL_ABC"


async def test_every_way_to_sort_and_filter(api: Api) -> None:
    for sort in ("created_at", "total_files", "status"):
        for sign in ("", "-"):
            assert (await api.get(f"/api/batches?sort={sign}{sort}")).status_code == 200
    for status in ("queued", "processing", "completed", "failed"):
        found = (await api.get(f"/api/batches?status={status}")).json()["batches"]
        assert all(batch["status"] == status for batch in found)
    for search, count in (("pl_dxb", 1), ("3-view", 1), ("PL_ABC", 1), ("nothing", 0)):
        assert len((await api.get(f"/api/batches?search={search}")).json()["batches"]) == count, search
