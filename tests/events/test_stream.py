"""The event stream: replay, resume, end, and the JSON page of the same log."""

from __future__ import annotations

import asyncio
import os
import signal

import httpx
import pytest

from app.events.settings import StreamSettings
from tests.batch_helpers import check_log, follow, get_batch, run, stream, submit
from tests.conftest import Api
from tests.live import LiveServer
from tests.patience import patient, within

SSE = {"Accept": "text/event-stream"}


async def test_a_finished_batch_is_replayed_whole_and_the_stream_ends(api: Api) -> None:
    batch = await run(api, "no-op", [{}, {}])
    again = [event async for event in stream(api, batch["id"])]
    assert again == batch["events"]


async def test_last_event_id_resumes_after_that_event_and_wins_over_the_query(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    path = f"/api/batches/{batch['id']}/events"
    headers = SSE | {"Last-Event-ID": "5"}
    by_header = await api.get(path, headers=headers, params={"last_event_id": "1"})
    assert [line for line in by_header.text.splitlines() if line.startswith("id:")] == ["id: 6", "id: 7", "id: 8"]
    by_query = await api.get(path, headers=SSE, params={"last_event_id": "6"})
    assert [line for line in by_query.text.splitlines() if line.startswith("id:")] == ["id: 7", "id: 8"]


async def test_after_the_last_event_there_is_nothing_to_come_back_for(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    headers = SSE | {"Last-Event-ID": str(batch["last_event_id"])}
    assert (await api.get(f"/api/batches/{batch['id']}/events", headers=headers)).status_code == 204


async def test_an_id_from_the_future_resets_the_client(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    headers = SSE | {"Last-Event-ID": "999"}
    text = (await api.get(f"/api/batches/{batch['id']}/events", headers=headers)).text
    assert text.index("event: reset") < text.index("id: 1\n")
    assert f"id: {batch['last_event_id']}\n" in text


@pytest.mark.parametrize("junk", ["abc", "-1", "1.5", "1" * 19, " ", "0x10"])
async def test_junk_ids_are_a_400(api: Api, junk: str) -> None:
    batch = await run(api, "no-op", [{}])
    reply = await api.get(f"/api/batches/{batch['id']}/events", headers=SSE, params={"last_event_id": junk})
    assert reply.status_code == 400
    assert reply.json()["code"] == "invalid_last_event_id"


async def test_the_first_bytes_come_at_once_with_the_right_headers(api: Api) -> None:
    batch_id = await submit(api, "slow", [{}], start=False)
    async with api.stream("GET", f"/api/batches/{batch_id}/events", headers=SSE) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert reply.headers["cache-control"] == "no-store, no-transform"
        assert reply.headers["x-accel-buffering"] == "no"
        first = await anext(reply.aiter_text())
        assert first.startswith("retry: ")


async def test_head_answers_without_a_body(api: Api) -> None:
    batch_id = await submit(api, "slow", [{}], start=False)
    reply = await api.head(f"/api/batches/{batch_id}/events", headers=SSE)
    assert reply.status_code == 200
    assert reply.content == b""


async def test_the_json_page_holds_the_same_events(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    first = (await api.get(f"/api/batches/{batch['id']}/events", params={"limit": 3})).json()
    assert first["next_cursor"] == "3"
    rest = (await api.get(f"/api/batches/{batch['id']}/events", params={"last_event_id": "3"})).json()
    assert first["events"] + rest["events"] == batch["events"]
    assert rest["next_cursor"] is None
    assert rest["last_event_id"] == batch["last_event_id"]


async def test_many_clients_of_one_batch_each_see_every_event_once(api: Api) -> None:
    batch_id = await submit(api, "slow", [{} for _ in range(20)], params={"seconds": 0.02})
    logs = await asyncio.gather(*(follow(api, batch_id) for _ in range(12)))
    assert all(log == logs[0] for log in logs)


async def test_a_client_that_is_cut_again_and_again_sees_every_event_once(api: Api) -> None:
    batch_id = await submit(api, "slow", [{} for _ in range(30)], params={"seconds": 0.05}, max_parallel=4)
    seen: list[dict[str, object]] = []
    async with within(60):
        while not seen or not str(seen[-1]["type"]).startswith(("batch.completed", "batch.partial")):
            connection = stream(api, batch_id, len(seen))
            async for event in connection:
                seen.append(event)
                if len(seen) % 7 == 0:
                    break
            await connection.aclose()  # type: ignore[attr-defined]
    check_log(seen)


async def test_an_idle_stream_sends_heartbeats_without_an_id(home: object, api: Api) -> None:
    batch_id = await submit(api, "slow", [{}], start=False)
    object.__setattr__(api.settings.of(StreamSettings), "stream_heartbeat_seconds", 0.2)
    try:
        async with within(10), api.stream("GET", f"/api/batches/{batch_id}/events", headers=SSE) as reply:
            async for text in reply.aiter_text():
                if ": hb" in text:
                    assert "id:" not in text
                    break
    finally:
        object.__setattr__(api.settings.of(StreamSettings), "stream_heartbeat_seconds", 15.0)


# The steps do not end by themselves, so all of the time that they get passes: by default three seconds.
@pytest.mark.parametrize("live_server", [{"TRANCHE_SHUTDOWN_SECONDS": "0.5"}], indirect=True)
async def test_sigterm_ends_open_streams_with_bye_and_exits_in_time(live_server: LiveServer) -> None:
    headers = {"Authorization": f"Bearer {live_server.admin_key}"}
    async with httpx.AsyncClient(base_url=live_server.url, headers=headers, timeout=patient(30)) as api:
        batch_id = await submit(api, "slow", [{} for _ in range(3)], params={"seconds": 30})
        text = ""
        async with api.stream("GET", f"/api/batches/{batch_id}/events", headers=SSE) as reply:
            async for piece in reply.aiter_text():
                if "event: job.started" in piece and "bye" not in text:
                    assert live_server.process
                    os.kill(live_server.process.pid, signal.SIGTERM)
                text += piece
        assert "event: bye" in text
        seconds = await asyncio.to_thread(live_server.terminate)
    assert seconds < patient(3)
    assert live_server.process
    assert live_server.process.returncode == 0
    await asyncio.to_thread(live_server.start)
    async with httpx.AsyncClient(base_url=live_server.url, headers=headers, timeout=patient(30)) as api:
        async with within(30):
            while (batch := await get_batch(api, batch_id))["counters"]["running"] < 3:
                await asyncio.sleep(0.1)
        assert all(job["steps"][0]["attempts"] == 0 for job in batch["jobs"])  # interrupted, not counted
