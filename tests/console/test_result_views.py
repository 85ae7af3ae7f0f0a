"""The view of results that an installed package brings, and what stands there when it does not work."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import WORKLOADS, make_home
from tests.console.conftest import Service, sign_in
from tests.example_package import install_example
from tests.live import LiveServer

pytestmark = pytest.mark.timeout(180)
NOBODY = "http://127.0.0.1:1/"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    return install_example(tmp_path)


@pytest.fixture
def service(database_url: str, packages: Path) -> Iterator[Service]:
    home = make_home()
    options = {"DATABASE_URL": database_url, "PYTHONPATH": str(packages), "TRANCHE_OUTBOUND_ALLOW": "127.0.0.1"}
    server = LiveServer(home, WORKLOADS, **options)
    try:
        server.start()
        yield Service(server)
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def test_view_of_a_package_and_the_json_view_in_its_place(browser: Browser, service: Service, packages: Path) -> None:
    body = {"pipeline": "link-watch", "name": "Links", "items": [{"url": NOBODY}]}
    with service.server.client() as client:
        batch = client.post("/api/batches", json=body).json()["batch_id"]
    page = browser.new_page()
    sign_in(page, service.server)
    page.goto(f"{service.url}/#/batches/{batch}")
    expect(page.get_by_text("1 of 1 complete")).to_be_visible(timeout=60_000)
    expect(page.locator(".jobs .doing")).to_contain_text("did not answer")
    page.locator(".jobs a.name").click()
    result = page.locator("#drawer section", has=page.get_by_role("heading", name="Result", exact=True))
    expect(result.get_by_role("link", name=NOBODY)).to_be_visible()
    expect(result).to_contain_text("did not answer")

    view = packages / "tranche_link_watch" / "views" / "link-watch.js"
    view.write_text(
        "export const summary = () => 'fine'; export const view = () => { throw new Error('Out of order.'); };"
    )
    page.reload()
    expect(page.locator(".jobs .doing")).to_contain_text("fine")
    expect(result).to_contain_text("so this is the result as JSON. Out of order.")
    expect(result.get_by_role("table")).to_contain_text(NOBODY)

    view.write_text("this is no module")
    page.reload()
    expect(result).to_contain_text("so this is the result as JSON.")
    expect(page.locator(".jobs .doing")).to_contain_text("trouble ConnectError")
    page.close()
