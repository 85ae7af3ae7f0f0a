"""deploy/nginx.conf and deploy/Caddyfile in front of a service: TLS, HTTP/2, uploads, streams, addresses, a path."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from httpx_sse import aconnect_sse

from tests.batch_helpers import get_batch, submit
from tests.conftest import ADMIN_KEY, Api
from tests.deploy.fronts import Front, running
from tests.files.bodies import query
from tests.patience import patient, within

pytestmark = pytest.mark.own_service
ROOT = "/tranche"
MIB = 1024**2


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"public_url": f"https://localhost{ROOT}/"}


@pytest.fixture(
    scope="module",
    params=[("nginx", "left"), ("nginx", "stripped"), ("caddy", "left"), ("caddy", "stripped")],
    ids="-".join,
)
async def front(request: pytest.FixtureRequest, api: Api) -> AsyncIterator[Front]:
    kind, path = request.param
    port = api.base_url.port
    assert port
    async with running(kind, port, root=ROOT, strips=path == "stripped") as started:
        yield started


@pytest.fixture(scope="module")
async def client(front: Front, api: Api) -> AsyncIterator[httpx.AsyncClient]:
    trust = ssl.create_default_context(cafile=front.certificate)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with httpx.AsyncClient(base_url=front.url, headers=headers, verify=trust, timeout=patient(60)) as made:
        yield made


async def test_pages_are_below_the_path(client: httpx.AsyncClient) -> None:
    for path in ("/", "/docs", "/api/session", "/console/main.js"):
        assert (await client.get(path)).status_code == 200
    outside = await client.get(client.base_url.copy_with(path="/api/session"))
    assert outside.status_code == 404 or not outside.content


async def test_http_2(front: Front) -> None:
    command = ("curl", "--silent", "--http2", "--cacert", front.certificate, "--output", "/dev/null")
    process = await asyncio.create_subprocess_exec(
        *command, "--write-out", "%{http_version} %{http_code}", f"{front.url}/healthz", stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert printed == b"2 200"


async def test_uploads_go_straight_through(client: httpx.AsyncClient, home: Path) -> None:
    """The service has a part on its disk before the client has sent the rest, and no proxy has a limit of its own."""
    part = b"x" * MIB

    async def body() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield part
        async with within(30):
            while not any(path.stat().st_size for path in (home / "incoming").rglob("*") if path.is_file()):
                await asyncio.sleep(0.01)
        for _ in range(16):
            yield part

    answer = await client.put("/api/files/large.bin", content=body())
    assert (answer.status_code, answer.json()["size"]) == (201, 20 * MIB)
    content = await client.get(f"/api/files/{answer.json()['id']}/content", headers={"Range": "bytes=5-14"})
    assert (content.status_code, content.content) == (206, b"x" * 10)


async def test_streams_are_live_and_go_on(client: httpx.AsyncClient) -> None:
    batch_id = await submit(client, "no-op", [{}], start=False)
    seen: list[int] = []
    async with within(30), aconnect_sse(client, "GET", f"/api/batches/{batch_id}/events") as source:
        assert "text/event-stream" in source.response.headers["Content-Type"]
        async for event in source.aiter_sse():
            if event.data:
                seen.append(json.loads(event.data)["id"])
                break  # it came while the batch waits: nothing holds it back
    assert (await client.post(f"/api/batches/{batch_id}/start")).is_success
    headers = {"Last-Event-ID": str(seen[-1])}
    async with within(30), aconnect_sse(client, "GET", f"/api/batches/{batch_id}/events", headers=headers) as source:
        seen += [json.loads(event.data)["id"] async for event in source.aiter_sse() if event.data]
    assert seen == list(range(1, len(seen) + 1))
    assert (await get_batch(client, batch_id))["status"] == "completed"


async def test_clients_are_told_apart_and_browsers_stay_on_https(client: httpx.AsyncClient, api: Api) -> None:
    made = await client.post(
        "/api/batches",
        json={"pipeline": "no-op", "items": [{"record": {}}]},
        headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"},
    )
    batch_id = made.json()["batch_id"]
    assert made.headers["Location"] == f"{ROOT}/api/batches/{batch_id}"
    assert await query(api, "select client_ip from batches where id = :id", id=batch_id) == "127.0.0.1"
    signed_in = await client.post("/api/session", json={"key": ADMIN_KEY}, headers={"Origin": str(client.base_url)})
    assert signed_in.status_code == 403  # an origin has no path: no browser sends this
    origin = f"https://{client.base_url.netloc.decode()}"
    signed_in = await client.post("/api/session", json={"key": ADMIN_KEY}, headers={"Origin": origin})
    assert f"Path={ROOT}" in signed_in.headers["Set-Cookie"]
    assert "; Secure" in signed_in.headers["Set-Cookie"]
    assert "max-age" in signed_in.headers["Strict-Transport-Security"]


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
async def test_as_the_file_stands(kind: str, api: Api) -> None:
    """Without a path: the file as it is, but for its ports and its certificate."""
    port = api.base_url.port
    assert port
    async with running(kind, port) as front:
        trust = ssl.create_default_context(cafile=front.certificate)
        async with httpx.AsyncClient(base_url=front.url, verify=trust) as client:
            assert (await client.get("/healthz")).status_code == 200
