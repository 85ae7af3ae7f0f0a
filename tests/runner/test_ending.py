"""A process that is told to end: what is under way ends side by side, half a request is answered, haste is possible."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import httpx
import pytest

from app.kit.ending import Ending
from tests.batch_helpers import get_batch, submit
from tests.live import LiveServer
from tests.patience import patient, within

SSE = {"Accept": "text/event-stream"}
HALF_AN_UPLOAD = (
    "POST /api/jobs/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nContent-Length: 1000000\r\n"
    'Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\nContent-Disposition: form-data; name="files"; '
    'filename="half.pdf"\r\nContent-Type: application/pdf\r\n\r\nhalf'
)


def rest_of(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes the connection."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


# Steps that do not end and a request that does not arrive would take a minute and more.
@pytest.mark.parametrize("live_server", [{"TRANCHE_SHUTDOWN_SECONDS": "60"}], indirect=True)
async def test_a_second_signal_ends_at_once_what_the_first_let_go_on(live_server: LiveServer) -> None:
    process = live_server.process
    assert process
    headers = {"Authorization": f"Bearer {live_server.admin_key}"}
    with socket.create_connection(("127.0.0.1", live_server.port), patient(30)) as upload:
        upload.sendall(HALF_AN_UPLOAD.format(key=live_server.admin_key).encode())
        answer = asyncio.create_task(asyncio.to_thread(rest_of, upload))
        async with httpx.AsyncClient(base_url=live_server.url, headers=headers, timeout=patient(30)) as api:
            batch_id = await submit(api, "slow", [{} for _ in range(3)], params={"seconds": 300})
            async with within(30):
                while (await get_batch(api, batch_id))["counters"]["running"] < 3:
                    await asyncio.sleep(0.1)
            async with api.stream("GET", f"/api/batches/{batch_id}/events", headers=SSE) as reply:
                os.kill(process.pid, signal.SIGTERM)
                text = "".join([piece async for piece in reply.aiter_text()])
            assert "event: bye" in text
        seconds = await asyncio.to_thread(live_server.terminate)
        assert seconds < patient(10)
        assert process.returncode == 0
        received = (await answer).decode()
    assert received.startswith("HTTP/1.1 503 ")
    assert '"shutting_down"' in received
    assert list((live_server.home / "incoming").iterdir()) == []
    assert "Traceback" not in (live_server.home / "service.log").read_text()


async def test_haste_ends_a_wait_for_tasks() -> None:
    ending, forever, done = Ending(), asyncio.Event(), asyncio.create_task(asyncio.sleep(0))
    task = asyncio.create_task(forever.wait())
    assert await ending.wait([task, done], 0.01) == {task}
    ending.ask()
    waiting = asyncio.create_task(ending.wait([task], 3600))
    await asyncio.sleep(0)
    assert not ending.hastened.is_set()
    ending.ask()
    async with within(10):
        assert await waiting == {task}
    forever.set()
    assert await ending.wait([task], 3600) == set()
