"""Links that open results without a key: made, opened by a stranger, and taken back."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from tests.console.conftest import Service, Visit


def test_link_opens_for_a_stranger_until_it_is_revoked(browser: Browser, visit: Visit, service: Service) -> None:
    page = visit.page
    page.goto(service.submit("no-op", "<i>For everybody</i>", [{}]))
    expect(page.get_by_text("1 of 1 complete")).to_be_visible()
    page.get_by_role("button", name="Share").click()
    share = page.get_by_role("region", name="Share")
    share.get_by_role("button", name="Create link").click()
    link = share.locator("a.mono")
    expect(link).to_be_focused()
    stranger = browser.new_page()
    address = f"{service.url}{link.get_attribute('href')}"
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name="<i>For everybody</i>")).to_be_visible()
    share.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Revoke link").click()
    expect(share.locator("li")).to_have_count(0)
    stranger.reload()
    expect(stranger.get_by_text("This link opens no result")).to_be_visible()
    stranger.close()
