"""An endpoint from its first line to its end: made, told, told again, switched off, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to everything, and keeps the ids of what came."""

    ids: list[str]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.ids.append(self.headers["webhook-id"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str]]]:
    """A receiver's address, and the ids of what it got."""
    handler = type("OwnReceiver", (Receiver,), {"ids": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", handler.ids
    server.shutdown()
    thread.join()
    server.server_close()


def test_endpoint_is_made_told_and_told_again(visit: Visit, service: Service, receiver: tuple[str, list[str]]) -> None:
    url, ids = receiver
    page = visit.page
    page.goto(f"{service.url}/#/webhooks")
    page.get_by_role("main").get_by_role("link", name="Add endpoint").last.click()
    page.get_by_label("Address").fill("http://169.254.1.1/hook")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.get_by_role("alert").filter(has_text="169.254.1.1")).to_be_visible()
    visit.problems.clear()  # the refusal is in the browser's own log
    page.get_by_label("Address").fill(url)
    page.get_by_label("Name", exact=True).fill("CRM")
    page.get_by_role("button", name="Add endpoint").click()
    expect(page.locator(".secret")).to_contain_text("whsec_")
    page.get_by_role("button", name="Done").click()

    expect(page.get_by_role("heading", name=url)).to_be_visible()
    page.get_by_role("button", name="Send test").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text("Delivered")
    expect(row).to_contain_text("204")
    row.get_by_role("button", name="Redeliver ping").click()
    expect(row.get_by_role("cell").nth(3)).to_have_text("2")
    assert len(ids) == 2
    assert len(set(ids)) == 1
    page.get_by_role("link", name="Failed").click()
    expect(page.get_by_text("No delivery has this outcome.")).to_be_visible()

    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("CRM")
    expect(page.get_by_label("batch.failed")).to_be_checked()
    page.get_by_label("Name", exact=True).fill("CRM in Auckland")
    page.get_by_label("batch.completed").uncheck()
    page.get_by_label("Pipeline").select_option("slow")
    page.get_by_label("Format").select_option(label="a custom body")
    page.get_by_label("Body").fill('{"title": "{{batch.nothing}}"}')
    page.get_by_role("button", name="Save endpoint").click()
    expect(page.get_by_label("Body")).to_be_focused()
    page.get_by_label("Body").fill('{"title": "{{batch.name}}"}')
    page.get_by_role("button", name="Save endpoint").click()
    visit.problems.clear()  # the refusal is in the browser's own log
    expect(page.get_by_role("navigation", name="Webhooks")).to_contain_text("CRM in Auckland")
    expect(page.locator(".facts")).to_contain_text("batch.partial, batch.failed, batch.cancelled")
    expect(page.locator(".facts")).to_contain_text("Pipeline slow")
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Body")).to_have_value('{\n  "title": "{{batch.name}}"\n}')
    page.get_by_label("Format").select_option("standard")
    page.get_by_label("Address").fill("http://169.254.1.1/hook")
    page.get_by_role("button", name="Save endpoint").click()
    expect(page.get_by_role("alert").filter(has_text="169.254.1.1")).to_be_visible()
    visit.problems.clear()
    page.get_by_label("Address").fill(url)
    page.get_by_role("button", name="Save endpoint").click()
    expect(page.locator(".facts")).to_contain_text("Standard Webhooks")

    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("navigation", name="Webhooks")).to_contain_text("Disabled")
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete webhook").click()
    expect(page.get_by_role("heading", name="No endpoints yet")).to_be_visible()


def test_older_deliveries_are_a_press_away(visit: Visit, service: Service, receiver: tuple[str, list[str]]) -> None:
    with service.server.client() as client:
        hook = client.post("/api/webhooks", json={"url": receiver[0]}).json()["id"]
        for _ in range(55):
            client.post(f"/api/webhooks/{hook}/test")
    page = visit.page
    page.goto(f"{service.url}/#/webhooks/{hook}")
    rows = page.locator("main tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(55)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
