"""Jobs are added to a batch that is there already, until it is sealed or has ended."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.batch_helpers import check_log, follow, get_batch, submit
from tests.conftest import Api
from tests.live import LiveServer
from tests.patience import patient, within
from tests.refused_rows import refusing

LINES = {"Content-Type": "application/x-ndjson"}


def lines(count: int, *, begin: int = 0, **more: Any) -> bytes:
    items = ({"record": {"n": n}, "external_id": f"item {n}", **more} for n in range(begin, begin + count))
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


async def make(api: Api, **options: Any) -> str:
    reply = await api.post("/api/batches", json={"pipeline": "no-op", **options})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["batch_id"])


async def add(api: Api, batch_id: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    reply = await api.post(f"/api/batches/{batch_id}/jobs", json={"items": items, **more})
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def is_quiet(api: Api, batch_id: str) -> dict[str, Any]:
    """The batch, once nothing of it waits or runs."""
    async with within(60):
        while True:
            batch = await get_batch(api, batch_id)
            if batch["counters"]["total"] and not batch["counters"]["pending"] + batch["counters"]["running"]:
                return batch
            await asyncio.sleep(0.02)


async def check_books(api: Api, batch_id: str) -> None:
    assert (await api.get(f"/api/batches/{batch_id}/audit")).json()["differences"] == []


async def test_jobs_are_added_to_a_batch_that_runs(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": str(gate)}])
    told = await add(api, batch_id, {"record": {}}, {"record": {}, "external_id": "mine", "name": "third"})
    assert (told["added"], told["existing"], told["jobs_count"], told["sealed"]) == (2, 0, 3, None)
    gate.touch()
    events = await follow(api, batch_id)
    (added,) = (event for event in events if event["type"] == "jobs.added")
    assert (added["added"], added["counters"]["total"]) == (2, 3)
    batch = await get_batch(api, batch_id)
    assert (batch["status"], batch["counters"]["completed"], batch["total_files"]) == ("completed", 3, 3)
    assert [(job["sequence"], job["external_id"], job["filename"]) for job in batch["jobs"]] == [
        (1, None, None),
        (2, None, None),
        (3, "mine", "third"),
    ]
    found = await api.get(f"/api/batches/{batch_id}/jobs", params={"external_id": "mine"})
    assert [job["sequence"] for job in found.json()["jobs"]] == [3]
    await check_books(api, batch_id)


async def test_a_batch_that_waits_for_more_does_not_end_before_it_is_sealed(api: Api) -> None:
    batch_id = await make(api, sealed=False)
    assert (await get_batch(api, batch_id))["sealed"] is False
    for count in (1, 2):
        assert (await add(api, batch_id, {"record": {}}))["jobs_count"] == count
        batch = await is_quiet(api, batch_id)
        assert (batch["status"], batch["completed_at"]) == ("processing", None)
    told = await add(api, batch_id, {"record": {}}, sealed=True)
    assert (told["sealed"], told["jobs_count"]) == (True, 3)
    events = await follow(api, batch_id)
    assert events[-1]["type"] == "batch.completed"
    batch = await get_batch(api, batch_id)
    assert (batch["sealed"], batch["counters"]["completed"], batch["summary_data"]) == (True, 3, None)
    await check_books(api, batch_id)


async def test_a_quiet_batch_ends_when_it_is_sealed_without_jobs_and_again_is_the_same(api: Api) -> None:
    batch_id = await make(api, sealed=False, items=[{"record": {}}])
    await is_quiet(api, batch_id)
    first = await add(api, batch_id, sealed=True)
    assert first["sealed"] is True
    await follow(api, batch_id)
    assert (await add(api, batch_id, sealed=True))["status"] == "completed"
    refused = await api.post(f"/api/batches/{batch_id}/jobs", json={"items": [{"record": {}}]})
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")


async def test_a_batch_may_be_told_later_that_more_is_to_come(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": str(gate)}])
    assert (await add(api, batch_id, sealed=False))["sealed"] is False
    gate.touch()
    assert (await is_quiet(api, batch_id))["status"] == "processing"
    await add(api, batch_id, sealed=True)
    assert (await follow(api, batch_id))[-1]["type"] == "batch.completed"


@pytest.mark.parametrize("sealed", [None, True])
async def test_a_batch_may_end_behind_the_last_of_the_lines(api: Api, tmp_path: Path, sealed: bool | None) -> None:
    """They are all in: neither what follows them nor the seal is refused."""
    gate = tmp_path / "gate"
    batch_id = await submit(api, "staged", [{"wait_at": "fetch", "gate": str(gate)}], max_parallel=1)

    async def body() -> AsyncIterator[bytes]:
        yield lines(2_000)
        async with within(60):
            while (await get_batch(api, batch_id))["counters"]["total"] < 2_001:
                await asyncio.sleep(0.02)
            gate.touch()
            assert (await api.patch(f"/api/batches/{batch_id}", json={"max_parallel": 100})).is_success
            while not (await get_batch(api, batch_id))["completed_at"]:
                await asyncio.sleep(0.05)

    query = {} if sealed is None else {"sealed": sealed}
    reply = await api.post(f"/api/batches/{batch_id}/jobs", params=query, content=body(), headers=LINES)
    assert (reply.status_code, reply.json()["added"], reply.json()["status"]) == (201, 2_000, "completed")
    await check_books(api, batch_id)


async def test_a_page_that_cannot_be_written_is_taken_back_as_a_whole(api: Api) -> None:
    batch_id = await make(api, start=False)
    async with refusing(api.installation.database, "jobs", "insert", "new.external_id = 'item 2500'"):
        reply = await api.post(f"/api/batches/{batch_id}/jobs", content=lines(3_000), headers=LINES)
    assert reply.status_code == 500
    assert (await get_batch(api, batch_id))["counters"]["total"] == 2_000
    again = (await api.post(f"/api/batches/{batch_id}/jobs", content=lines(3_000), headers=LINES)).json()
    assert (again["added"], again["existing"]) == (1_000, 2_000)
    await check_books(api, batch_id)


async def test_nothing_is_added_to_a_batch_that_is_sealed(api: Api) -> None:
    draft = await make(api, start=False, sealed=True, items=[{"record": {}}])
    refused = await api.post(f"/api/batches/{draft}/jobs", json={"items": [{"record": {}}]})
    assert (refused.status_code, refused.json()["code"]) == (409, "batch_sealed")


async def test_a_draft_is_given_jobs_and_started(api: Api) -> None:
    draft = await make(api, start=False)
    assert (await add(api, draft, {"record": {}}, {"record": {}}))["status"] == "draft"
    assert (await api.post(f"/api/batches/{draft}/start")).status_code == 200
    await follow(api, draft)
    assert (await get_batch(api, draft))["counters"]["completed"] == 2


async def test_a_batch_that_waits_for_more_can_be_cancelled_and_fail(api: Api) -> None:
    batch_id = await make(api, sealed=False, items=[{"record": {}}])
    await is_quiet(api, batch_id)
    assert (await api.post(f"/api/batches/{batch_id}/cancel")).status_code == 200
    assert (await follow(api, batch_id))[-1]["type"] in ("batch.cancelled", "batch.completed")
    await check_books(api, batch_id)


async def test_lines_are_added_in_pages_and_sent_again_they_are_there(api: Api) -> None:
    batch_id = await make(api, sealed=False, start=False)
    path = f"/api/batches/{batch_id}/jobs"
    reply = await api.post(path, content=lines(4_500) + b"\n\n", headers=LINES)
    assert reply.status_code == 201, reply.text
    assert (reply.json()["added"], reply.json()["jobs_count"]) == (4_500, 4_500)
    again = (await api.post(f"{path}?sealed=true", content=lines(4_600), headers=LINES)).json()
    assert (again["added"], again["existing"], again["jobs_count"], again["sealed"]) == (100, 4_500, 4_600, True)
    found = (await api.get(path, params={"external_id": "item 4599"})).json()["jobs"]
    assert [(job["sequence"], job["record"]) for job in found] == [(4_600, {"n": 4_599})]
    events = (await api.get(f"/api/batches/{batch_id}/events", params={"limit": 1000})).json()["events"]
    assert [(event["added"], event["existing"]) for event in events if event["type"] == "jobs.added"] == [
        (2_000, 0),
        (2_000, 0),
        (500, 0),
        (100, 500),
        (0, 0),
    ]
    await check_books(api, batch_id)


@pytest.mark.parametrize(
    ("wrong", "code", "status"),
    [
        (b'{"record": {}, "nam": 1}\n', "line_not_readable", 422),
        (b'{"record": \n', "line_not_readable", 422),
        (b'"text"\n', "line_not_readable", 422),
        (b'{"record": {"text": "' + b"x" * 1_100_000 + b'"}}\n', "too_large", 413),
        (b'{"file_id": "00000000-0000-0000-0000-000000000000"}\n', "unknown_files", 422),
    ],
)
async def test_a_line_that_is_wrong_is_named_with_what_was_taken_before(
    api: Api, wrong: bytes, code: str, status: int
) -> None:
    batch_id = await make(api, start=False)
    reply = await api.post(f"/api/batches/{batch_id}/jobs", content=lines(2_010) + wrong + lines(5), headers=LINES)
    told = reply.json()
    assert (reply.status_code, told["code"], told["added"]) == (status, code, 2_000)
    if code == "unknown_files":  # it is one of those that go together
        assert told["lines"] == [2_001, 2_016]
    else:
        assert told["line"] == 2_011
    assert (await get_batch(api, batch_id))["counters"]["total"] == 2_000
    await check_books(api, batch_id)


async def test_json_is_taken_as_a_whole_or_not_at_all_and_once_for_a_key(api: Api) -> None:
    batch_id = await make(api, start=False)
    path = f"/api/batches/{batch_id}/jobs"
    items = [{"record": {}}, {"record": {}, "name": ""}]
    assert (await api.post(path, json={"items": items})).status_code == 422
    key = {"Idempotency-Key": "add-once"}
    first, again = [await api.post(path, json={"items": items[:1]}, headers=key) for _ in range(2)]
    assert first.json() == again.json() == first.json() | {"added": 1, "jobs_count": 1}
    assert again.headers["Idempotent-Replayed"] == "true"
    refused = await api.post(path, content=lines(1), headers=LINES | key)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_not_for_lines")
    for headers in ({"Content-Type": "text/csv"}, LINES | {"Content-Encoding": "gzip"}):
        other = await api.post(path, content=lines(1), headers=headers)
        assert (other.status_code, other.json()["code"]) == (415, "unsupported_media_type")
    assert (await get_batch(api, batch_id))["counters"]["total"] == 1


async def test_an_external_id_comes_once_in_a_submission(api: Api) -> None:
    items = [{"record": {}, "external_id": "same"}] * 2
    refused = await api.post("/api/batches", json={"pipeline": "no-op", "items": items})
    assert (refused.status_code, refused.json()["code"]) == (422, "external_ids_repeated")
    assert refused.json()["external_ids"] == ["same"]


async def test_each_pipeline_of_a_batch_gets_a_job_of_what_is_added(api: Api) -> None:
    options = {"pipelines": ["no-op", "staged"], "start": False}
    reply = await api.post("/api/batches", json=options)
    batch_id = reply.json()["batch_id"]
    await add(api, batch_id, {"record": {}, "external_id": "a"})
    told = await add(api, batch_id, {"record": {}, "external_id": "b"}, {"record": {}, "external_id": "a"})
    assert (told["added"], told["existing"], told["jobs_count"]) == (1, 1, 4)
    jobs = (await get_batch(api, batch_id))["jobs"]
    assert [(job["external_id"], job["pipeline"]) for job in jobs] == [
        ("a", "no-op"),
        ("a", "staged"),
        ("b", "no-op"),
        ("b", "staged"),
    ]


async def test_those_who_add_at_the_same_time_lose_nothing(api: Api) -> None:
    batch_id = await make(api, sealed=False)
    path = f"/api/batches/{batch_id}/jobs"
    replies = await asyncio.gather(
        *(api.post(path, content=lines(500, begin=250 * n), headers=LINES) for n in range(8))
    )
    assert sum(reply.json()["added"] for reply in replies) == 2_250
    assert sum(reply.json()["existing"] for reply in replies) == 8 * 500 - 2_250
    await add(api, batch_id, sealed=True)
    events = await follow(api, batch_id)
    check_log(events)
    assert events[-1]["counters"]["completed"] == 2_250
    await check_books(api, batch_id)


async def test_who_hangs_up_in_the_middle_leaves_whole_pages(api: Api) -> None:
    batch_id = await make(api, start=False)
    host, port = api.base_url.host, api.base_url.port
    head = (
        f"POST /api/batches/{batch_id}/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.key}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: 100000000\r\n\r\n"
    ).encode()

    def send() -> None:
        with socket.create_connection((host, port)) as connection:
            connection.sendall(head + lines(5_000))
            connection.shutdown(socket.SHUT_WR)
            with suppress(OSError):
                connection.recv(1000)

    await asyncio.to_thread(send)
    async with within(30):
        while not (total := (await get_batch(api, batch_id))["counters"]["total"]):
            await asyncio.sleep(0.05)
    assert total in (2_000, 4_000)  # what has not been read when the connection breaks is lost
    await check_books(api, batch_id)


def test_after_kill_minus_nine_the_same_lines_are_sent_again(live_server: LiveServer) -> None:
    with live_server.client() as client:
        batch_id = client.post("/api/batches", json={"pipeline": "no-op", "sealed": False}).json()["batch_id"]
        path, is_dead = f"/api/batches/{batch_id}", threading.Event()

        def body() -> Iterator[bytes]:
            for begin in range(0, 10_000, 1_000):
                yield lines(1_000, begin=begin)
                if begin >= 6_000:
                    is_dead.wait(60)

        def ask() -> None:
            with suppress(httpx.HTTPError), live_server.client() as other:
                other.post(f"{path}/jobs", content=body(), headers=LINES)

        asking = threading.Thread(target=ask)
        asking.start()
        while client.get(path).json()["batch"]["counters"]["total"] < 4_000:
            time.sleep(0.005)
        live_server.kill()
        is_dead.set()
        asking.join()
    live_server.start()
    with live_server.client() as client:
        known = client.get(path).json()["batch"]["counters"]["total"]
        assert known % 2_000 == 0
        told = client.post(f"{path}/jobs?sealed=true", content=lines(10_000), headers=LINES).json()
        assert (told["added"], told["existing"]) == (10_000 - known, known)
        end = time.monotonic() + patient(60)
        while not (batch := client.get(path).json()["batch"])["completed_at"]:
            assert time.monotonic() < end
            time.sleep(0.2)
        assert (batch["status"], batch["counters"]["completed"]) == ("completed", 10_000)
        assert client.get(f"{path}/audit").json()["differences"] == []
