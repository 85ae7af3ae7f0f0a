"""Lists: many batches at once, and the small screens about keys and workers."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.console.conftest import Service, Visit


def test_many_batches_at_once(visit: Visit, service: Service) -> None:
    """Filters live in the address, ticking reaches past the page, and archiving can be taken back."""
    for number in range(52):
        service.submit("no-op", f"Nightly {number:02}", [{}])
    service.submit("no-op", "Other", [{}], start=False)
    page = visit.page
    page.goto(f"{service.url}/#/batches?sort=name&search=nightly")
    tabs = page.get_by_role("navigation", name="Batches by state")
    expect(tabs).to_contain_text(re.compile(r"All\s*52.*Completed\s*52"))
    expect(page.locator("tr.batch")).to_have_count(50)
    expect(page.locator("tr.batch a.name").first).to_have_text("Nightly 00")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator("tr.batch")).to_have_count(52)
    expect(page.get_by_role("link", name="Nightly 50")).to_be_focused()

    page.reload()
    picks = page.get_by_role("region", name="Selection")
    page.get_by_label("Select all shown").check()
    expect(picks).to_contain_text("50 selected")
    picks.get_by_role("button", name="Select all 52 matching").click()
    expect(picks).to_contain_text("52 selected")
    expect(picks.get_by_role("button", name="Download")).to_have_attribute("title", "At most 20 ZIP files at a time")
    picks.get_by_role("button", name="Archive").click()
    expect(page.locator("#toast")).to_contain_text("52 batches archived")
    expect(page.get_by_role("heading", name="Nothing matches “nightly”")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tr.batch")).to_have_count(50)

    page.get_by_role("button", name="Clear filters").click()
    expect(page).to_have_url(re.compile(r"#/batches$"))
    page.get_by_label("Select Other").check()
    expect(picks.get_by_role("button", name="Archive")).to_have_attribute("title", "Drafts cannot be archived")
    page.get_by_label("Select Nightly 51").check()
    picks.get_by_role("button", name="Delete…").click()
    expect(page.locator("#confirm")).to_contain_text("2 jobs and 1 result, with all files")
    page.get_by_role("button", name="Delete 2").click()
    expect(tabs).to_contain_text(re.compile(r"All\s*51"))
    expect(picks).to_be_hidden()


def test_keys_are_made_shown_once_and_revoked(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/keys")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_label("New key")).to_be_focused()
    page.get_by_label("New key").fill("<b>import</b>")
    page.get_by_label("Expires").select_option(label="in 30 days")
    page.get_by_role("button", name="Create key").click()
    secret = page.locator(".secret").inner_text()
    row = page.get_by_role("row").filter(has_text="<b>import</b>")
    expect(row).to_contain_text("never")
    asked = {"headers": {"Authorization": f"Bearer {secret}", "Cookie": ""}}
    assert page.request.get(f"{service.url}/api/keys", **asked).status == 200
    row.get_by_role("button", name="Revoke <b>import</b>").click()
    page.get_by_role("button", name="Revoke key").click()
    expect(row).to_be_hidden()
    assert page.request.get(f"{service.url}/api/keys", **asked).status == 401


def test_workers_and_disk(visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(f"{service.url}/#/workers")
    expect(page.get_by_role("row").nth(1)).to_contain_text("Alive")
    expect(page.get_by_role("row").nth(1)).to_contain_text("of 256")
    expect(page.locator(".storage")).to_contain_text("free of")
