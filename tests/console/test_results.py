"""Results as their pipelines show them."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit
from tests.extractions.test_pipeline import of_one_name

TABLE = b"name,<img src=x onerror=alert(1)>\nMaya,17\nAda,\nBo,x,1\n"


def test_table_is_shown_with_its_columns_and_its_report(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/new?pipeline=data-report")
    page.locator("input[type=file]").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": TABLE})
    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    page.get_by_role("button", name="Start batch").click()
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    page.get_by_role("link", name="people.csv").click()
    drawer = page.locator("#drawer")
    expect(drawer.get_by_text("3 rows, 2 columns")).to_be_visible()
    expect(drawer.get_by_role("cell", name="<img src=x onerror=alert(1)>")).to_be_visible()
    expect(drawer.get_by_text("ragged rows")).to_be_visible()
    with page.expect_popup() as opened:
        drawer.get_by_role("link", name="Full report").click()
    expect(opened.value.get_by_role("heading", name="people.csv")).to_be_visible()


def test_two_people_of_one_name_are_shown_with_club_and_age(visit: Visit, service: Service, tmp_path: Path) -> None:
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist"}
    files = [("files", ("two.pdf", of_one_name(tmp_path), "application/pdf"))]
    with service.server.client() as client:
        batch = client.post("/api/jobs/batch", data=data, files=files).json()["batch_id"]
    page = visit.page
    page.goto(f"{service.url}/#/batches/{batch}")
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    page.get_by_role("link", name="two.pdf").click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("a club or a year of birth tells them apart")
    people = drawer.locator("li", has_text="Lindqvist, Maya")
    expect(people).to_have_text(
        [
            "Lindqvist, Maya Lakeside · age or year 16 · Women 200 Yard Freestyle",
            "Lindqvist, Maya Harbour City · age or year 13 · Women 200 Yard Freestyle",
        ]
    )
