"""Restaurants: imported with a report line by line, found by filters, ticked and registered together."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.console.conftest import Service, Visit

pytestmark = pytest.mark.timeout(180)
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
