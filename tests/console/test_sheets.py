"""Result sheets: how sure a reading is, the page behind a swim, and all swims of a batch."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import Service, Visit, sign_in
from tests.console.test_access import CONTEXTS, check_page
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.test_confidence import doubtful, unread

SHEETS = ("2026-11-08 Harbour City Senior Open.pdf", "2026-11-15 Northgate Age Group Champs.pdf")


@pytest.fixture(scope="module")
def batch(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The id of a batch with two sheets that are read well, one to check and one that is hardly read."""
    folder = tmp_path_factory.mktemp("sheets")
    sheets = {name: (SAMPLES / name).read_bytes() for name in SHEETS}
    sheets |= {"check.pdf": doubtful(folder / "check.pdf", 0, 1), "low.pdf": unread(folder / "low.pdf")}
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist", "name": "Autumn meets"}
    files = [("files", (name, content, "application/pdf")) for name, content in sheets.items()]
    with service.server.client() as client:
        yield str(client.post("/api/jobs/batch", data=data, files=files).json()["batch_id"])


def open_batch(page: Page, service: Service, batch: str) -> None:
    page.goto(f"{service.url}/#/batches/{batch}")
    expect(page.get_by_text("4 of 4 complete")).to_be_visible()


def test_what_was_not_read_is_one_click_away(visit: Visit, service: Service, batch: str) -> None:
    page = visit.page
    open_batch(page, service, batch)
    rows = page.locator(".jobs tbody tr")
    expect(rows.nth(0).locator(".mark")).to_be_hidden()
    expect(rows.nth(2).locator(".mark")).to_have_text("Check")
    expect(rows.nth(3).locator(".mark")).to_have_text("Low confidence")
    panel = page.get_by_role("region", name="Swims", exact=True)
    expect(panel).to_contain_text("2 sheets to check. 4 lines that look like results were not read. Jobs 3, 4.")
    page.get_by_label("Find a job by name or error").fill("low confidence")
    expect(page.locator(".jobs tbody tr:not([hidden])")).to_have_count(1)
    page.get_by_label("Find a job by name or error").fill("")
    panel.get_by_role("link", name="4").click()
    note = page.get_by_role("group", name="How sure the reading is")
    expect(note).to_contain_text("Much of the sheet was not read")
    expect(note.get_by_text("Keane Orla")).to_be_hidden()
    note.get_by_text("Show the 4 lines").click()
    expect(note.get_by_text("Keane Orla")).to_be_visible()
    expect(page.locator("#drawer")).not_to_contain_text("is not on this sheet")
    note.get_by_role("button", name="page 1").first.click()
    expect(page.get_by_role("dialog", name="Page 1 of 1").locator("img")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#page-view")).to_be_hidden()
    expect(page.locator("#drawer")).to_be_visible()


def test_page_behind_a_swim_by_keyboard(visit: Visit, service: Service, batch: str) -> None:
    page = visit.page
    open_batch(page, service, batch)
    page.locator(".jobs a.name").first.click()
    opener = page.locator("#drawer .show-page").nth(1)
    opener.focus()
    page.keyboard.press("Enter")
    view = page.get_by_role("dialog", name="Page 3 of 4")
    picture = view.get_by_role("img")
    expect(picture).to_have_attribute("alt", f"Page 3 of 4 of {SHEETS[0]}; marked: {swim_text(page, 1)}")
    expect(view.locator(".page-room")).not_to_have_attribute("aria-busy", "true")
    assert picture.evaluate("image => image.naturalWidth") >= 800
    expect(view.get_by_role("heading")).to_be_focused()
    expect(page.locator("#drawer tr[data-shown]")).to_have_count(1)
    view.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("dialog", name="Page 4 of 4").get_by_role("button", name="Next page")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(page.locator("#page-view")).to_be_hidden()
    expect(opener).to_be_focused()
    page.locator("#drawer .swims tbody tr").nth(2).locator("td").first.click()
    expect(page.locator("#page-view img")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()


def swim_text(page: Page, index: int) -> str:
    label = page.locator("#drawer .show-page").nth(index).get_attribute("aria-label")
    assert label
    return label.partition(" with ")[2]


def test_why_a_page_cannot_be_shown(visit: Visit, service: Service, batch: str) -> None:
    page = visit.page
    open_batch(page, service, batch)
    problem = {"title": "Sheet gone", "detail": "The file of this sheet is no longer here.", "code": "sheet_gone"}
    page.route("**/pages/*", lambda route: route.fulfill(status=410, json=problem))
    page.locator(".jobs a.name").first.click()
    page.locator("#drawer .show-page").first.click()
    expect(page.locator("#page-view").get_by_role("alert")).to_contain_text("no longer here")
    visit.problems[:] = [one for one in visit.problems if "410" not in one]  # the browser logs what it was answered


def test_all_swims_of_a_batch(visit: Visit, service: Service, batch: str, tmp_path: Path) -> None:
    page = visit.page
    open_batch(page, service, batch)
    page.get_by_role("link", name="All swims and best times").click()
    expect(page.get_by_role("heading", name="Swims", exact=True)).to_be_focused()
    rows = page.locator("main tbody tr")
    with service.server.client() as client:
        table: dict[str, Any] = client.get(f"/api/batches/{batch}/swims").json()
    expect(rows).to_have_count(table["total"])
    expect(page.locator(".event-card")).to_have_count(len(table["events"]))
    event = next(event for event in table["events"] if len(event["progression"]) > 1)
    card = page.locator(".event-card").nth(table["events"].index(event))
    expect(card.locator("b.best")).to_have_text(event["best"]["time"])
    chart = card.get_by_role("img")
    expect(chart.locator("circle")).to_have_count(len(event["progression"]))
    assert event["best"]["time"] in str(chart.get_attribute("aria-label"))
    expect(page.locator("main .best-time")).to_have_count(len(table["events"]))

    card.get_by_role("button", name="Show only").click()
    expect(rows).to_have_count(sum(swim["event_key"] == event["event_key"] for swim in table["swims"]))
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    download.value.save_as(tmp_path / "swims.csv")
    saved = list(csv.DictReader((tmp_path / "swims.csv").open(encoding="utf-8-sig")))
    assert {row["event_key"] for row in saved} == {event["event_key"]}
    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").click()
    assert download.value.suggested_filename.endswith("swims.xlsx")
    page.get_by_label("Event").select_option("")
    expect(rows).to_have_count(table["total"])
    rows.filter(has_text="check.pdf").first.locator(".state", has_text="Check").click()
    expect(page.locator("#page-view").get_by_role("img")).to_be_visible()
    page.get_by_role("button", name="Close the page").click()
    rows.filter(has_text="check.pdf").first.get_by_role("link", name="check.pdf").click()
    expect(page.locator("#drawer")).to_contain_text("Job 3 of 4")


@pytest.mark.parametrize("device", CONTEXTS)
def test_axe_finds_nothing_on_sheets(browser: Browser, service: Service, batch: str, device: str) -> None:
    context = browser.new_context(reduced_motion="reduce", **CONTEXTS[device])
    page = context.new_page()
    sign_in(page, service.server)
    open_batch(page, service, batch)
    expect(page.locator(".jobs .mark", has_text="Low confidence")).to_be_visible()
    check_page(page, "batch of sheets", device)
    page.locator(".jobs a.name").nth(3).click()
    page.get_by_text("Show the 4 lines").click()
    check_page(page, "unread lines", device)
    page.goto(f"{service.url}/#/swims/{batch}")
    expect(page.locator(".event-card").first).to_be_visible()
    check_page(page, "swims", device)
    page.locator("main .show-page").first.click()
    expect(page.locator("#page-view .page-room:not([aria-busy]) img")).to_be_visible()
    check_page(page, "page of a sheet", device)
    context.close()
