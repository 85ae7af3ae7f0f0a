"""What batches are called: the organisation's words, and renaming a batch, in the browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


def test_words_of_the_organisation(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/names")
    page.get_by_label("Words for views").fill("front: F, 1\nback: B, 3\nplain")
    page.get_by_label("Customers", exact=True).fill("ACME\n\n Tika Molo ")
    page.get_by_label("Time zone").fill("Pacific/Auckland")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#toast")).to_contain_text("Saved")
    with service.server.client() as client:
        kept = client.get("/api/session").json()["organisation"]
        assert kept["time_zone"] == "Pacific/Auckland"
        assert kept["naming"] == {
            "views": {"front": ["F", "1"], "back": ["B", "3"], "plain": []},
            "not_views": [],
            "customers": ["ACME", "Tika Molo"],
            "not_customers": [],
        }
    page.reload()
    expect(page.get_by_label("Customers", exact=True)).to_have_value("ACME\nTika Molo")
    with service.server.client() as client:
        client.patch("/api/organisation", json={"naming": None, "time_zone": None})


def test_renaming_a_batch(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.submit("no-op", "Spring", [{}]))
    page.get_by_role("button", name="More").click()
    page.locator("#menu").get_by_text("Rename…").click()
    page.get_by_label("Name", exact=True).fill("Autumn: leaves")
    page.get_by_label("Customer").fill("ACME")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Autumn: leaves")
    expect(page.get_by_text("customer ACME")).to_be_visible()
    expect(page).to_have_title("Autumn: leaves · Tranche")
    with page.expect_download() as saved:
        page.get_by_role("link", name="ZIP").click()
    assert saved.value.suggested_filename == "Autumn_ leaves.zip"
