"""Acting on many jobs at once: page by page, with progress, once, and over a death in the middle."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete

from app.batches import bulk_acts
from app.batches.act_models import BulkAct
from tests.batch_helpers import follow, get_batch, run, submit
from tests.conftest import Api
from tests.live import LiveServer
from tests.patience import patient
from tests.runner.test_acts import books, until


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_acts, "AT_ONCE", 10)


async def act(api: Api, batch_id: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    headers = {"Idempotency-Key": key} if key else {}
    reply = await api.post(f"/api/batches/{batch_id}/jobs/bulk", json=body, headers=headers)
    assert reply.status_code == 202, reply.text
    assert (await api.get(reply.headers["Location"])).json() == reply.json()
    return dict(reply.json())


def told(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == "jobs.acted_on"]


async def test_a_filter_is_carried_out_page_by_page_with_progress(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    records = [{"wait_at": "fetch", "gate": str(gate)}, *({"n": n} for n in range(35))]
    batch_id = await submit(api, "staged", records, execution_mode="sequential")
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    answer = await act(api, batch_id, {"action": "cancel", "filter": {"status": "queued"}})
    assert (answer["matched"], answer["done"], answer["unchanged"], answer["refused"]) == (35, 35, 0, {})
    assert answer["completed_at"]
    everything = await act(api, batch_id, {"action": "skip", "filter": {}})
    assert (everything["done"], everything["refused"]) == (0, {"job_running": 1, "job_ended": 35})
    back = await act(api, batch_id, {"action": "retry", "filter": {"status": "cancelled"}})
    assert back["done"] == 35
    gate.touch()
    events = await follow(api, batch_id)
    assert [event["done"] for event in told(events)][:4] == [10, 20, 30, 35]
    assert [event["is_completed"] for event in told(events)][:4] == [False, False, False, True]
    assert events[-1]["type"] == "batch.completed"
    assert await books(api, batch_id) == []


async def test_groups_and_ids_are_chosen_and_strangers_are_counted(api: Api) -> None:
    records = [{"fail_at": name, "gate": "/nowhere"} for name in ("fetch", "change", "change")]
    batch_id = await submit(api, "staged", [*records, {}], first_n=3)
    batch = await until(api, batch_id, lambda batch: batch["status"] == "paused")
    other = await submit(api, "staged", [{}], start=False)
    theirs = (await get_batch(api, other))["jobs"][0]["id"]
    group = {"status": "failed", "error_code": "NOT_OPEN", "step": "change"}
    answer = await act(api, batch_id, {"action": "skip", "filter": group})
    assert answer["done"] == 2
    ids = [theirs, *(job["id"] for job in batch["jobs"])]
    answer = await act(api, batch_id, {"action": "skip", "ids": ids})
    assert (answer["matched"], answer["done"], answer["unchanged"]) == (5, 2, 2)
    assert answer["refused"] == {"job_not_found": 1}
    events = await follow(api, batch_id)
    assert [event["type"] for event in events[-2:]] == ["jobs.acted_on", "batch.completed"]
    assert await books(api, batch_id) == []
    assert (await get_batch(api, other))["status"] == "draft"


async def test_names_are_searched(api: Api) -> None:
    items = [{"record": {}, "name": name} for name in ("Anger.pdf", "b.pdf", "angered.txt")]
    reply = await api.post("/api/batches", json={"pipeline": "staged", "items": items, "start": False})
    batch_id = reply.json()["batch_id"]
    answer = await act(api, batch_id, {"action": "skip", "filter": {"search": "ANGER"}})
    assert (answer["matched"], answer["refused"]) == (2, {"batch_draft": 2})


async def test_jobs_of_an_ended_batch_are_retried_in_one_new_batch(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch = await run(api, "staged", [{"fail_at": "change", "gate": str(gate)} for _ in range(25)] + [{}])
    gate.touch()
    answer = await act(api, batch["id"], {"action": "retry", "filter": {}}, "once")
    assert (answer["done"], answer["refused"]) == (25, {"job_completed": 1})
    assert await act(api, batch["id"], {"action": "retry", "filter": {}}, "once") == answer
    await follow(api, answer["new_batch_id"])
    assert (await get_batch(api, answer["new_batch_id"]))["counters"]["completed"] == 25
    again = await act(api, batch["id"], {"action": "retry", "filter": {}})
    assert (again["new_batch_id"], again["refused"]) == (None, {"retried_elsewhere": 25, "job_completed": 1})
    assert await books(api, answer["new_batch_id"]) == []


async def test_the_same_request_at_once_is_carried_out_once(api: Api) -> None:
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": "/nowhere"}, *({} for _ in range(30))])
    await api.post(f"/api/batches/{batch_id}/pause")
    path, body = f"/api/batches/{batch_id}/jobs/bulk", {"action": "skip", "filter": {"status": "pending"}}
    headers = {"Idempotency-Key": "twice"}
    replies = await asyncio.gather(*(api.post(path, json=body, headers=headers) for _ in range(5)))
    assert {reply.status_code for reply in replies} <= {202, 409}
    answers = [reply.json() for reply in replies if reply.status_code == 202]
    assert len({answer["id"] for answer in answers}) == 1
    final = await act(api, batch_id, body, "twice")
    counters = (await get_batch(api, batch_id))["counters"]
    assert final["done"] == counters["skipped"]


async def test_two_actions_at_once_agree_on_who_did_what(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    records = [{"wait_at": "fetch", "gate": str(gate)}, *({} for _ in range(60))]
    batch_id = await submit(api, "staged", records, execution_mode="sequential")
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    wanted = {"status": "pending"}
    cancelled, skipped = await asyncio.gather(
        *(act(api, batch_id, {"action": action, "filter": wanted}) for action in ("cancel", "skip"))
    )
    assert cancelled["done"] + skipped["done"] == 60
    gate.touch()
    await follow(api, batch_id)
    batch = await get_batch(api, batch_id)
    assert (batch["counters"]["cancelled"], batch["counters"]["skipped"]) == (cancelled["done"], skipped["done"])
    assert await books(api, batch_id) == []


@pytest.mark.parametrize(
    "body",
    [
        {"action": "skip"},
        {"action": "skip", "filter": {}, "ids": ["01a225e1-959a-76d2-9f5e-803e2bab3e49"]},
        {"action": "skip", "ids": []},
        {"action": "delete", "filter": {}},
        {"action": "cancel", "filter": {}, "from_step": "fetch"},
        {"action": "cancel", "filter": {"state": "failed"}},
    ],
)
async def test_what_is_not_well_formed_is_refused(api: Api, body: dict[str, Any]) -> None:
    batch_id = await submit(api, "staged", [{}], start=False)
    assert (await api.post(f"/api/batches/{batch_id}/jobs/bulk", json=body)).status_code == 422
    word = {"action": "cancel", "filter": {"status": "lost"}}
    assert (await api.post(f"/api/batches/{batch_id}/jobs/bulk", json=word)).status_code == 400


async def test_an_action_that_cannot_go_on_keeps_no_other_from_it(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Forsaken ones, of which the first is not as this code writes them."""
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": "/nowhere"}, {}, {}], max_parallel=1)
    await until(api, batch_id, lambda batch: batch["counters"]["running"] == 1)
    chosen = {"ids": None, "statuses": ["pending"], "error_code": None, "step": None, "search": None, "from_step": None}
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    shared: dict[str, Any] = {"batch_id": UUID(batch_id), "action": "skip", "matched": 2, "updated_at": long_ago}
    rows = [BulkAct(chosen=one, **shared) for one in ({}, chosen)]
    try:
        async with api.installation.database.transaction() as session:
            session.add(rows[0])
            await session.flush()
            session.add(rows[1])
        await until(api, batch_id, lambda batch: batch["counters"]["skipped"] == 2)
        assert f"action {rows[0].id} on jobs of batch {batch_id} failed" in caplog.text
    finally:
        async with api.installation.database.transaction() as session:
            await session.execute(delete(BulkAct).where(BulkAct.id == rows[0].id))


