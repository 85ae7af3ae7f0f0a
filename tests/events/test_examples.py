"""The examples, run as people would run them, over lines that are cut."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import pytest
from playwright.async_api import Page, async_playwright

from app.batches.log import NewEvent, record
from app.events import frames
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.console.conftest import ARGUMENTS, CHROMIUM
from tests.events.proxy import Proxy, proxied
from tests.patience import patient, within

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
CUTS = 2


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients are told to come back at once, not after a second or three."""
    monkeypatch.setattr(frames, "RETRY_MS", (50, 100))


@pytest.fixture
async def proxy(api: Api) -> AsyncIterator[Proxy]:
    assert api.base_url.port
    async with proxied(api.base_url.port) as proxy:
        yield proxy


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page of Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"this needs Chromium, and {CHROMIUM} does not exist: script/browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield await browser.new_page()
        await browser.close()


@pytest.fixture
async def elsewhere(api: Api) -> AsyncIterator[str]:
    """Somebody's own server, of another origin: has the examples' folder, and asks for tickets with its key."""

    class Handler(SimpleHTTPRequestHandler):
        def do_POST(self) -> None:
            made = httpx.post(f"{api.base_url}api/batches{self.path}/stream-tickets", headers=api.headers)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(made.content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(EXAMPLES)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    await asyncio.to_thread(server.shutdown)
    server.server_close()


async def say(api: Api, batch_id: str, message: str) -> None:
    async with api.installation.database.transaction() as session:
        await record(session, UUID(batch_id), [NewEvent("job.progressed", data={"message": message})])


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with within(30):
        while not await done():
            await asyncio.sleep(0.02)


async def live_and_cut(
    api: Api, proxy: Proxy, batch_id: str, shown: Callable[[], Awaitable[list[str]]], cuts: int
) -> None:
    """Each turn: something is told, the client shows it, the line is cut, and more is told while it is away."""
    for turn in range(cuts):
        await say(api, batch_id, f"live {turn}")
        await until(lambda turn=turn: shows(shown, f"live {turn}"))  # type: ignore[misc]
        assert proxy.cut()
        await say(api, batch_id, f"away {turn}")
    await api.post(f"/api/batches/{batch_id}/start")


async def shows(shown: Callable[[], Awaitable[list[str]]], message: str) -> bool:
    return any(message in line for line in await shown())


async def log_of(api: Api, batch_id: str) -> list[dict[str, Any]]:
    return list((await api.get(f"/api/batches/{batch_id}/events", params={"limit": 1000})).json()["events"])


@pytest.mark.parametrize("example", ["follow.py", "follow.sh"])
async def test_programs_see_every_event_once_over_a_line_that_is_cut(api: Api, proxy: Proxy, example: str) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    python = [sys.executable] if example.endswith(".py") else []
    if not python and not shutil.which("curl"):
        pytest.skip("this needs curl")
    program = await asyncio.create_subprocess_exec(
        *python,
        str(EXAMPLES / example),
        proxy.url,
        batch_id,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"KEY": api.key},
    )
    assert program.stdin
    assert program.stdout
    program.stdin.write(f"{api.key}\n".encode())
    program.stdin.close()
    lines: list[str] = []

    async def read() -> None:
        assert program.stdout
        async for line in program.stdout:
            lines.append(line.decode())

    async def shown() -> list[str]:
        return lines

    reading = asyncio.create_task(read())
    try:
        await live_and_cut(api, proxy, batch_id, shown, CUTS)
        async with within(30):
            await reading
            assert await program.wait() == 0
    finally:
        if program.returncode is None:
            program.kill()
    log = await log_of(api, batch_id)
    assert len(lines) == len(log)
    if python:
        assert [line.split()[:2] for line in lines] == [[str(event["id"]), event["type"]] for event in log]
    else:
        assert [json.loads(line) for line in lines] == log
    assert proxy.opened == CUTS + 1


async def test_a_browser_elsewhere_is_cut_ten_times_and_shows_every_event_once(
    api: Api, proxy: Proxy, page: Page, elsewhere: str
) -> None:
    batch_id = await submit(api, "no-op", [{}, {}], start=False)

    url = proxy.url + (await api.post(f"/api/batches/{batch_id}/stream-tickets")).json()["url"]
    await page.goto(f"{elsewhere}/follow.html?stream={quote(url)}&tickets=/{batch_id}")

    async def shown() -> list[str]:
        return await page.locator("#events li").all_inner_texts()

    await live_and_cut(api, proxy, batch_id, shown, 10)
    await page.get_by_text("Ended: completed").wait_for(timeout=patient(30) * 1000)
    log = await log_of(api, batch_id)
    numbers = await page.locator("#events li").evaluate_all("lines => lines.map(line => line.value)")
    assert numbers == [event["id"] for event in log]
    assert [line.split()[0] for line in await shown()] == [event["type"] for event in log]
    assert proxy.opened == 11


async def test_an_event_source_makes_no_request_after_the_end(
    api: Api, proxy: Proxy, page: Page, elsewhere: str
) -> None:
    """A page that does nothing about the end: the browser comes back once, is told 204, and is done."""
    batch_id = await submit(api, "no-op", [{}], start=False)
    url = proxy.url + (await api.post(f"/api/batches/{batch_id}/stream-tickets")).json()["url"]
    await page.goto(f"{elsewhere}/follow.py")
    await page.evaluate("url => { window.source = new EventSource(url); }", url)
    await api.post(f"/api/batches/{batch_id}/start")
    await page.wait_for_function("() => window.source.readyState === EventSource.CLOSED", timeout=patient(30) * 1000)
    assert len(proxy.requests) == 2
    ended = [event["id"] for event in await log_of(api, batch_id)][-1]
    reply = await api.get(
        f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(ended)}
    )
    assert reply.status_code == 204
    await page.wait_for_timeout(1500)  # many times the `retry:` that it was told
    assert len(proxy.requests) == 2
