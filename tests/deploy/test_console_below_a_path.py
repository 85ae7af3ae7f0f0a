"""The console below a path, behind the nginx of deploy/, in a browser: nothing that it asks or links to leads out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import WORKLOADS, make_home
from tests.console.conftest import browser
from tests.deploy.fronts import prepared
from tests.kit.test_sub_path import ROOT
from tests.live import LiveServer
from tests.patience import patient
from tests.processes import free_port

__all__ = ["browser"]
SCREENS = ("batches", "new", "templates", "schedules", "webhooks", "users", "keys", "connections", "sessions", "usage")
LINKS = "nodes => nodes.map(node => node.getAttribute('href') ?? node.getAttribute('src'))"


@dataclass
class Site:
    server: LiveServer
    url: str


@pytest.fixture(scope="module", params=[False, True], ids=["left", "stripped"])
def site(request: pytest.FixtureRequest, database_url: str) -> Iterator[Site]:
    """The service behind nginx, which leaves the path on the requests or takes it off."""
    home, port, inner = make_home(), free_port(), free_port()
    command, front = prepared("nginx", inner, ROOT, request.param, port)
    server = LiveServer(
        home, WORKLOADS, DATABASE_URL=database_url, TRANCHE_PUBLIC_URL=f"{front.url}/", TRANCHE_PORT=str(inner)
    )
    proxy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server.start()
        assert server.url == front.url
        yield Site(server, front.url)
    finally:
        server.destroy()
        proxy.terminate()
        proxy.wait()
        for folder in (home, front.folder):
            shutil.rmtree(folder, ignore_errors=True)


def links_of(page: Page) -> set[str]:
    """The addresses that the page leads to or shows, as the browser would resolve them."""
    found = page.locator("[href], [src]").evaluate_all(LINKS)
    return {urljoin(page.url, link) for link in found if link and not link.startswith(("#", "data:", "blob:"))}


@pytest.mark.parametrize("width", [1280, 768, 360])
def test_all_of_the_console_is_below_the_path(browser: Browser, site: Site, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, ignore_https_errors=True)
    context.set_default_timeout(patient(15) * 1000)
    page = context.new_page()
    asked: list[str] = []
    wrong: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: answer.status >= 400 and wrong.append(f"{answer.status} {answer.url}"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    links: set[str] = set()
    try:
        page.goto(_new_link(site))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Batches", exact=True)).to_be_visible()
        assert page.url == f"{site.url}/#/batches" or page.url == f"{site.url}/"
        batch = page.request.post(
            f"{site.url}/api/jobs/batch",
            multipart={
                "pipeline": "checksum",
                "name": f"Below {width}",
                "files": {"name": "a.txt", "mimeType": "text/plain", "buffer": f"{site.url} {width}".encode()},
            },
            headers={"Sec-Fetch-Site": "same-origin"},
        ).json()
        page.goto(f"{site.url}/#/batches")
        page.reload()  # a list that has batches only says that there are new ones
        page.get_by_role("link", name=f"Below {width}").first.click()
        expect(page.get_by_text("Completed").first).to_be_visible()
        links |= links_of(page)
        page.goto(f"{site.url}/#/batches/{batch['batch_id']}?job=1")  # a link that somebody was sent
        page.reload()
        expect(page.locator("#drawer")).to_be_visible()
        expect(page.locator("#drawer").get_by_text("checksum.txt").first).to_be_visible()
        links |= links_of(page)
        for screen in SCREENS:
            page.goto(f"{site.url}/#/{screen}")
            expect(page.locator("main:visible h1").first).to_be_visible()
            links |= links_of(page)
        page.go_back()
        assert page.url == f"{site.url}/#/{SCREENS[-2]}"
        page.goto(f"{site.url}?from=elsewhere#/new")  # without the slash at its end
        expect(page.get_by_role("heading", name="New batch")).to_be_visible()
        assert page.url == f"{site.url}/?from=elsewhere#/new"
        page.goto(f"{site.url}/docs")
        expect(page.get_by_text("Submit many things").first).to_be_visible()
        code = page.request.post(
            f"{site.url}{batch['links']['self'].removeprefix(ROOT)}/result-codes",
            headers={"Sec-Fetch-Site": "same-origin"},
        ).json()
        page.goto(code["links"]["page"])
        expect(page.get_by_text("a.txt").first).to_be_visible()
        links |= links_of(page)
        assert len(links) > 15
        for link in sorted(links):
            assert link.startswith(f"{site.url}/"), link
            if "/api/events" not in link:
                answer = page.request.get(link)
                assert answer.ok, f"{answer.status} {link}"
        assert [url for url in asked if not url.startswith(site.url) and not url.startswith(("data:", "blob:"))] == []
        assert wrong == []
    finally:
        context.close()


def _new_link(site: Site) -> str:
    """What `tranche sign-in` prints."""
    command = [sys.executable, "-m", "app", "sign-in"]
    done = subprocess.run(command, env=site.server.environment, capture_output=True, text=True, timeout=patient(60))
    assert done.returncode == 0, done.stderr
    return next(word for word in done.stdout.split() if word.startswith(site.url))