def test_another_process_goes_on_after_kill_minus_nine_in_the_middle(live_server: LiveServer) -> None:
    with live_server.client() as client:
        items = [{"record": {"wait_at": "fetch", "gate": "/nowhere"}}, *({"record": {}} for _ in range(9_000))]
        options = {"pipeline": "staged", "items": items, "execution_mode": "sequential"}
        batch_id = client.post("/api/batches", json=options).json()["batch_id"]
        path = f"/api/batches/{batch_id}"

        def ask() -> None:
            body = {"action": "cancel", "filter": {"status": "pending"}}
            with suppress(httpx.HTTPError), live_server.client() as other:
                other.post(f"{path}/jobs/bulk", json=body, headers={"Idempotency-Key": "k"})

        asking = threading.Thread(target=ask)
        asking.start()
        while not _acted(client, path):
            time.sleep(0.005)
        live_server.kill()
        asking.join()
    live_server.start()
    with live_server.client() as client:
        end = time.monotonic() + patient(60)
        while not (told := _acted(client, path)) or not told[-1]["is_completed"]:
            assert time.monotonic() < end
            time.sleep(0.1)
        done = [event["done"] for event in told]
        assert done == sorted(set(done)), "each page says how far it is"
        assert len(done) in (18, 19), "a page that was written is not written again"  # the first job may be running
        assert told[-1]["matched"] in (9_000, 9_001)
        batch = client.get(path).json()["batch"]
        assert (told[-1]["done"], batch["counters"]["cancelled"]) == (9_000, 9_000)
        again = client.post(
            f"{path}/jobs/bulk",
            json={"action": "cancel", "filter": {"status": "pending"}},
            headers={"Idempotency-Key": "k"},
        )
        assert (again.json()["done"], again.json()["id"]) == (9_000, told[-1]["act_id"])
        assert client.get(f"{path}/audit").json()["differences"] == []


def _acted(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    found, last = [], 0
    while page := client.get(f"{path}/events", params={"last_event_id": last, "limit": 1000}).json()["events"]:
        found += [event for event in page if event["type"] == "jobs.acted_on"]
        last = page[-1]["id"]
    return found
