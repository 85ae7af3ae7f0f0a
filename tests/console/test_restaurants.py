"""Restaurants: imported with a report line by line, found by filters, ticked and registered together."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit

TABLE = (
    b"name,type,stage,icp_score,city\nKauri Kitchen,Outbound,hot,9,Auckland\n<b>Pier</b>,Inbound,warm,7,Wellington\n"
)
BROKEN = b"name,icp_score\nHill Street,3\nBad,77\n"


def test_import_find_and_register(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/restaurants")
    expect(page.get_by_role("heading", name="No restaurants yet")).to_be_visible()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": BROKEN})
    report = page.locator(".report")
    expect(report).to_contain_text("1 error, nothing was added")
    expect(report).to_contain_text("line 3")
    visit.problems.clear()  # the refusal is in the browser's own log
    page.get_by_role("button", name="Add the 1 good row").click()
    expect(report).to_contain_text("1 restaurant added")
    chooser.set_input_files({"name": "r.csv", "mimeType": "text/csv", "buffer": TABLE})
    expect(page.locator(".places tbody tr")).to_have_count(3)

    page.get_by_label("Stage").select_option("hot")
    expect(page.locator(".places tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"stage=hot"))
    page.get_by_label("Stage").select_option("")
    page.get_by_label("Select <b>Pier</b>").check()
    page.get_by_label("Select Kauri Kitchen").check()
    picks = page.get_by_role("region", name="Selection")
    expect(picks).to_contain_text("Selected: 2")
    picks.get_by_role("button", name="Start batch registration").click()
    expect(page.locator(".jobs tbody tr")).to_have_count(2)
    expect(page.locator(".jobs")).to_contain_text("<b>Pier</b>")


def test_one_is_added_edited_and_given_a_menu(visit: Visit, service: Service) -> None:
    """By keyboard into the list and out of it; what is wrong with a menu is told line by line."""
    page = visit.page
    page.goto(f"{service.url}/#/restaurants")
    page.get_by_role("link", name="Add restaurant").click()
    expect(page.get_by_role("heading", name="New restaurant")).to_be_focused()
    page.get_by_label("Name", exact=True).fill("A <i>Table</i>")
    page.get_by_label("City").fill("Napier")
    page.get_by_label("ICP score").fill("11")
    page.get_by_role("button", name="Add restaurant").click()
    expect(page.locator("#restaurant-icp_score-error")).to_contain_text("less than or equal to 10")
    expect(page.get_by_label("ICP score")).to_be_focused()
    visit.problems.clear()  # the refusal is in the browser's own log
    page.get_by_label("ICP score").fill("8")
    page.get_by_label("Email").fill("ana@table.example")
    page.get_by_label("Other details").fill('{"website": "https://table.example"}')
    page.get_by_role("button", name="Add restaurant").click()
    expect(page.get_by_role("heading", name="A <i>Table</i>")).to_be_focused()
    expect(page.locator(".facts-list").first).to_contain_text("ana@table.example")

    chooser, report = page.locator("main input[type=file]"), page.locator(".report")
    menu = {"name": "menu.csv", "mimeType": "text/csv"}
    head = b"categoryName,dishName,dishPrice\n"
    chooser.set_input_files({**menu, "buffer": head + b"Mains,Pie,12.50\nMains,Fish,dear\n"})
    expect(report).to_contain_text("1 error, the file was not kept")
    expect(report).to_contain_text("line 3")
    visit.problems.clear()  # the refusal is in the browser's own log
    page.get_by_role("button", name="Keep the 1 good row").click()
    expect(report).to_contain_text("menu.csv: the good rows were kept, 1 error")
    expect(page.get_by_role("link", name="1 dish in 1 category, 0 images")).to_be_visible()
    chooser.set_input_files({**menu, "buffer": head + b"Mains,Pie,12.50\nMains,Fish,14\n"})
    expect(page.get_by_role("link", name="2 dishes in 1 category, 0 images")).to_be_visible()

    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Email")).to_have_value("ana@table.example")
    page.get_by_label("Email").fill("")
    page.get_by_label("Stage").fill("hot")
    page.get_by_role("button", name="Save restaurant").click()
    expect(page.locator(".facts").first).to_contain_text("Stage hot")
    expect(page.get_by_text("ana@table.example")).to_be_hidden()
    expect(page.locator(".facts-list").first).to_contain_text("https://table.example")

    page.goto(f"{service.url}/#/restaurants?city=Napier")
    expect(page.get_by_role("link", name="A <i>Table</i>")).to_be_visible()
    for key in ("j", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("region", name="Selection")).to_contain_text("Selected: 1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="A <i>Table</i>")).to_be_focused()
    page.get_by_role("button", name="Register").click()
    expect(page.locator(".jobs tbody tr")).to_have_count(1)
    with service.server.client() as client:
        one = client.get("/api/restaurants", params={"city": "Napier"}).json()["restaurants"][0]
    page.goto(f"{service.url}/#/restaurants/{one['id']}")
    expect(page.get_by_role("link", name=one["last_batch_name"])).to_be_visible()
