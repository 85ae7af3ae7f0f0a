"""A browser, a service for each module, tabs that note what should not happen, and sheets to give to the console."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import WORKLOADS, make_home
from tests.extractions.sheets import Drawing
from tests.live import LiveServer
from tests.patience import patient

SHELL = Path("/usr/bin/chromium-headless-shell")
"""Chromium without the parts that draw a window, which take two thirds of the time even where there is none."""
CHROMIUM = Path(os.environ.get("CHROMIUM") or (SHELL if SHELL.exists() else "/usr/bin/chromium"))
AWAY = {
    "TRANCHE_PLATFORM_URL": "http://127.0.0.1:9",
    "TRANCHE_DATA_PROVIDER_URL": "http://127.0.0.1:9/{{type}}/{{lead}}",
}
"""Services that are set up, as work for them is refused otherwise, and answer nothing."""
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(database_url: str) -> Iterator[Browser]:
    """Started after the database and closed before it: no other loop can run in this thread meanwhile."""
    if not CHROMIUM.exists():
        pytest.skip(f"the console's tests need Chromium, and {CHROMIUM} does not exist: script/browser")
    expect.set_options(timeout=patient(20) * 1000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Service:
    """A running service, and how to give it work without the console."""

    server: LiveServer

    @property
    def url(self) -> str:
        return self.server.url

    def submit(self, pipeline: str, name: str, records: list[dict[str, Any]], **options: Any) -> str:
        """A batch of records; returns the address of its page."""
        body = {"pipeline": pipeline, "name": name, "items": [{"record": record} for record in records], **options}
        with self.server.client() as client:
            answer = client.post("/api/batches", json=body)
        assert answer.status_code == 201, answer.text
        return f"{self.url}/#/batches/{answer.json()['batch_id']}"


@pytest.fixture(scope="module")
def service(database_url: str) -> Iterator[Service]:
    """The service in a process of its own, for the module."""
    home = make_home()
    server = LiveServer(home, WORKLOADS, DATABASE_URL=database_url, TRANCHE_OUTBOUND_ALLOW="127.0.0.1", **AWAY)
    try:
        server.start()
        yield Service(server)
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


@dataclass
class Visit:
    """A signed-in tab, and everything in it that should not have happened."""

    page: Page
    host: str
    problems: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", lambda message: self._note(message.type == "error", message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("dialog", lambda dialog: self._note(True, f"dialog: {dialog.message}"))
        self.page.on("request", lambda request: self._note(not self._is_own(request.url), f"request to {request.url}"))

    def _is_own(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme in ("blob", "data") or parts.netloc == self.host

    def _note(self, wrong: bool, what: str) -> None:
        if wrong:
            self.problems.append(what)


def sign_in(page: Page, server: LiveServer, key: str | None = None) -> None:
    """Give the tab's browser the cookie of who has the key: the administrator, if none is given."""
    answer = page.request.post(f"{server.url}/api/session", data={"key": key or server.admin_key})
    assert answer.ok, answer.text()


@pytest.fixture
def visit(browser: Browser, service: Service) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(patient(15) * 1000)
    started = Visit(context.new_page(), urlsplit(service.url).netloc)
    sign_in(started.page, service.server)
    started.watch()
    yield started
    context.close()
    assert started.problems == []


def _sheet(event: str, *rows: tuple[str, str, str]) -> Drawing:
    drawing = Drawing().page().line(event).headers()
    for place, name, final in rows:
        drawing.row(place, name, "16", "Lakeside Aquatic Club", seed="2:05.00", final=final)
    return drawing


@pytest.fixture
def sheet_folder(tmp_path: Path) -> Path:
    """Three result sheets; two of them name Maya Lindqvist."""
    sheets = {
        "Lakeside freestyle.pdf": _sheet(
            "Event 12 Women 200 Yard Freestyle", ("1", "Lindqvist, Maya", "1:48.62"), ("2", "Okafor, Ada", "1:50.11")
        ),
        "Lakeside medley.pdf": _sheet(
            "Event 14 Women 200 Yard IM", ("1", "Okafor, Ada", "2:01.40"), ("2", "Lindqvist, Maya", "2:03.95")
        ),
        "Lakeside butterfly.pdf": _sheet("Event 16 Women 100 Yard Butterfly", ("1", "Okafor, Ada", "54.31")),
    }
    for name, drawing in sheets.items():
        drawing.save(tmp_path / name)
    return tmp_path
