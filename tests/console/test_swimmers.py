"""One swimmer across batches: from a result to the history, and by name."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


def _read_sheets(service: Service, folder: Path, swimmer: str) -> str:
    """A batch for each sheet; the page of the last one."""
    with service.server.client() as client:
        for path in sorted(folder.glob("*.pdf")):
            file = client.put(f"/api/files/{path.name}", content=path.read_bytes()).json()["id"]
            options = {"pipeline": "pdf-extraction", "params": {"swimmer_name": swimmer}}
            body = {**options, "name": path.stem, "items": [{"file_id": file}]}
            batch = client.post("/api/batches", json=body).json()["batch_id"]
    return f"{service.url}/#/batches/{batch}"


def test_history_of_a_swimmer(visit: Visit, service: Service, sheet_folder: Path) -> None:
    _read_sheets(service, sheet_folder, "Ada Okafor")
    page = visit.page
    page.goto(_read_sheets(service, sheet_folder, "Maya Lindqvist"))
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    page.locator(".jobs a.name").click()
    page.locator("#drawer").get_by_role("link", name="Maya Lindqvist").click()
    expect(page.get_by_role("heading", name="Swimmers")).to_be_focused()
    rows = page.locator("main tbody tr")
    expect(page).to_have_url(re.compile("swimmer=Maya"))
    expect(rows.filter(has_text="2:03.95")).to_contain_text("200 Yard IM")
    expect(rows.filter(has_text="1:48.62")).to_be_visible()
    expect(rows.filter(has_text="54.31")).to_have_count(0)

    search = page.get_by_label("Search for a swimmer by name")
    expect(search).to_have_value("Maya Lindqvist")
    search.fill("okafor, ada")
    expect(rows.filter(has_text="54.31")).to_be_visible()
    expect(page.get_by_text("Also written as Ada Okafor.")).to_be_visible()
    search.fill("nobody at all")
    expect(page.get_by_role("heading", name="No swimmer called “nobody at all”")).to_be_visible()
    page.get_by_role("button", name="Clear search").click()
    expect(rows.filter(has_text="54.31")).to_be_visible()
    rows.get_by_role("link", name="Maya Lindqvist").first.click()
    expect(rows.filter(has_text="54.31")).to_have_count(0)
    page.get_by_role("link", name="Lakeside medley.pdf").click()
    expect(page.get_by_role("heading", name="Lakeside medley")).to_be_focused()
    expect(page.locator(".jobs tbody tr:not([hidden])")).to_have_count(1)
