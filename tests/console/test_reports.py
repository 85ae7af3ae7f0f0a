"""The screen of reports: found, compared, kept longer, deleted; and a file that is read again as a person decides."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from tests.console.conftest import Service, Visit, sign_in
from tests.console.test_access import CONTEXTS, check_page

MARCH = b"id,colour,price\n" + b"".join(b"%d,red,%d.5\n" % (n, n) for n in range(1, 11))
APRIL = b"id,colour,price\n" + b"".join(b"%d,,%d.5\n" % (n, n * 3) for n in range(1, 16))
YEARS = b"2019,2020,2021\n1,2,3\n4,5,6\n"


def submit(client: httpx.Client, *files: tuple[str, bytes], **data: Any) -> str:
    """A batch of tables that has ended; its id."""
    answer = client.post("/api/batch-reports", data=data, files=[("files", file) for file in files])
    batch_id = str(answer.json()["batch_id"])
    with client.stream("GET", f"/api/batches/{batch_id}/events", headers={"Accept": "text/event-stream"}) as stream:
        for _ in stream.iter_lines():
            pass
    return batch_id


def test_reports_are_found_compared_kept_longer_and_deleted(visit: Visit, service: Service) -> None:
    with service.server.client() as client:
        first = submit(client, ("march.csv", MARCH), name="Spring")
        submit(client, ("april.csv", APRIL), name="Later")
        client.delete(f"/api/batches/{first}")
    page = visit.page
    page.goto(f"{service.url}/#/reports")
    rows = page.locator("main tbody tr")
    expect(rows.filter(has_text="march.csv")).to_contain_text("gone")
    expect(rows.filter(has_text="april.csv").get_by_role("link", name="Later")).to_be_visible()
    page.get_by_label("Search reports by file name").fill("APRIL")
    expect(rows).to_have_count(1)
    page.get_by_label("Confidence").select_option("low")
    expect(page.get_by_role("heading", name="No report on a file called “APRIL”")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    page.get_by_role("link", name="april.csv").click()
    expect(page.get_by_role("heading", name="april.csv")).to_be_focused()

    beside = page.get_by_role("region", name="Beside an earlier report")
    expect(beside).to_contain_text("The newest earlier report of the same columns is march.csv")
    expect(beside).to_contain_text("10 → 15 rows, +5 (50%).")
    expect(beside.locator("tr", has_text="price")).to_contain_text("10.5 → 45.5")
    expect(beside.locator("tr", has_text="colour")).to_contain_text("0% → 100%")
    with page.expect_popup() as opened:
        beside.get_by_role("link", name="Comparison to print").click()
    expect(opened.value.get_by_role("heading", name="Schema drift")).to_be_visible()

    facts = page.locator("main .facts").first
    before = facts.inner_text()
    page.get_by_role("button", name="Keep or delete").click()
    page.get_by_role("button", name="Keep 365 days from now").click()
    expect(facts).not_to_have_text(before)
    page.get_by_role("button", name="Keep or delete").click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete report").click()
    expect(page.get_by_role("heading", name="Reports")).to_be_visible()
    expect(rows.filter(has_text="march.csv")).to_have_count(1)
    expect(rows.filter(has_text="april.csv")).to_have_count(0)


def test_a_file_is_read_again_as_somebody_decides(visit: Visit, service: Service) -> None:
    with service.server.client() as client:
        batch = submit(client, ("years.csv", YEARS), ("bad.csv", b""), name="Both", header="yes")
    page = visit.page
    page.goto(f"{service.url}/#/batches/{batch}?job=1")
    drawer = page.locator("#drawer")
    drawer.get_by_text("Read again…").click()
    first_row = drawer.get_by_label("First row")
    expect(first_row).to_have_value('"yes"')
    first_row.select_option("no")
    drawer.get_by_role("button", name="Read again").click()
    expect(page.get_by_role("heading", name="years.csv, read again")).to_be_visible()
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    expect(page.locator(".jobs .doing")).to_contain_text("3 rows, 3 columns")

    page.goto(f"{service.url}/#/batches/{batch}")
    expect(page.get_by_role("heading", name="Both")).to_be_visible()
    tables = page.get_by_role("region", name="Tables")
    tables.get_by_text("Files and their reports").click()
    bad = tables.locator(".tables > li", has_text="bad.csv")
    expect(bad).to_contain_text("EMPTY_FILE")
    bad.get_by_text("Read again…").click()
    bad.get_by_role("button", name="Read again").click()
    expect(page).to_have_url(re.compile(f"batches/(?!{batch})"))
    expect(page.get_by_role("heading", name="bad.csv, read again")).to_be_visible()


@pytest.mark.parametrize("device", CONTEXTS)
def test_axe_finds_nothing_on_the_screens_of_reports(browser: Browser, service: Service, device: str) -> None:
    with service.server.client() as client:
        submit(client, ("old.csv", MARCH), ("doubtful.csv", b"day\n01/02/2024\n03/04/2024\n"))
        batch = submit(client, ("new.csv", APRIL), ("doubtful.csv", b"day\n01/02/2024\n03/04/2024\n"), ("bad.csv", b""))
    context = browser.new_context(reduced_motion="reduce", **CONTEXTS[device])
    page = context.new_page()
    sign_in(page, service.server)
    page.goto(f"{service.url}/#/reports")
    expect(page.locator("main tbody tr").first).to_be_visible()
    check_page(page, "reports", device)
    for name in ("new.csv", "doubtful.csv"):
        page.goto(f"{service.url}/?{name}#/reports")
        page.get_by_role("link", name=name).first.click()
        expect(page.get_by_role("region", name="Beside an earlier report")).to_contain_text("of the same columns is")
        page.get_by_text("Read again…").click()
        expect(page.get_by_label("First row")).to_be_visible()
        check_page(page, f"the report on {name}", device)
    page.goto(f"{service.url}/?batch#/batches/{batch}")
    page.get_by_text("Files and their reports").click()
    expect(page.locator(".tables > li")).to_have_count(3)
    check_page(page, "a batch of tables", device)
    context.close()
