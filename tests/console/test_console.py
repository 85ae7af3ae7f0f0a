"""The console as a person uses it, in a real browser against a running service."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.timeout(180)
SOON = 15_000
DONE = 60_000


@dataclass
class Visit:
    """A tab, and everything in it that should not have happened."""

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


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(SOON)
    started = Visit(context.new_page(), urlsplit(live_server.url).netloc)
    started.watch()
    yield started
    context.close()
    assert started.problems == []


def _start_batch(page: Page, files: list[Path], name: str) -> None:
    page.get_by_role("main").get_by_role("link", name="New batch").first.click()
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text("Uploaded", exact=True)).to_have_count(len(files))
    page.get_by_role("radio", name=re.compile("Result sheets")).first.check()
    page.get_by_role("textbox", name=re.compile("swimmer", re.IGNORECASE)).fill("Maya Lindqvist")
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Start batch").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_submit_watch_and_take_results(visit: Visit, live_server: Any, sheet_folder: Path, tmp_path: Path) -> None:
    page = visit.page
    page.goto(live_server.sign_in_url)
    expect(page.get_by_role("heading", name="No batches yet")).to_be_visible()
    expect(page.get_by_text(f"curl {live_server.url}/api/jobs/batch")).to_be_visible()

    _start_batch(page, sorted(sheet_folder.glob("*.pdf")), "Lakeside walk")
    expect(page.get_by_text("3 of 3 complete")).to_be_visible(timeout=DONE)
    expect(page.locator(".batch-title .state")).to_have_text("Completed")
    expect(page.locator(".jobs tbody tr")).to_have_count(3)
    expect(page.locator(".log li").last).to_contain_text("batch.completed")

    page.get_by_role("link", name="Lakeside medley.pdf").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("heading", name="Lakeside medley.pdf")).to_be_focused()
    expect(drawer.get_by_role("table")).to_contain_text("2:03.95")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("link", name="Lakeside medley.pdf")).to_be_focused()

    with page.expect_download() as download:
        page.get_by_role("link", name="ZIP").click()
    archive = tmp_path / "batch.zip"
    download.value.save_as(archive)
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert opened.namelist()

    page.get_by_role("link", name="Batches").first.click()
    row = page.locator("tr.batch", has_text="Lakeside walk")
    expect(row).to_contain_text("100%")
    row.get_by_role("button", name="Jobs of Lakeside walk").click()
    expect(page.locator(".peek li")).to_have_count(3)


def test_markup_in_file_name_stays_text(visit: Visit, live_server: Any, sheet_folder: Path) -> None:
    page = visit.page
    name = "<img src=x onerror=alert(1)>.pdf"
    hostile = sheet_folder / name
    (sheet_folder / "Lakeside medley.pdf").rename(hostile)
    page.goto(live_server.sign_in_url)
    _start_batch(page, [hostile], "Markup as a name")

    expect(page.get_by_text("1 of 1 complete")).to_be_visible(timeout=DONE)
    link = page.get_by_role("link", name=name)
    expect(link).to_have_text(name)
    link.click()
    expect(page.locator("#drawer").get_by_role("heading", name=name)).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_key_opens_the_console_and_a_wrong_one_does_not(browser: Browser, live_server: Any) -> None:
    page = browser.new_page()
    page.goto(live_server.url)
    page.get_by_label("API key").fill("not a key")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("No such key, or it was revoked.")
    page.get_by_label("API key").fill(live_server.admin_key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.close()
